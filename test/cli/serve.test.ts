import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { ApiProblem } from '../../src/client/problem.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { commandLine, csv, makeFolder } from './command.ts'

const folder = makeFolder()
const key = Buffer.alloc(32, 9).toString('base64')
let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

/** `tidemark serve` as a process of its own, over a real port. */
async function startServe(environment: Record<string, string> = {}) {
  const { start } = commandLine(db, folder, { TIDEMARK_KEY: key, PORT: '0', ...environment })
  const { process, ended } = start(['serve', '--no-scheduler'])
  for (;;) {
    const [line] = (await Promise.race([
      once(process.stdout!, 'data'),
      ended.then((outcome) => [outcome.stderr]),
    ])) as [string]
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url) return { url, process, ended }
    if (process.exitCode !== null) throw new Error(line)
  }
}

let people = 0

/** Somebody who signed up and logged in. */
async function signUp(baseUrl: string): Promise<{ client: Client; email: string; token: string }> {
  const email = `served${people++}@example.org`
  const password = 'correct horse battery staple'
  const stranger = createClient({ baseUrl })
  await stranger.createUser({ body: { email, password, timeZone: 'Europe/Berlin', baseCurrency: 'EUR' } })
  const { accessToken } = await stranger.createTokens({ body: { email, password } })
  return { client: createClient({ baseUrl, token: () => accessToken }), email, token: accessToken }
}

test('needs a key where the database is not its own', async () => {
  const { run } = commandLine(db, folder, { PORT: '0' })
  const outcome = await run('serve', '--no-scheduler')
  expect(outcome.code).toBe(2)
  expect(outcome.stderr).toContain('TIDEMARK_KEY is not set')
})

test('gives the numbers of the command line', async () => {
  const { url, process, ended } = await startServe()
  const { client, email } = await signUp(url)
  const { run, file } = commandLine(db, folder)
  const rows = Array.from({ length: 200 }, (_, n) => {
    const date = `2024-0${1 + (n % 6)}-${String(1 + (n % 28)).padStart(2, '0')}`
    return `Account ${n % 3},${date},${(n * 7919) % 1000}.${n % 100},${['EUR', 'USD', 'GBP'][n % 3]}`
  })
  await run('import', await file('rows.csv', csv('account,date,amount,asset', ...rows)), '--user', email)
  await run(
    'import-prices',
    await file(
      'prices.csv',
      csv('asset,currency,date,price', 'EUR,USD,2024-01-01,1.0953', 'EUR,GBP,2024-01-01,0.86'),
    ),
  )
  for (const interval of ['day', 'week', 'month', 'quarter', 'year'] as const) {
    for (const by of [undefined, 'account', 'kind', 'asset', 'source'] as const) {
      const words = [
        '--from',
        '2024-01-01',
        '--to',
        '2024-06-14',
        '--interval',
        interval,
        ...(by ? ['--by', by] : []),
      ]
      const told = await run('net-worth', '--user', email, ...words, '--format', 'json')
      const answered = await client.getNetWorth({
        query: { from: '2024-01-01', to: '2024-06-14', interval, ...(by && { by }) },
      })
      expect(answered).toEqual(JSON.parse(told.stdout))
    }
  }
  const told = JSON.parse(
    (await run('balance', '--user', email, '--at', '2024-06-14', '--format', 'json')).stdout,
  )
  for (const account of told) {
    const { balances } = await client.getBalance({
      query: { accountId: account.accountId, at: '2024-06-14' },
    })
    expect(balances).toEqual(
      account.balances.map(({ asset, quantity, value, currency }: Record<string, string>) => ({
        asset,
        quantity,
        value,
        currency,
      })),
    )
  }
  process.kill()
  await ended
})

test('a port that is taken is told as such', async () => {
  const { url, process, ended } = await startServe()
  const { run } = commandLine(db, folder, { TIDEMARK_KEY: key, PORT: new URL(url).port })
  const { code, stderr } = await run('serve', '--no-scheduler')
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('(EADDRINUSE): set PORT or HOST to what is free'),
  ])
  process.kill()
  await ended
})

test('serves the dashboard, as its sources are now', async () => {
  const { url, process, ended } = await startServe()
  const page = await fetch(url)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
  const html = await page.text()
  const [, script] = /<script type="module" [^>]*src="(\/assets\/[^"]+)"/.exec(html)!
  const [, style] = /<link rel="stylesheet" [^>]*href="(\/assets\/[^"]+)"/.exec(html)!
  for (const path of [script, style, '/theme.js', '/favicon.svg']) {
    const file = await fetch(url + path)
    expect([path, file.status]).toEqual([path, 200])
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100)
  }
  process.kill()
  expect((await ended).code).toBe(0)
})

test('asked to stop under load, it finishes what it has begun, and tells the truth of it', async () => {
  const { url, process, ended } = await startServe()
  const { client } = await signUp(url)
  const account = await client.createAccount({ body: { name: 'Cash', kind: 'cash' } })
  const told: string[] = []
  const faults: unknown[] = []
  const load = Array.from({ length: 16 }, async (_, lane) => {
    for (let n = 0; ; n++) {
      try {
        const body = { accountId: account.id, date: '2024-06-01', amount: '1', description: `${lane} ${n}` }
        const { id } = await client.createTransaction({
          body,
          idempotencyKey: `stop ${lane} ${n}`.replaceAll(' ', '-'),
        })
        told.push(id)
        if (told.length === 200) process.kill('SIGTERM')
      } catch (error) {
        faults.push(error)
        return
      }
    }
  })
  await Promise.all(load)
  await ended
  // Nobody is told of a fault but that there is no server any more.
  expect(faults.filter((fault) => fault instanceof ApiProblem)).toEqual([])
  const stored = await db.sql`SELECT id FROM transaction WHERE account_id = ${account.id}`
  expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(told))
  expect(told.length).toBeGreaterThanOrEqual(200)
})

test('what is no HTTP, and too much of a header, is answered as a problem', async () => {
  const { url, process, ended } = await startServe()
  const { hostname, port } = new URL(url)
  const send = async (text: string) => {
    const socket = connectSocket(Number(port), hostname)
    socket.setEncoding('utf8')
    socket.write(text)
    let answer = ''
    for await (const piece of socket) answer += piece
    return answer
  }
  for (const [text, status] of [
    ['NONSENSE\r\n\r\n', 400],
    [`GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ] as const) {
    const answer = await send(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain('content-type: application/problem+json')
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!).status).toBe(status)
  }
  process.kill()
  await ended
})

test('metrics are for this machine, and for services elsewhere', async () => {
  const { url, process, ended } = await startServe()
  const { token } = await signUp(url)
  const { run } = commandLine(db, folder, { TIDEMARK_KEY: key })
  const made = await run('api-key', 'add', '--service', '--name', 'prometheus')
  const service = /tmk_\S+/.exec(made.stdout)![0]
  const ask = (headers: Record<string, string>) => fetch(`${url}/metrics`, { headers })
  const open = await ask({})
  const text = await open.text()
  expect(open.status).toBe(200)
  for (const name of [
    'tidemark_http_request_duration_seconds_bucket',
    'tidemark_transaction_partitions',
    'tidemark_rollup_dirty_users',
    'tidemark_database_up 1',
    'process_resident_memory_bytes',
  ])
    expect(text).toContain(name)
  expect(text).toContain('route="/v1/users"')
  expect((await ask({ 'x-forwarded-for': '203.0.113.7' })).status).toBe(401)
  expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(403)
  expect((await ask({ 'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${service}` })).status).toBe(
    200,
  )
  process.kill()
  await ended
})

test('connections that break are told as such, and the process goes on', async () => {
  const { url, process, ended } = await startServe()
  const { client } = await signUp(url)
  const statuses = new Set<number>()
  let killing = true
  const load = Array.from({ length: 8 }, async () => {
    while (killing) {
      const fault = await client.getFeed().then(
        () => undefined,
        (error: unknown) => error,
      )
      if (fault === undefined) statuses.add(200)
      else if (fault instanceof ApiProblem) statuses.add(fault.status)
      else throw fault
    }
  })
  for (let round = 0; round < 10; round++) {
    await db.sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'tidemark-http' AND datname = current_database()`
    // As long as it takes until somebody is answered again.
    statuses.delete(200)
    while (!statuses.has(200)) await new Promise((turn) => setImmediate(turn))
  }
  killing = false
  await Promise.all(load)
  expect(process.exitCode).toBeNull()
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
  expect((await client.getReadiness()).status).toBe('ready')
  process.kill()
  await ended
})
