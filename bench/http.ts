import { randomBytes } from 'node:crypto'
import autocannon from 'autocannon'
import { addDays } from '../src/calendar.ts'
import type { Sql } from '../src/db/client.ts'
import { createAccessTokens } from '../src/http/access-token.ts'
import { apiKeyPrefix, hashApiKey } from '../src/http/authenticate.ts'
import { createKeyring } from '../src/keyring.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { startServe } from './http-server.ts'
import { lastDay, type Population } from './population.ts'
import { parentOf, processorTime, serverTime } from './process-usage.ts'
import { type AreaReport, count, type Figure, milliseconds, ratio } from './report.ts'
import { rawBalances, type SeriesQuery, valueBalances } from './series-baselines.ts'

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

/** What a developer would ask the database for, without aggregates. */
const series = {
  'net worth, 5 years monthly': { from: '2021-01-01', to: lastDay, interval: 'month', currency: 'EUR' },
  'net worth, 1 year daily': { from: '2024-12-18', to: lastDay, interval: 'day', currency: 'EUR' },
} as const

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
  const figures: Figure[] = []
  let nothing = 0
  const measure = async (name: string, run: () => Promise<autocannon.Result>) => {
    const { result, usage } = await withUsage(run, server.pid, postgres)
    if (result.non2xx > 0 || result.errors > 0)
      throw new Error(`${name}: ${result.non2xx} refused, ${result.errors} failed`)
    const { requests, latency } = result
    rows.push([
      name,
      count(requests.average),
      milliseconds(latency.p50),
      milliseconds(latency.p99),
      nothing > 0 ? ratio(requests.average / nothing) : ratio(1),
      ...usage.map((share) => `${(share * 100).toFixed(0)}%`),
    ])
    return result
  }
  const healthy = [{ path: () => '/healthz', token: tokens[0]! }]
  await fire(server.url, healthy)
  nothing = (await measure('an answer that reads nothing', () => fire(server.url, healthy))).requests.average
  await measure(`the same at ${atRate} a second`, () => fire(server.url, healthy, atRate))
  for (const [name, path] of Object.entries(reads)) {
    const requests = tokens.map((token) => ({ path: () => path, token }))
    const run = (rate?: number) => fire(server.url, requests, rate)
    await run()
    const kept = await measure(`${name}, kept`, run)
    const steady = await measure(`the same at ${atRate} a second`, () => run(atRate))
    figures.push(
      { name: `HTTP: ${name}, kept`, value: kept.requests.average, unit: 'a second' },
      { name: `HTTP: ${name}, p99 at ${atRate} a second`, value: steady.latency.p99, unit: 'ms' },
    )
  }
  for (const [name, question] of Object.entries(anew)) {
    let asked = 0
    const requests = tokens.map((token) => ({ path: () => question(asked++), token }))
    const made = await measure(`${name}, made anew`, () => fire(server.url, requests))
    figures.push({ name: `HTTP: ${name}, made anew`, value: made.requests.average, unit: 'a second' })
  }
  await server.stop()
  for (const [name, query] of Object.entries(series)) {
    const perSecond = await statementsPerSecond(population, query)
    rows.push([`${name}, GROUP BY over the raw rows`, count(perSecond), '', '', ratio(perSecond / nothing)])
  }
  return {
    title: `HTTP, ${count(population.rows)} rows stored`,
    about: [
      `measured  autocannon, ${connections} connections, ${secondsEach} s each after a run as long that is not counted; ${measured.length} users of 12`,
      '          accounts in turn, with access tokens and API keys by turns, which each request looks up anew; client, server and',
      '          database on the same processors. kept: the same answers again and again, nothing being written; made anew:',
      '          ever other questions. Processor: of the time, where 100% is one processor. GROUP BY: statements on 4',
      '          connections, without HTTP, the same numbers as the answers that are made anew',
    ],
    head: ['', 'answers/s', 'median', 'p99', 'of nothing’s', 'server', 'database', 'of both, database'],
    rows,
    figures,
  }
}

async function statementsPerSecond(
  { db, measured }: Population,
  query: Omit<SeriesQuery, 'userId'>,
): Promise<number> {
  let done = 0
  const begin = performance.now()
  const end = begin + secondsEach * 1000
  const work = async (sql: Sql) => {
    while (performance.now() < end) {
      const own = { ...query, userId: measured[done % measured.length]!.userId }
      await valueBalances(sql, rawBalances(sql, own), own)
      done++
    }
  }
  await Promise.all([1, 2, 3, 4].map(() => work(db.connection())))
  return (done / (performance.now() - begin)) * 1000
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

/** Beside what a run gives, of the time it took: what the server used of a processor, what the database, and its share of both. */
async function withUsage<Result>(
  run: () => Promise<Result>,
  pid: number,
  postgres: number,
): Promise<{ result: Result; usage: number[] }> {
  const before = [await processorTime(pid), await serverTime(postgres)]
  const begin = performance.now()
  const result = await run()
  const taken = performance.now() - begin
  const server = (await processorTime(pid)) - before[0]!
  const database = (await serverTime(postgres)) - before[1]!
  return { result, usage: [server / taken, database / taken, database / (server + database)] }
}
