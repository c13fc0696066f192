import { Big } from 'big.js'
import { beforeAll, expect, test } from 'vitest'
import { fixture as vendor } from '../../src/connectors/vendor/fixture.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addSource } from '../../src/db/sources.ts'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { newPerson, now, row } from '../setup/people.ts'
import { partsFor, type ServedProvider, serveProvider, syncDue } from '../setup/providers.ts'
import { createVirtualClock, type VirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
let http: TestApp
let clock: VirtualClock
let service: string
let platform: ServedProvider<ReturnType<typeof vendor.start>>
let sourceId: string

beforeAll(async () => {
  db = await cloneDatabase()
  clock = createVirtualClock(now)
  platform = await serveProvider(vendor, { clock: clock.now, limits: false, pageSize: 20 })
  http = await startApp(db, { clock: clock.now, ...partsFor([platform]) })
  service = await apiKey(db, null, 'service')
  const { credentials, config } = platform.connection
  const { status, body } = await http.json('POST', '/v1/sources', {
    token: service,
    body: { type: 'vendor', credentials, config },
  })
  expect(status).toBe(201)
  sourceId = body.id
})

const ask = (path: string, token = service) => http.json('GET', path, { token })

/** What the provider itself holds of a user. */
function ownTotals(user: string) {
  const of = (kind: string) =>
    platform.provider.world
      .rows(user)
      .filter((each) => each.kind === kind)
      .map((each) => ({ ...each, amount: new Big(each.amount).abs() }))
  const sum = (kind: string) => of(kind).reduce((total, each) => total.plus(each.amount), new Big(0))
  const [earned, spent, payout, paidOut] = [sum('earned'), sum('spent'), sum('payout'), sum('paid_out')]
  return {
    user: {
      user_id: user,
      balance: earned.minus(spent).minus(paidOut).toFixed(),
      earned: earned.toFixed(),
      spent: spent.toFixed(),
      payout: payout.toFixed(),
      paid_out: paidOut.toFixed(),
    },
    payouts: {
      user_id: user,
      outstanding: payout.minus(paidOut).toFixed(),
      payouts: of('payout')
        .map(({ amount, occurredAt }) => ({ amount: amount.toFixed(), timestamp: occurredAt }))
        .toSorted((a, b) => (a.timestamp < b.timestamp ? 1 : -1)),
    },
  }
}

async function expectOwnTotals(user: string): Promise<void> {
  const own = ownTotals(user)
  expect(await ask(`/user/${user}`)).toMatchObject({ status: 200, body: own.user })
  const { status, body } = await ask(`/user/${user}/payouts`)
  expect(status).toBe(200)
  const payouts = body.payouts.map(({ id: _, ...rest }: { id: string }) => rest)
  expect({ ...body, payouts }).toEqual(own.payouts)
}

const users = ['u-1001', 'u-1002', 'u-1003', 'u-1004']

/** Syncs what is due minute by minute, as the vendor allows, until nothing of its history is left. */
async function syncAll(): Promise<void> {
  for (let minute = 0; minute < 60; minute++) {
    await syncDue(db, clock, [platform])
    const { backfill, lastSyncTime } = (await ask(`/v1/sources/${sourceId}`)).body
    if (backfill === null && lastSyncTime !== null && minute > 0) return
    clock.moveTo(new Date(clock.now().getTime() + 60_000))
  }
  throw new Error('the history does not come to an end')
}

test('the sums of every user are the provider’s own, after the first sync and after later ones', async () => {
  await syncAll()
  for (const user of users) await expectOwnTotals(user)

  const { world } = platform.provider
  const at = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000).toISOString()
  world.put({ account: 'u-1002', id: 'more-1', occurredAt: at(1), amount: '0.00000001', kind: 'earned' })
  world.put({ account: 'u-1002', id: 'more-2', occurredAt: at(2), amount: '-1000000.99', kind: 'spent' })
  world.put({
    account: 'u-1002',
    id: 'more-3',
    occurredAt: at(3),
    amount: '40',
    kind: 'payout',
    status: 'requested',
  })
  world.put({ account: 'u-1003', id: 'more-4', occurredAt: at(4), amount: '-15', kind: 'paid_out' })
  world.openAccount({ id: 'u 1/ü?', name: 'new', kind: 'wallet', asset: 'USD', owner: 'u 1/ü?' })
  world.put({ account: 'u 1/ü?', id: 'more-5', occurredAt: at(5), amount: '3.5', kind: 'earned' })
  clock.moveTo(new Date(clock.now().getTime() + 120_000))
  await syncAll()
  for (const user of users) await expectOwnTotals(user)
  const name = encodeURIComponent('u 1/ü?')
  expect((await ask(`/user/${name}`)).body).toMatchObject({ user_id: 'u 1/ü?', balance: '3.5', spent: '0' })
  expect((await ask(`/user/${name}/payouts`)).body).toEqual({
    user_id: 'u 1/ü?',
    outstanding: '0',
    payouts: [],
  })
  // And from the aggregates, once they hold it.
  await refreshRollups(db.sql, db.engine)
  for (const user of users) await expectOwnTotals(user)
  const [known] = await db.sql`SELECT user_id FROM platform_user WHERE external_id = 'u-1002'`
  const { body } = await http.json('GET', '/v1/balance', { token: await http.tokenFor(known!.user_id) })
  expect(body.balances).toMatchObject([{ asset: 'USD', quantity: ownTotals('u-1002').user.balance }])
})

test('the other accounts of the same user are not the platform’s business', async () => {
  const [known] = await db.sql`SELECT user_id FROM platform_user WHERE external_id = 'u-1001'`
  const own = { connector: { id: 'x', title: 'x' }, name: 'own', config: {}, credentials: undefined }
  const bank = await addSource(db.sql, http.parts.keyring, { ...own, userId: known!.user_id }, now)
  const page = {
    accounts: [{ externalId: 'A' }],
    changes: [row('1', '2024-06-03', '7', { kind: 'earned' })],
    balances: [],
  }
  await ingestPage(db.sql, bank, page, now)
  await expectOwnTotals('u-1001')
})

/** A platform-wide source with rows of these owners. */
async function anotherPlatform(name: string, owner: string, rows: [asset: string, amount: string][]) {
  const source = {
    connector: { id: 'other', title: 'Other' },
    userId: null,
    name,
    config: {},
    credentials: undefined,
  }
  const id = await addSource(db.sql, http.parts.keyring, source, now)
  const page = {
    accounts: [{ externalId: owner, owner }],
    changes: rows.map(([asset, amount], index) =>
      row(`${name} ${index}`, '2024-06-03', amount, { account: owner, asset, kind: 'earned' }),
    ),
    balances: [],
  }
  await ingestPage(db.sql, id, page, now)
  return id
}

test('known to several sources, one has to be named, until the others are gone', async () => {
  const first = await anotherPlatform('first', 'twice', [['EUR', '1']])
  const second = await anotherPlatform('second', 'twice', [['EUR', '2']])
  for (const path of ['/user/twice', '/user/twice/payouts']) {
    const { status, body } = await ask(path)
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:tidemark:problem:conflict' })
    expect(body.detail).toContain(`${first}, ${second}`)
  }
  expect((await ask(`/user/twice?source=${first}`)).body).toMatchObject({ balance: '1' })
  expect((await ask(`/user/twice?source=${second}`)).body).toMatchObject({ balance: '2' })
  expect((await ask(`/user/twice?source=${sourceId}`)).status).toBe(404)
  const removed = await http.ask('DELETE', `/v1/sources/${first}`, { token: service })
  expect(removed.status).toBe(204)
  expect((await ask('/user/twice')).body).toMatchObject({ balance: '2' })
})

test('with several assets, one has to be named', async () => {
  await anotherPlatform('assets', 'rich', [
    ['EUR', '1.5'],
    ['points', '200'],
    ['points', '0.25'],
  ])
  for (const path of ['/user/rich', '/user/rich/payouts']) {
    const { status, body } = await ask(path)
    expect(status).toBe(409)
    expect(body.detail).toContain('EUR, points')
  }
  expect((await ask('/user/rich?asset=points')).body).toMatchObject({ balance: '200.25', earned: '200.25' })
  expect((await ask('/user/rich?asset=EUR')).body).toMatchObject({ balance: '1.5' })
  expect((await ask('/user/rich?asset=CHF')).body).toMatchObject({ balance: '0', earned: '0' })
})

test('it is for services alone, and tells them who is not known', async () => {
  const { user } = await newPerson(db)
  const tokens = [
    await http.tokenFor(user.id),
    await apiKey(db, user.id, 'admin'),
    await apiKey(db, user.id, 'service'),
    await apiKey(db, null, 'read'),
  ]
  for (const token of tokens)
    for (const path of ['/user/u-1001', '/user/u-1001/payouts'])
      expect((await ask(path, token)).status).toBe(403)
  expect((await http.ask('GET', '/user/u-1001')).status).toBe(401)
  // Tidemark's own id of a user is none of the provider's.
  for (const id of [user.id, 'nobody', "'; DROP TABLE app_user --"])
    expect((await ask(`/user/${encodeURIComponent(id)}`)).status).toBe(404)
  for (const id of ['%00', 'x'.repeat(201)]) expect((await ask(`/user/${id}`)).status).toBe(400)
  expect((await ask('/user/u-1001?source=x')).body.errors).toMatchObject([{ field: 'source' }])
  expect((await ask('/user/u-1001?at=2024-01-01')).body.errors).toMatchObject([{ field: 'at' }])
})
