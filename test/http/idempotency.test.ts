import { beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson, now } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

const callers = 20
const rounds = propertyRuns(100, 500, 'TIDEMARK_RACE_ROUNDS')

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

async function personWithAccount() {
  const { user } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const { body } = await http.json('POST', '/v1/accounts', { token, body: { name: 'Cash', kind: 'cash' } })
  return { user, token, accountId: body.id as string }
}

async function enter(token: string, key: string | undefined, body: object) {
  const response = await http.ask('POST', '/v1/transactions', {
    token,
    body,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })
  const text = await response.text()
  return { status: response.status, text, type: response.status === 201 ? undefined : JSON.parse(text).type }
}

const problem = (name: string) => `urn:tidemark:problem:${name}`

async function descriptionsOf(userId: string): Promise<Map<string, number>> {
  const rows = await db.sql<{ description: string; count: number }[]>`
    SELECT description, count(*)::int AS count FROM transaction WHERE user_id = ${userId} GROUP BY description`
  return new Map(rows.map(({ description, count }) => [description, count]))
}

test(`of ${callers} callers with one key, one has an effect, and all who are answered the same answer (${rounds} rounds)`, async () => {
  const { user, accountId } = await personWithAccount()
  const tokens = await Promise.all(Array.from({ length: callers }, () => http.tokenFor(user.id)))
  let inFlight = 0
  for (let round = 0; round < rounds; round++) {
    const body = { accountId, amount: '1', description: `round ${round}` }
    const answers = await Promise.all(tokens.map((token) => enter(token, `round-${round}`, body)))
    const given = answers.filter(({ status }) => status === 201)
    const waiting = answers.filter(
      ({ status, type }) => status === 409 && type === problem('request-in-flight'),
    )
    expect(given.length + waiting.length).toBe(callers)
    expect(new Set(given.map(({ text }) => text)).size).toBe(1)
    inFlight += waiting.length
    const repeat = await enter(tokens[round % callers]!, `round-${round}`, body)
    expect([repeat.status, repeat.text]).toEqual([201, given[0]!.text])
  }
  // They did run into each other.
  expect(inFlight).toBeGreaterThan(0)
  const found = await descriptionsOf(user.id)
  expect([...found.values()]).toEqual(Array(rounds).fill(1))
}, 600_000)

test('a key is good for one request', async () => {
  const { user, token, accountId } = await personWithAccount()
  const body = { accountId, amount: '1', description: 'first' }
  const first = await enter(token, 'once', body)
  expect(first.status).toBe(201)
  const other = await enter(token, 'once', { ...body, description: 'second' })
  expect([other.status, other.type]).toEqual([422, problem('idempotency-key-reused')])
  const missing = await enter(token, undefined, body)
  expect([missing.status, missing.type]).toEqual([400, problem('idempotency-key-missing')])
  expect(await enter(token, 'once', body)).toEqual(first)
  expect(await descriptionsOf(user.id)).toEqual(new Map([['first', 1]]))
  // Another user's keys are their own.
  const stranger = await personWithAccount()
  const theirs = await enter(stranger.token, 'once', { ...body, accountId: stranger.accountId })
  expect(theirs.status).toBe(201)
})

test('a request that was refused lets its key go', async () => {
  const { token, accountId } = await personWithAccount()
  const refused = await enter(token, 'again', { accountId: '987654321', amount: '1' })
  expect(refused.status).toBe(404)
  expect((await enter(token, 'again', { accountId, amount: '1' })).status).toBe(201)
})

/** Connections of the application, and one that ends them. */
async function killable() {
  const sql = connect(db.url, { max: 4, applicationName: 'killable' })
  const other = connect(db.url, { max: 1 })
  // What is tried again behind an answer never comes to it: as if the server had died.
  const app = await startApp({ ...db, sql }, { sleep: () => new Promise(() => {}) })
  const kill = async (what = '') =>
    other`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'killable' AND datname = current_database() AND query LIKE ${`%${what}%`}
        -- postgres.js 3.4.9 leaves a rejection unhandled where a connection ends while it looks up types.
        AND query <> '' AND query NOT LIKE '%typarray%'`
  return { app, other, kill, close: () => Promise.all([sql.end({ timeout: 0 }), other.end({ timeout: 0 })]) }
}

async function stateOf(userId: string, key: string) {
  const [kept] = await db.sql`
    SELECT locked_until IS NULL AS answered FROM idempotency_key WHERE owner = ${`user ${userId}`} AND key = ${key}`
  return { answered: kept?.answered === true, rows: (await descriptionsOf(userId)).get(key) ?? 0 }
}

/** Holds what a statement locks, on a connection of its own, until it is let go. */
async function hold(statement: string) {
  const sql = connect(db.url, { max: 1 })
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const pid = await new Promise<string>((resolve) => {
    void sql.begin(async (tx) => {
      await tx.unsafe(statement)
      const [row] = await tx<{ pid: string }[]>`SELECT pg_backend_pid()::text AS pid`
      resolve(row!.pid)
      await released
    })
  })
  return {
    release,
    /** The backends that wait for it; asks until there is one. */
    async waiting(): Promise<string[]> {
      for (;;) {
        const rows = await db.sql<{ pid: string }[]>`
          SELECT pid::text FROM pg_stat_activity
          WHERE application_name = 'killable' AND ${pid}::int = ANY (pg_blocking_pids(pid))`
        if (rows.length > 0) return rows.map((row) => row.pid)
      }
    },
    end: () => sql.end({ timeout: 0 }),
  }
}

test('a backend that is killed before the answer is kept leaves neither the transaction nor the answer', async () => {
  const { user, token, accountId } = await personWithAccount()
  const { app, other, close } = await killable()
  const ask = () =>
    app.ask('POST', '/v1/transactions', {
      token,
      body: { accountId, amount: '1', description: 'held' },
      headers: { 'idempotency-key': 'held' },
    })
  // First the transaction is held before it is whole, so that the key can be held behind it.
  const effect = await hold('LOCK TABLE user_version IN EXCLUSIVE MODE')
  const asked = ask()
  await effect.waiting()
  const key = await hold("SELECT 1 FROM idempotency_key WHERE key = 'held' FOR UPDATE")
  try {
    effect.release()
    for (const pid of await key.waiting()) await other`SELECT pg_terminate_backend(${pid}::int)`
    key.release()
    expect((await asked).status).toBe(503)
    expect(await stateOf(user.id, 'held')).toEqual({ answered: false, rows: 0 })
    const again = await ask()
    expect(again.status).toBe(201)
    expect(await stateOf(user.id, 'held')).toEqual({ answered: true, rows: 1 })
  } finally {
    await Promise.all([effect.end(), key.end(), close()])
  }
})

test('whenever backends are killed, the key and the effect are there both or neither, and a repeat converges', async () => {
  const { user, accountId } = await personWithAccount()
  let broken = 0
  try {
    for (let round = 0; round < 40; round++) {
      const key = `killed-${round}`
      const ask = async (through: TestApp) => {
        const response = await through.ask('POST', '/v1/transactions', {
          token: await http.tokenFor(user.id),
          body: { accountId, amount: '1', description: key },
          headers: { 'idempotency-key': key },
        })
        return { status: response.status, text: await response.text() }
      }
      const { app, kill, close } = await killable()
      app.time.now = http.time.now
      const asked = Promise.all([ask(app), ask(app), ask(app)])
      // A little later in each round, so that every step is met.
      for (let turn = 0; turn < round; turn++) await db.sql`SELECT 1`
      await kill()
      broken += (await asked).filter(({ status }) => status === 503).length
      await close()
      const { answered, rows } = await stateOf(user.id, key)
      expect(rows).toBe(answered ? 1 : 0)
      let last = await ask(http)
      if (last.status === 409) {
        // Nobody could let the key go, as if its server had died with it: it is free again after a while.
        expect(answered).toBe(false)
        http.time.now = new Date(http.time.now.getTime() + 180_000)
        last = await ask(http)
      }
      expect(last.status).toBe(201)
      expect(await ask(http)).toEqual(last)
      expect(await stateOf(user.id, key)).toEqual({ answered: true, rows: 1 })
    }
    // Some were met.
    expect(broken).toBeGreaterThan(0)
  } finally {
    http.time.now = now
  }
})

test('a key whose request met a database that was away is free as soon as that is there again', async () => {
  const { user, accountId } = await personWithAccount()
  let away = true
  /** From the claim on, nothing is answered any more. */
  const sql = new Proxy(db.sql, {
    apply(target, self, args: [TemplateStringsArray]) {
      const text = args[0].raw?.join('') ?? ''
      if (!away || !/JOIN account a|DELETE FROM idempotency_key/.test(text))
        return Reflect.apply(target, self, args)
      return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    },
  })
  let slept = 0
  const through = await startApp(
    { ...db, sql },
    {
      async sleep() {
        if (++slept === 3) away = false
      },
    },
  )
  const token = await through.tokenFor(user.id)
  const ask = () =>
    through.json('POST', '/v1/transactions', {
      token,
      body: { accountId, amount: '1', description: 'away' },
      headers: { 'idempotency-key': 'away' },
    })
  const refused = await ask()
  expect([refused.status, refused.body.type]).toEqual([503, problem('database-unavailable')])
  // The key is let go behind the answer.
  for (;;) {
    const { status, body } = await ask()
    if (status === 201) break
    expect(body.type).toBe(problem('request-in-flight'))
  }
  expect(slept).toBe(3)
  expect(await descriptionsOf(user.id)).toEqual(new Map([['away', 1]]))
})
