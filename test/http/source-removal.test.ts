import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { claimSource } from '../../src/db/claims.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addSource } from '../../src/db/sources.ts'
import { finishSync, isLeaseLost } from '../../src/db/sync-pages.ts'
import { apiKey } from '../setup/api-key.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

const sample = { id: 'sample', title: 'Sample' }

function connect(userId: string | null, name: string): Promise<string> {
  const source = { connector: sample, userId, name, config: {}, credentials: { token: 'x' } }
  return addSource(db.sql, http.parts.keyring, source, now)
}

async function worthOf(token: string) {
  const { body } = await http.json('GET', '/v1/net-worth?from=2023-01-01&interval=month&by=source', { token })
  return body
}

/** Everything that a source could leave behind. */
async function traces(sourceId: string): Promise<Record<string, number>> {
  const [found] = await db.sql`
    SELECT
      (SELECT count(*)::int FROM user_source WHERE id = ${sourceId}) AS sources,
      (SELECT count(*)::int FROM account WHERE source_id = ${sourceId}) AS accounts,
      (SELECT count(*)::int FROM sync_run WHERE source_id = ${sourceId}) AS runs,
      (SELECT count(*)::int FROM dead_letter WHERE source_id = ${sourceId}) AS letters,
      (SELECT count(*)::int FROM platform_user WHERE source_id = ${sourceId}) AS users`
  return { ...found }
}
const nothing = { sources: 0, accounts: 0, runs: 0, letters: 0, users: 0 }

async function writeRunAndLetter(sourceId: string): Promise<void> {
  await db.sql`INSERT INTO sync_run (source_id, started_at, subject) VALUES (${sourceId}, ${now.toISOString()}, 'x')`
  await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${sourceId}, 'fetch', '{}', gen_random_uuid(), 'bug', 'x', 1, ${now.toISOString()}, ${now.toISOString()})`
}

const rows = fc.array(
  fc.record({
    account: fc.constantFrom('A', 'B'),
    day: fc.integer({ min: 1, max: 500 }),
    cents: fc.integer({ min: -100_000, max: 100_000 }),
    asset: fc.constantFrom('EUR', 'USD'),
    status: fc.constantFrom('posted' as const, 'pending' as const),
  }),
  { minLength: 1, maxLength: 30 },
)

const upserts = (
  given: { account: string; day: number; cents: number; asset: string; status: 'posted' | 'pending' }[],
) =>
  given.map(({ account, day, cents, asset, status }, index) => {
    const on = new Date(now.getTime() - day * 86_400_000).toISOString().slice(0, 10)
    return row(`${index}`, on, (cents / 100).toFixed(2), { account, asset, status })
  })

test('with its history, it is as if it had never been', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      rows,
      fc.constantFrom('fresh', 'refreshed', 'compressed'),
      fc.constantFrom('fresh', 'refreshed'),
      async (kept, removed, before, after) => {
        const { user, sourceId: keeping } = await newPerson(db)
        const { user: other, sourceId: elsewhere } = await newPerson(db)
        const token = await http.tokenFor(user.id)
        await ingest(db, keeping, upserts(kept))
        await ingest(db, elsewhere, upserts(removed))
        const never = await worthOf(token)
        const others = await worthOf(await http.tokenFor(other.id))

        const id = await connect(user.id, 'gone')
        await ingest(db, id, upserts(removed), [
          { account: 'A', asset: 'EUR', day: '2024-06-01', edge: 'close', amount: '1234.5' },
        ])
        await writeRunAndLetter(id)
        if (before !== 'fresh') await refreshRollups(db.sql, db.engine)
        if (before === 'compressed') await compressEverything(db)
        expect(await worthOf(token)).not.toEqual(never)

        expect((await http.ask('DELETE', `/v1/sources/${id}?history=remove`, { token })).status).toBe(204)
        expect(await traces(id)).toEqual(nothing)
        expect(await worthOf(token)).toEqual(never)
        if (after === 'refreshed') {
          await refreshRollups(db.sql, db.engine)
          // Not the answer that was kept: nothing that it is made of has changed since.
          const anew = await startApp(db)
          const { body } = await anew.json('GET', '/v1/net-worth?from=2023-01-01&interval=month&by=source', {
            token: await anew.tokenFor(user.id),
          })
          expect(body).toEqual(never)
        }
        expect(await worthOf(await http.tokenFor(other.id))).toEqual(others)
        const [left] = await db.sql`
          SELECT (SELECT count(*) FROM transaction t WHERE t.user_id = ${user.id}
            AND NOT EXISTS (SELECT 1 FROM account a WHERE a.user_id = t.user_id AND a.id = t.account_id)) AS rows,
            (SELECT count(*) FROM transaction_ref r WHERE r.user_id = ${user.id} AND r.booked_on IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM transaction t WHERE t.user_id = r.user_id AND t.id = r.id)) AS refs`
        expect(left).toMatchObject({ rows: '0', refs: '0' })
      },
    ),
    { numRuns: 25 },
  )
})

test('without it, what it brought stays, under another name; its credentials go', async () => {
  const { user } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const id = await connect(user.id, 'bank')
  await ingest(db, id, [row('1', '2024-06-03', '10')])
  await writeRunAndLetter(id)
  const before = await worthOf(token)
  expect(before.groups.map(({ name }: { name: string }) => name)).toEqual(['bank'])
  expect((await http.ask('DELETE', `/v1/sources/${id}`, { token })).status).toBe(204)
  const after = await worthOf(token)
  expect(after.points).toEqual(before.points)
  expect(after.groups.map(({ name }: { name: string }) => name)).toEqual([`bank (removed ${id})`])
  const [kept] = await db.sql`SELECT status, credentials, next_sync_at FROM user_source WHERE id = ${id}`
  expect(kept).toMatchObject({ status: 'removed', credentials: null, next_sync_at: null })
  const [letter] = await db.sql`SELECT status FROM dead_letter WHERE source_id = ${id}`
  expect(letter).toMatchObject({ status: 'discarded' })
  const listed = (await http.json('GET', '/v1/sources', { token })).body.sources
  expect(listed.map((source: { id: string }) => source.id)).not.toContain(id)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/runs'],
    ['POST', '/sync'],
    ['DELETE', ''],
    ['DELETE', '?history=remove'],
  ] as const)
    expect((await http.ask(method, `/v1/sources/${id}${path}`, { token })).status).toBe(404)
  await connect(user.id, 'bank')
})

test('a sync that is under way writes nothing any more', async () => {
  for (const history of ['keep', 'remove']) {
    const { user } = await newPerson(db)
    const id = await connect(user.id, 'bank')
    const claim = (await claimSource(db.sql, id, 1, now, 60))!
    const token = await http.tokenFor(user.id)
    expect((await http.ask('DELETE', `/v1/sources/${id}?history=${history}`, { token })).status).toBe(204)
    const end = { outcome: 'done', subject: 'incremental', startedAt: now } as const
    const late = await finishSync(db.sql, claim, end, now).catch((error: unknown) => error)
    expect(isLeaseLost(late)).toBe(true)
  }
})

test('statement files and what was entered by hand can go, too, and begin anew', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const account = await http.json('POST', '/v1/accounts', {
    token,
    body: { name: 'Cash', kind: 'cash' },
    headers: { 'idempotency-key': `cash-${user.id}` },
  })
  expect(account.status).toBe(201)
  await ingest(db, sourceId, [row('1', '2024-06-03', '10')])
  const list = async () => (await http.json('GET', '/v1/sources', { token })).body.sources
  expect((await list()).map(({ type }: { type: string }) => type)).toEqual(['file', 'manual'])
  for (const { id } of await list()) {
    expect((await http.ask('DELETE', `/v1/sources/${id}?history=remove`, { token })).status).toBe(204)
    expect(await traces(id)).toEqual(nothing)
  }
  expect(await list()).toEqual([])
  expect((await worthOf(token)).points.at(-1)).toMatchObject({ netWorth: '0' })
  const anew = await http.json('POST', '/v1/sources', { token, body: { type: 'file' } })
  expect(anew.status).toBe(201)
  expect(anew.body.id).not.toBe(sourceId)
})

test('a platform-wide connection goes with what it brought to all of its users, who stay', async () => {
  const key = await apiKey(db, null, 'service')
  const id = await connect(null, 'everybody')
  const { user } = await newPerson(db)
  const page = {
    accounts: ['a', 'b'].map((owner) => ({ externalId: owner, owner })),
    changes: ['a', 'b'].map((account) => row(`row ${account}`, '2024-06-03', '5', { account })),
    balances: [],
  }
  await ingestPage(db.sql, id, page, now)
  const users = await db.sql`SELECT user_id FROM platform_user WHERE source_id = ${id}`
  expect(users).toHaveLength(2)
  const asUser = await http.tokenFor(user.id)
  expect((await http.ask('DELETE', `/v1/sources/${id}?history=remove`, { token: asUser })).status).toBe(404)
  expect((await http.ask('DELETE', `/v1/sources/${id}?history=remove`, { token: key })).status).toBe(204)
  expect(await traces(id)).toEqual(nothing)
  for (const { user_id: userId } of users) {
    expect((await worthOf(await http.tokenFor(userId))).points.at(-1)).toMatchObject({ netWorth: '0' })
    expect(await db.sql`SELECT 1 FROM transaction WHERE user_id = ${userId}`).toHaveLength(0)
  }
})

test('only who may decide removes', async () => {
  const { user, sourceId } = await newPerson(db)
  const token = await apiKey(db, user.id, 'write')
  expect((await http.ask('DELETE', `/v1/sources/${sourceId}`, { token })).status).toBe(403)
  const admin = await apiKey(db, user.id, 'admin')
  const wrong = await http.json('DELETE', `/v1/sources/${sourceId}?history=all`, { token: admin })
  expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'history' }] } })
})

test('files that are imported meanwhile are in it, or are told that it is gone; nothing is left between', async () => {
  for (let round = 0; round < 5; round++) {
    const { user, sourceId } = await newPerson(db)
    const token = await http.tokenFor(user.id)
    const file = (name: string) =>
      `account,date,amount\n${Array.from({ length: 60 }, (_, n) => `${name},2024-0${(n % 6) + 1}-05,${n}`).join('\n')}\n`
    const upload = async (name: string) =>
      (await http.ask('POST', `/v1/sources/${sourceId}/files`, { token, body: file(name) })).status
    const remove = async () =>
      (await http.ask('DELETE', `/v1/sources/${sourceId}?history=remove`, { token })).status
    await upload('A')
    const [removed, ...uploaded] = await Promise.all([remove(), upload('A'), upload('B')])
    expect(removed).toBe(204)
    for (const status of uploaded) expect([201, 404, 409]).toContain(status)
    expect(await traces(sourceId)).toEqual(nothing)
    expect(await db.sql`SELECT 1 FROM transaction WHERE user_id = ${user.id}`).toHaveLength(0)
    expect((await worthOf(token)).points.at(-1)).toMatchObject({ netWorth: '0' })
  }
})
