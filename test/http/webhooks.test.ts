import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { listen } from '../../src/connectors/emulator/listen.ts'
import { createEmulator } from '../../src/connectors/plaid/emulator.ts'
import { connector } from '../../src/connectors/plaid/index.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { addSource, listSources } from '../../src/db/sources.ts'
import { acceptHints, forgetEvents, type Hint } from '../../src/db/webhook-events.ts'
import { receiveWebhook, type WebhookParts } from '../../src/http/webhooks.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { testKeyring } from '../setup/scheduling.ts'

let db: TestDatabase
let parts: WebhookParts
let now = new Date('2024-06-15T12:00:00Z')
const emulator = createEmulator({ clock: () => now })
const closes: (() => Promise<unknown>)[] = []
let item = 0
let sourceId: string

beforeAll(async () => {
  db = await cloneDatabase()
  const served = await listen(emulator.app)
  const transport = createTransport({ allowedHosts: [served.host] })
  closes.push(served.close, transport.close)
  parts = {
    sql: db.sql,
    clock: () => now,
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
    fetch: transport.fetch,
    connectors: {
      get: async () => connector,
      settings: async () => connector.settings!.parse(emulator.connection(served.url).settings),
    },
  }
})
afterAll(() => Promise.all(closes.map((close) => close())))

beforeEach(async () => {
  const { user } = await newPerson(db)
  sourceId = await addSource(
    db.sql,
    testKeyring(),
    {
      connector,
      userId: user.id,
      name: 'bank',
      config: {},
      credentials: { accessToken: 'x' },
      externalId: `item-${++item}`,
    },
    now,
  )
  await db.sql`UPDATE user_source SET next_sync_at = ${'2024-06-20T00:00:00Z'}, lane = 1 WHERE id = ${sourceId}`
})

async function notification(code: string, more: object = {}) {
  const type = code.startsWith('SYNC') ? 'TRANSACTIONS' : 'ITEM'
  return emulator.notify({
    webhook_type: type,
    webhook_code: code,
    item_id: `item-${item}`,
    environment: 'sandbox',
    ...more,
  })
}

const due = async () => (await listSources(db.sql, { sourceId }))[0]!
const laneOf = async () => (await db.sql`SELECT lane FROM user_source WHERE id = ${sourceId}`)[0]!.lane

test('a notification makes its source due at once, and does nothing the second time', async () => {
  const sent = await notification('SYNC_UPDATES_AVAILABLE')
  expect(await receiveWebhook(parts, 'plaid', sent)).toEqual({ events: 1, sources: 1 })
  expect((await due()).nextSyncAt).toEqual(now)
  await db.sql`UPDATE user_source SET next_sync_at = ${'2024-06-20T00:00:00Z'} WHERE id = ${sourceId}`
  const again = await Promise.all([1, 2, 3].map(() => receiveWebhook(parts, 'plaid', sent)))
  expect(again).toEqual([1, 2, 3].map(() => ({ events: 0, sources: 0 })))
  expect((await due()).nextSyncAt).toEqual(new Date('2024-06-20T00:00:00Z'))
  // A later one of the same words is another event.
  now = new Date(now.getTime() + 60_000)
  expect(await receiveWebhook(parts, 'plaid', await notification('SYNC_UPDATES_AVAILABLE'))).toEqual({
    events: 1,
    sources: 1,
  })
})

test('of several that arrive at once, one acts', async () => {
  const sent = await notification('SYNC_UPDATES_AVAILABLE')
  const all = await Promise.all(Array.from({ length: 8 }, () => receiveWebhook(parts, 'plaid', sent)))
  expect(all.filter(({ events }) => events === 1)).toHaveLength(1)
})

test('one that is not signed for this body changes nothing', async () => {
  const { headers } = await notification('SYNC_UPDATES_AVAILABLE')
  const body = new TextEncoder().encode(
    JSON.stringify({
      webhook_type: 'TRANSACTIONS',
      webhook_code: 'SYNC_UPDATES_AVAILABLE',
      item_id: `item-${item}`,
    }),
  )
  await expect(receiveWebhook(parts, 'plaid', { headers, body })).rejects.toMatchObject({ code: 'refused' })
  await expect(receiveWebhook(parts, 'plaid', { headers: {}, body })).rejects.toMatchObject({
    code: 'refused',
  })
  expect((await due()).nextSyncAt).toEqual(new Date('2024-06-20T00:00:00Z'))
})

test('an owner who has to sign in again, or took permission back, is told so; a paused source stays as it is', async () => {
  const error = { error_type: 'ITEM_ERROR', error_code: 'ITEM_LOGIN_REQUIRED', error_message: 'x' }
  await receiveWebhook(parts, 'plaid', await notification('ERROR', { error }))
  expect(await due()).toMatchObject({ status: 'reauth' })
  await db.sql`UPDATE user_source SET status = 'paused' WHERE id = ${sourceId}`
  await receiveWebhook(parts, 'plaid', await notification('USER_PERMISSION_REVOKED'))
  expect(await due()).toMatchObject({ status: 'paused' })
})

test('a notification does not wait ahead of people, and does not hold one of them up', async () => {
  const sent = await notification('SYNC_UPDATES_AVAILABLE')
  await receiveWebhook(parts, 'plaid', sent)
  expect(await laneOf()).toBe(1)
  await db.sql`UPDATE user_source SET lane = 0 WHERE id = ${sourceId}`
  now = new Date(now.getTime() + 60_000)
  await receiveWebhook(parts, 'plaid', await notification('SYNC_UPDATES_AVAILABLE'))
  expect(await laneOf()).toBe(0)
})

test('a warning tells the owner, and syncs go on as planned', async () => {
  const sent = await notification('PENDING_EXPIRATION', { consent_expiration_time: '2024-06-22T08:00:00Z' })
  expect(await receiveWebhook(parts, 'plaid', sent)).toEqual({ events: 1, sources: 1 })
  expect(await due()).toMatchObject({
    status: 'active',
    statusMessage: 'the provider says that its owner has to sign in again by 2024-06-22',
    nextSyncAt: new Date('2024-06-20T00:00:00Z'),
  })
  expect(await laneOf()).toBe(1)
})

test('an owner who signed in again lets the source go on at once', async () => {
  const error = { error_type: 'ITEM_ERROR', error_code: 'ITEM_LOGIN_REQUIRED', error_message: 'x' }
  await receiveWebhook(parts, 'plaid', await notification('ERROR', { error }))
  await db.sql`UPDATE user_source SET next_sync_at = NULL, attempts = 4 WHERE id = ${sourceId}`
  expect(await receiveWebhook(parts, 'plaid', await notification('LOGIN_REPAIRED'))).toEqual({
    events: 1,
    sources: 1,
  })
  expect(await due()).toMatchObject({ status: 'active', statusMessage: null, nextSyncAt: now })
  const [source] = await db.sql`SELECT attempts, lane FROM user_source WHERE id = ${sourceId}`
  expect(source).toMatchObject({ attempts: 0, lane: 1 })
})

test('who paused a source, or took permission back, is not overruled by a repaired login', async () => {
  for (const status of ['paused', 'revoked', 'removed']) {
    await db.sql`UPDATE user_source SET status = ${status} WHERE id = ${sourceId}`
    now = new Date(now.getTime() + 60_000)
    expect(await receiveWebhook(parts, 'plaid', await notification('LOGIN_REPAIRED'))).toEqual({
      events: 1,
      sources: 0,
    })
  }
})

test('of several words for one connection the gravest holds, and what is new is still read', async () => {
  const connection = `item-${item}`
  const hint = (eventId: string, kind: Hint['kind']): Hint => ({ eventId, connection, kind })
  const all = [hint('a', 'sync'), { ...hint('b', 'warning'), message: 'in\0 June' }]
  expect(await acceptHints(db.sql, 'plaid', all, now)).toEqual({ events: 2, sources: 1 })
  expect(await due()).toMatchObject({ status: 'active', statusMessage: 'in\ufffd June', nextSyncAt: now })
  await acceptHints(db.sql, 'plaid', [hint('c', 'repaired'), hint('d', 'revoked')], now)
  expect(await due()).toMatchObject({
    status: 'revoked',
    statusMessage: 'the provider says that access was revoked',
  })
})

test('a connector without notifications, and a body beyond all bounds, are refused', async () => {
  const { webhook: _, ...silent } = connector
  const without = { ...parts, connectors: { ...parts.connectors, get: async () => silent } }
  await expect(
    receiveWebhook(without, 'plaid', await notification('SYNC_UPDATES_AVAILABLE')),
  ).rejects.toThrow('no notifications')
  const { headers } = await notification('SYNC_UPDATES_AVAILABLE')
  await expect(receiveWebhook(parts, 'plaid', { headers, body: new Uint8Array(300_000) })).rejects.toThrow(
    'too large',
  )
})

test('events are forgotten after so many days', async () => {
  await receiveWebhook(parts, 'plaid', await notification('SYNC_UPDATES_AVAILABLE'))
  expect(await forgetEvents(db.sql, new Date(now.getTime() + 13 * 86_400_000), 14)).toBe(0)
  expect(await forgetEvents(db.sql, new Date(now.getTime() + 15 * 86_400_000), 14)).toBeGreaterThan(0)
})
