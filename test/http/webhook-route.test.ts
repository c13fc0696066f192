import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { PlaidEmulator } from '../../src/connectors/plaid/emulator.ts'
import { fixture as plaid } from '../../src/connectors/plaid/fixture.ts'
import { fixture as vendor } from '../../src/connectors/vendor/fixture.ts'
import { addSource, listSources } from '../../src/db/sources.ts'
import { RefusedError } from '../../src/errors.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson, now } from '../setup/people.ts'
import { partsFor, type ServedProvider, serveProvider } from '../setup/providers.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
let http: TestApp
let bank: ServedProvider<PlaidEmulator>
let parts: ReturnType<typeof partsFor>
let sourceId: string
let item = 0
const clock = createVirtualClock(now)

beforeAll(async () => {
  db = await cloneDatabase()
  bank = await serveProvider(plaid, { clock: clock.now, limits: false })
  parts = partsFor([bank, await serveProvider(vendor, { clock: clock.now })])
  http = await startApp(db, { clock: clock.now, ...parts })
})

beforeEach(async () => {
  bank.provider.faults.clear()
  const { user } = await newPerson(db)
  const connection = { userId: user.id, name: 'bank', config: {}, credentials: { accessToken: 'x' } }
  const source = { ...connection, connector: bank.connector, externalId: `item-${++item}` }
  sourceId = await addSource(db.sql, http.parts.keyring, source, now)
  await db.sql`UPDATE user_source SET next_sync_at = '2024-06-20', lane = 1 WHERE id = ${sourceId}`
})

const notification = () =>
  bank.provider.notify({
    webhook_type: 'TRANSACTIONS',
    webhook_code: 'SYNC_UPDATES_AVAILABLE',
    item_id: `item-${item}`,
    environment: 'sandbox',
  })

const post = (
  { headers, body }: { headers: Record<string, string>; body: Uint8Array },
  connector = 'plaid',
  app = http,
) => app.json('POST', `/webhooks/${connector}`, { headers, body })

const dueAt = async () => (await listSources(db.sql, { sourceId }))[0]!.nextSyncAt!.toISOString()
const unmoved = '2024-06-20T00:00:00.000Z'

test('what the provider signed makes its source due, once; it needs no token', async () => {
  const sent = await notification()
  expect(await post(sent)).toMatchObject({ status: 200, body: { events: 1, sources: 1 } })
  expect(await dueAt()).toBe(now.toISOString())
  expect(await post(sent)).toMatchObject({ status: 200, body: { events: 0, sources: 0 } })
})

test('what it did not sign is refused, byte by byte', async () => {
  const { headers, body } = await notification()
  for (const index of [0, body.length >> 1, body.length - 1]) {
    const forged = body.map((byte, at) => (at === index ? byte ^ 1 : byte))
    const answer = await post({ headers, body: forged })
    expect(answer).toMatchObject({ status: 400, body: { type: 'urn:tidemark:problem:refused' } })
  }
  expect((await post({ headers: {}, body })).status).toBe(400)
  expect((await post({ headers, body: new Uint8Array() })).status).toBe(400)
  expect(await dueAt()).toBe(unmoved)
})

test('the body counts as it arrived, whatever its type is said to be', async () => {
  const { headers, body } = await notification()
  const sent = { headers: { ...headers, 'content-type': 'text/plain; charset=latin1' }, body }
  expect((await post(sent)).status).toBe(200)
})

test('a connector that nobody knows is as one that has no notifications, or is not set up', async () => {
  const sent = await notification()
  const settings = async () => {
    throw new RefusedError('needs settings, mend /etc/tidemark/settings.json')
  }
  const bare = await startApp(db, { ...parts, connectors: { ...parts.connectors, settings } })
  const answers = [
    await post(sent, 'nobank'),
    await post(sent, 'vendor'),
    await post(sent, '__proto__'),
    await post(sent, 'plaid', bare),
  ]
  for (const { status, body } of answers) {
    expect(status).toBe(404)
    expect({ ...body, requestId: '' }).toEqual({ ...answers[0]!.body, requestId: '' })
  }
})

test('where the provider’s key cannot be fetched, it is asked to send again', async () => {
  bank.provider.retireKey()
  clock.moveTo(new Date(clock.now().getTime() + 3_600_000))
  const sent = await notification()
  bank.provider.faults.plan({ kind: 'status', status: 500 })
  const answer = await post(sent)
  expect(answer).toMatchObject({ status: 503, body: { type: 'urn:tidemark:problem:provider-unavailable' } })
  expect(answer.headers.get('retry-after')).toBe('30')
  expect((await post(sent)).status).toBe(200)
})

test('a body beyond all bounds is none', async () => {
  const { headers } = await notification()
  expect((await post({ headers, body: new Uint8Array(300_000) })).status).toBe(413)
})
