import { randomBytes } from 'node:crypto'
import autocannon from 'autocannon'
import { addDays } from '../src/calendar.ts'
import { createAccessTokens } from '../src/http/access-token.ts'
import { apiKeyPrefix, hashApiKey } from '../src/http/authenticate.ts'
import { createKeyring } from '../src/keyring.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { startServe } from './http-server.ts'
import { lastDay, type Population } from './population.ts'
import { parentOf, processorTime, serverTime } from './process-usage.ts'
import { type AreaReport, count, milliseconds } from './report.ts'

const connections = 64
const secondsEach = 8
/** Answers a second that are asked for in a steady stream, to see how long each takes then. */
const atRate = 1500

/** Paths by name; `{n}` becomes a number of its own in every request, so that no answer is kept already. */
const reads = {
  'net worth, 5 years monthly': `/v1/net-worth?from=2021-01-01&to=${lastDay}&interval=month`,
  'net worth, 1 year daily': `/v1/net-worth?from=2024-12-18&to=${lastDay}&interval=day`,
  feed: '/v1/feed',
  balance: `/v1/balance?at=${lastDay}`,
  'transactions, newest 50': `/v1/transactions?to=${lastDay}`,
}
/** Questions that nobody has asked before: the n-th one, from 0. */
const anew: Record<string, (n: number) => string> = {
  'net worth, 5 years monthly': (n) =>
    `/v1/net-worth?from=2021-01-${twoDigits((n % 28) + 1)}&to=${daysBefore(Math.floor(n / 28) % 90)}&interval=month&currency=${currencyOf(n, 2520)}`,
  'net worth, 1 year daily': (n) =>
    `/v1/net-worth?from=2024-12-${twoDigits((n % 28) + 1)}&to=${daysBefore(Math.floor(n / 28) % 90)}&interval=day&currency=${currencyOf(n, 2520)}`,
  balance: (n) => `/v1/balance?at=${daysBefore(n % 3600)}&currency=${currencyOf(n, 3600)}`,
  'transactions, newest 50': (n) =>
    `/v1/transactions?from=20${twoDigits(16 + (Math.floor(n / 3000) % 4))}-01-01&to=${daysBefore(n % 2000)}&min=-${n}`,
}
const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'SEK', 'NOK', 'DKK', 'PLN', 'AUD']

function currencyOf(n: number, each: number): string {
  return currencies[Math.floor(n / each) % currencies.length]!
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function daysBefore(days: number): string {
  return addDays(lastDay, -days)
}

/** Answers a second of the whole: the client, the server and the database share the machine's processors. */
export async function benchHttp(population: Population, shutdown: Shutdown): Promise<AreaReport> {
  const { db, measured } = population
  const key = randomBytes(32).toString('base64')
  const server = await startServe(
    { DATABASE_URL: db.url, TIDEMARK_KEY: key, TIDEMARK_REQUESTS_PER_MINUTE: '100000000' },
    shutdown,
  )
  const [postmaster] = await db.sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const postgres = await parentOf(postmaster!.pid)
  // By turns an access token and an API key.
  const tokens = await Promise.all(
    measured.map(({ userId }, n) => (n % 2 === 0 ? logIn(db.sql, key, userId) : makeKey(db.sql, userId))),
  )
  const rows: string[][] = []
  for (const [name, path] of Object.entries(reads)) {
    const requests = tokens.map((token) => ({ path: () => path, token }))
    const run = (rate?: number) => fire(server.url, requests, rate)
    await run()
    rows.push(await line(`${name}, kept`, run, server.pid, postgres))
    rows.push(await line(`the same at ${atRate} a second`, () => run(atRate), server.pid, postgres))
  }
  for (const [name, question] of Object.entries(anew)) {
    let asked = 0
    const requests = tokens.map((token) => ({ path: () => question(asked++), token }))
    rows.push(await line(`${name}, made anew`, () => fire(server.url, requests), server.pid, postgres))
  }
  await server.stop()
  return {
    title: `HTTP, ${count(population.rows)} rows stored`,
    about: [
      `measured  autocannon, ${connections} connections, ${secondsEach} s each after a run as long that is not counted; ${measured.length} users of 12`,
      '          accounts in turn, with access tokens and API keys by turns, which each request looks up anew; client, server and',
      '          database on the same processors. kept: the same answers again and again, nothing being written; made anew:',
      '          ever other questions. Processor: of the time, where 100% is one processor.',
    ],
    head: ['', 'answers/s', 'median', 'p99', 'server', 'database', 'of both, database'],
    rows,
  }
}

async function makeKey(sql: Population['db']['sql'], userId: string): Promise<string> {
  const made = `${apiKeyPrefix}${randomBytes(32).toString('base64url')}`
  await sql`
    INSERT INTO api_key (user_id, name, hash, hint, scopes, created_at)
    VALUES (${userId}, 'bench', ${hashApiKey(made)}, 'bench', '{read}', now())`
  return made
}

async function logIn(sql: Population['db']['sql'], key: string, userId: string): Promise<string> {
  const sessionId = crypto.randomUUID()
  await sql`INSERT INTO session (id, user_id, created_at, expires_at) VALUES (${sessionId}, ${userId}, now(), now() + INTERVAL '1 day')`
  const keyring = createKeyring({ key, oldKeys: [] })
  return createAccessTokens({ keyring, clock: () => new Date() }).issue({ userId, sessionId })
}

function fire(
  url: string,
  requests: { path: () => string; token: string }[],
  overallRate?: number,
): Promise<autocannon.Result> {
  return autocannon({
    url,
    connections,
    duration: secondsEach,
    ...(overallRate !== undefined && { overallRate }),
    requests: requests.map(({ path, token }) => ({
      method: 'GET' as const,
      setupRequest: (request: autocannon.Request) => ({
        ...request,
        path: path(),
        headers: { authorization: `Bearer ${token}` },
      }),
    })),
  })
}

async function line(
  name: string,
  run: () => Promise<autocannon.Result>,
  pid: number,
  postgres: number,
): Promise<string[]> {
  const before = [await processorTime(pid), await serverTime(postgres)]
  const begin = performance.now()
  const result = await run()
  const taken = performance.now() - begin
  const [server, database] = [
    (await processorTime(pid)) - before[0]!,
    (await serverTime(postgres)) - before[1]!,
  ]
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`)
  const share = (value: number) => `${((value / taken) * 100).toFixed(0)}%`
  return [
    name,
    count(result.requests.average),
    milliseconds(result.latency.p50),
    milliseconds(result.latency.p99),
    share(server),
    share(database),
    `${((database / (server + database)) * 100).toFixed(0)}%`,
  ]
}
