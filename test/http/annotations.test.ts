import { beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

async function person() {
  const { user, sourceId } = await newPerson(db)
  return { user, sourceId, token: await http.tokenFor(user.id) }
}

interface Listed {
  id: string
  description: string
  category: string | null
  note: string | null
  tags: string[]
  transfer: boolean | null
  excluded: boolean
}

async function listed(token: string, description?: string): Promise<Listed> {
  const { body } = await http.json('GET', '/v1/transactions?limit=500', { token })
  return body.transactions.find(
    (each: Listed) => description === undefined || each.description === description,
  )
}

const annotate = (token: string, id: string, body: object) =>
  http.json('PATCH', `/v1/transactions/${id}`, { token, body })

test('what is said stands beside the provider’s row, which stays as it is', async () => {
  const { user, sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-06-01', '-9', { description: 'Bread', category: 'food' })])
  const before = await listed(token)
  const stored = async () =>
    (await db.sql`SELECT t.*::text AS row FROM transaction t WHERE user_id = ${user.id}`)[0]!.row
  const row1 = await stored()
  const said = {
    category: ' My\nfood ',
    note: 'two\nlines',
    tags: ['b', 'a', 'b'],
    transfer: true,
    excluded: true,
  }
  const { status, body } = await annotate(token, before.id, said)
  expect(status).toBe(200)
  expect(body).toEqual({ ...before, ...said, category: 'My food', tags: ['b', 'a'] })
  expect(await listed(token)).toEqual(body)
  expect(await stored()).toBe(row1)

  expect((await annotate(token, before.id, { note: null })).body).toEqual({ ...body, note: null })
  expect((await annotate(token, before.id, {})).status).toBe(400)
  const cleared = { category: null, tags: null, transfer: null, excluded: null }
  expect((await annotate(token, before.id, cleared)).body).toEqual(before)
  const left = await db.sql`SELECT FROM transaction_annotation WHERE user_id = ${user.id}`
  expect(left).toHaveLength(0)
})

test('balances and net worth know nothing of what is said', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-06-01', '-9')])
  const worth = async () =>
    (await http.json('GET', '/v1/net-worth?from=2024-06-01', { token })).body.points.at(-1).netWorth
  expect(await worth()).toBe('-9')
  await annotate(token, (await listed(token)).id, { excluded: true, transfer: true })
  expect(await worth()).toBe('-9')
})

test('what several say at once of one transaction is all kept', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-06-01', '-9')])
  const { id } = await listed(token)
  const said = { category: 'c', note: 'n', tags: ['t'], transfer: false, excluded: true }
  await Promise.all(Object.entries(said).map(([name, value]) => annotate(token, id, { [name]: value })))
  expect(await listed(token)).toMatchObject(said)
})

test('of another user’s transaction nothing can be said', async () => {
  const owner = await person()
  await ingest(db, owner.sourceId, [row('1', '2024-06-01', '-9')])
  const { id } = await listed(owner.token)
  const { user, token } = await person()
  const foreign = await annotate(token, id, { note: 'x' })
  const missing = await annotate(token, '00000000-0000-0000-0000-000000000000', { note: 'x' })
  expect([foreign.status, foreign.body.detail]).toEqual([404, missing.body.detail])
  expect(await db.sql`SELECT FROM transaction_annotation WHERE user_id = ${user.id}`).toHaveLength(0)
  expect((await listed(owner.token)).note).toBeNull()
})

test.each([
  ['amount', { amount: '1' }],
  ['tags', { tags: 'x' }],
  ['tags.1', { tags: ['x', ''] }],
  ['transfer', { transfer: 'true' }],
  ['note', { note: 'x'.repeat(2001) }],
  ['category', { category: '' }],
])('refuses %s in what is said', async (field, body) => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('1', '2024-06-01', '-9')])
  const answer = await annotate(token, (await listed(token)).id, body)
  expect([answer.status, answer.body.errors[0].field]).toEqual([400, field])
})

describe.each([
  ['row chunks', false],
  ['the columnstore', true],
])('what is said of a transaction in %s', (_, compressed) => {
  async function annotated(status: 'posted' | 'pending' = 'pending') {
    const known = await person()
    await ingest(db, known.sourceId, [
      row('p', '2023-03-05', '-9', { status, description: 'old' }),
      row('x', '2023-03-05', '-1', { description: 'other' }),
    ])
    const { id } = await listed(known.token, 'old')
    await annotate(known.token, id, { note: 'mine', tags: ['t'], transfer: true })
    if (compressed) {
      await refreshRollups(db.sql, db.engine)
      await compressEverything(db)
    }
    return { ...known, id }
  }
  const said = { note: 'mine', tags: ['t'], transfer: true }
  const annotations = async (userId: string) =>
    (await db.sql`SELECT FROM transaction_annotation WHERE user_id = ${userId}`).length

  test('stays when its row changes, and when it moves to another day', async () => {
    const { sourceId, token, id } = await annotated()
    await ingest(db, sourceId, [row('p', '2023-07-20', '-9.5', { description: 'new' })])
    expect(await listed(token, 'new')).toMatchObject({ id, ...said })
  })

  test('follows to the posted transaction that takes the place of the pending one', async () => {
    const { user, sourceId, token, id } = await annotated()
    const posted = row('q', '2023-07-20', '-9', { description: 'new', replaces: ['p'] })
    for (let time = 0; time < 2; time++) {
      await ingest(db, sourceId, [posted])
      const found = await listed(token, 'new')
      expect(found).toMatchObject(said)
      expect(found.id).not.toBe(id)
      expect(await annotations(user.id)).toBe(1)
    }
    expect((await http.ask('GET', `/v1/transactions/${id}`, { token })).status).toBe(404)
    expect((await listed(token, 'other')).note).toBeNull()
  })

  test('follows over several that replace each other, within a page and over pages, in either order', async () => {
    const first = row('q', '2023-03-06', '-9', { description: 'middle', replaces: ['p'] })
    const second = row('r', '2023-03-07', '-9', { description: 'last', replaces: ['q'] })
    for (const pages of [[[first, second]], [[second, first]], [[first], [second]], [[second], [first]]]) {
      const { user, sourceId, token } = await annotated()
      for (const page of pages) await ingest(db, sourceId, page)
      expect(await listed(token, 'last')).toMatchObject(said)
      expect(await listed(token, 'middle')).toBeUndefined()
      expect(await annotations(user.id)).toBe(1)
    }
  })

  test('gives way to what is said of its successor already', async () => {
    const { user, sourceId, token } = await annotated()
    await ingest(db, sourceId, [row('q', '2023-03-06', '-9', { description: 'new' })])
    const { id } = await listed(token, 'new')
    await annotate(token, id, { note: 'of the new one' })
    await ingest(db, sourceId, [row('q', '2023-03-06', '-9', { description: 'new', replaces: ['p'] })])
    expect(await listed(token, 'new')).toMatchObject({ note: 'of the new one', tags: [], transfer: null })
    expect(await annotations(user.id)).toBe(1)
  })

  test('the last one counts where one takes the place of two', async () => {
    const { user, sourceId, token } = await annotated()
    http.time.now = new Date(http.time.now.getTime() + 60_000)
    await annotate(token, (await listed(token, 'other')).id, { note: 'later' })
    http.time.now = new Date(http.time.now.getTime() - 60_000)
    await ingest(db, sourceId, [row('q', '2023-03-06', '-10', { description: 'both', replaces: ['p', 'x'] })])
    expect(await listed(token, 'both')).toMatchObject({ note: 'later', tags: [] })
    expect(await annotations(user.id)).toBe(1)
  })

  test('is there again when a provider takes its row away and lists it again', async () => {
    const { sourceId, token } = await annotated()
    await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: 'p' }])
    expect(await listed(token, 'old')).toBeUndefined()
    await ingest(db, sourceId, [row('p', '2023-03-05', '-9', { description: 'old' })])
    expect(await listed(token, 'old')).toMatchObject(said)
  })
})

test('what is said while the transaction is being replaced is taken along', async () => {
  const { sourceId, token } = await person()
  await ingest(db, sourceId, [row('p', '2024-06-01', '-9', { status: 'pending', description: 'old' })])
  const { id } = await listed(token)
  const posted = row('q', '2024-06-02', '-9', { description: 'new', replaces: ['p'] })
  const holder = connect(db.url, { max: 1 })
  let outcome: Promise<[{ status: number }, unknown]> | undefined
  await holder.begin(async (tx) => {
    await tx`LOCK TABLE transaction_annotation IN SHARE ROW EXCLUSIVE MODE`
    const waits = async (query: string) => {
      for (let found = 0; found === 0; ) {
        const rows = await db.sql`
          SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ${`%${query}(%`}`
        found = rows.length
      }
    }
    // It has found the transaction, and is about to write.
    const said = annotate(token, id, { note: 'said' })
    await waits('annotate_transaction')
    const replaced = ingest(db, sourceId, [posted])
    await waits('ingest_page')
    outcome = Promise.all([said, replaced])
  })
  const [{ status }] = await outcome!
  await holder.end()
  expect(status).toBe(200)
  expect((await listed(token, 'new')).note).toBe('said')
})
