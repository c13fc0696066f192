import { beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
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

async function person() {
  const { user, sourceId } = await newPerson(db)
  return { user, sourceId, token: await http.tokenFor(user.id) }
}

async function makeAccount(token: string, name = 'Cash', kind = 'cash') {
  const { status, body } = await http.json('POST', '/v1/accounts', { token, body: { name, kind } })
  expect(status).toBe(201)
  return body
}

/** An account of a connector that syncs it, with one row. */
async function connectedAccount(userId: string): Promise<{ id: string; sourceId: string }> {
  await db.sql`INSERT INTO source_type (id, title) VALUES ('bank', 'A bank') ON CONFLICT DO NOTHING`
  const [source] = await db.sql<{ id: string }[]>`
    INSERT INTO user_source (user_id, source_type_id, name, next_sync_at) VALUES (${userId}, 'bank', 'bank', ${now.toISOString()})
    RETURNING id`
  const [ingested] = await ingest(db, source!.id, [row('1', '2024-05-01', '9')])
  return { id: ingested!.accountId, sourceId: source!.id }
}

const worth = async (token: string, to: string) =>
  (await http.json('GET', `/v1/net-worth?from=${to}&to=${to}&interval=day`, { token })).body.points[0]
    .netWorth

/** Passes until one finds no transaction of the server older than the mark; other tests have theirs. */
async function refreshWholly(userId: string): Promise<void> {
  do await refreshRollups(db.sql, db.engine)
  while ((await db.sql`SELECT 1 FROM rollup_dirty WHERE user_id = ${userId}`).length > 0)
}

test('lists accounts by name, each with its source', async () => {
  const { sourceId, token } = await person()
  expect((await http.json('GET', '/v1/accounts', { token })).body).toEqual({ accounts: [] })
  const [file] = await ingest(db, sourceId, [row('1', '2024-05-01', '9')])
  const made = await makeAccount(token, '  In a \n drawer ')
  expect(made).toEqual({
    id: expect.stringMatching(/^\d+$/),
    name: 'In a drawer',
    kind: 'cash',
    sourceId: expect.stringMatching(/^\d+$/),
    connector: 'manual',
    externalId: `manual ${made.id}`,
    manual: true,
    createdAt: now.toISOString(),
  })
  const { accounts } = (await http.json('GET', '/v1/accounts', { token })).body
  expect(accounts).toEqual([
    {
      id: file!.accountId,
      name: 'A',
      kind: 'other',
      sourceId,
      connector: 'file',
      externalId: 'A',
      manual: false,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      since: '2024-05-01',
      reconciliation: [],
    },
    { ...made, since: null, reconciliation: [] },
  ])
  expect((await http.json('GET', `/v1/accounts/${made.id}`, { token })).body).toEqual(accounts[1])
})

test('the list tells of each account what it tells alone: the newest balance of each asset, and who said it', async () => {
  const { sourceId, token } = await person()
  const report = (asset: string, day: string, amount: string) =>
    ({ account: 'A', asset, day, edge: 'close', amount }) as const
  await ingest(
    db,
    sourceId,
    [row('1', '2024-02-01', '10'), row('2', '2024-04-01', '50.50')],
    [report('EUR', '2024-03-31', '10'), report('EUR', '2024-04-30', '61'), report('USD', '2024-04-30', '7')],
  )
  const cash = await makeAccount(token)
  const balance = { token, body: { amount: '3.20' } }
  await http.json('PUT', `/v1/accounts/${cash.id}/balances/2024-05-01`, balance)
  const { accounts } = (await http.json('GET', '/v1/accounts', { token })).body
  expect(accounts.map(({ reconciliation }: { reconciliation: object[] }) => reconciliation)).toEqual([
    [
      { asset: 'EUR', reported: '61', reportedOn: '2024-04-30', setByHand: false, difference: '0.5' },
      { asset: 'USD', reported: '7', reportedOn: '2024-04-30', setByHand: false, difference: '0' },
    ],
    [{ asset: 'EUR', reported: '3.2', reportedOn: '2024-05-01', setByHand: true, difference: '0' }],
  ])
  for (const account of accounts)
    expect((await http.json('GET', `/v1/accounts/${account.id}`, { token })).body).toEqual(account)
})

test('the answer to an account that is made is that of the first request with its key', async () => {
  const { token } = await person()
  const headers = { 'idempotency-key': 'one-account' }
  const body = { name: 'Pension', kind: 'other' }
  const ask = () => http.json('POST', '/v1/accounts', { token, body, headers })
  const [first, second] = [await ask(), await ask()]
  expect([first.status, second.status]).toEqual([201, 201])
  expect(second.body).toEqual(first.body)
  expect((await http.json('GET', '/v1/accounts', { token })).body.accounts).toEqual([
    { ...first.body, since: null, reconciliation: [] },
  ])
})

test('two manual accounts of a user never have one name, whoever is first', async () => {
  const { token } = await person()
  const other = await makeAccount(token, 'Other')
  const body = { name: 'Cash', kind: 'cash' }
  const ask = (n: number) =>
    http.json('POST', '/v1/accounts', { token, body, headers: { 'idempotency-key': `${n}` } })
  const holder = connect(db.url, { max: 1 })
  let asked: ReturnType<typeof ask>[] = []
  await holder.begin(async (tx) => {
    // Accounts can be looked for, and not yet be made.
    await tx`LOCK TABLE account IN SHARE MODE`
    asked = [ask(1), ask(2)]
    for (let waiting = 0; waiting < asked.length; ) {
      const rows = await db.sql`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%add_manual_account%'`
      waiting = rows.length
    }
  })
  const answers = await Promise.all(asked)
  await holder.end()
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
  const renamed = await http.json('PATCH', `/v1/accounts/${other.id}`, { token, body: { name: 'Cash' } })
  expect(renamed.status).toBe(409)
  // Its own name it may keep, and a key whose request was refused is free again.
  const kept = await http.json('PATCH', `/v1/accounts/${other.id}`, {
    token,
    body: { name: 'Other', kind: 'wallet' },
  })
  expect(kept.body).toEqual({ ...other, kind: 'wallet' })
  const refused = answers.findIndex(({ status }) => status === 409) + 1
  const again = await http.json('POST', '/v1/accounts', {
    token,
    body: { name: 'Third', kind: 'cash' },
    headers: { 'idempotency-key': `${refused}` },
  })
  expect(again.status).toBe(201)
})

test('a name and a kind that the user gave stay through the next sync', async () => {
  const { user, token } = await person()
  const { id, sourceId } = await connectedAccount(user.id)
  const page = {
    accounts: [{ externalId: 'A', name: 'Giro', kind: 'checking' as const }],
    changes: [],
    balances: [],
  }
  await ingestPage(db.sql, sourceId, page, now)
  const path = `/v1/accounts/${id}`
  expect((await http.json('GET', path, { token })).body).toMatchObject({ name: 'Giro', kind: 'checking' })
  const body = { name: 'Household', kind: 'savings' }
  expect((await http.json('PATCH', path, { token, body })).body).toMatchObject(body)
  await ingestPage(db.sql, sourceId, page, now)
  expect((await http.json('GET', path, { token })).body).toMatchObject(body)
  // A net worth that was told by kind before is not told again.
  const { groups } = (await http.json('GET', '/v1/net-worth?from=2024-06-01&by=kind', { token })).body
  expect(groups.map(({ key }: { key: string }) => key)).toEqual(['savings'])
  expect((await http.json('PATCH', path, { token, body: { kind: 'cash' } })).status).toBe(200)
  const after = (await http.json('GET', '/v1/net-worth?from=2024-06-01&by=kind', { token })).body
  expect(after.groups.map(({ key }: { key: string }) => key)).toEqual(['cash'])
})

test.each([
  ['row chunks', false],
  ['the columnstore', true],
])(
  'a manual account goes with all that is known of it, in %s, and nothing else does',
  async (_, compressed) => {
    const { user, sourceId, token } = await person()
    await ingest(db, sourceId, [row('1', '2022-01-05', '100'), row('2', '2024-05-01', '1')])
    const account = await makeAccount(token)
    const enter = (n: number, date: string) =>
      http.json('POST', '/v1/transactions', {
        token,
        body: { accountId: account.id, amount: '10', date, note: 'mine' },
        headers: { 'idempotency-key': `${account.id}-${n}` },
      })
    const entered = [await enter(1, '2021-12-31'), await enter(2, '2022-01-05'), await enter(3, '2024-06-01')]
    expect(entered.map(({ status }) => status)).toEqual([201, 201, 201])
    const set = await http.json('PUT', `/v1/accounts/${account.id}/balances/2023-01-01`, {
      token,
      body: { amount: '500' },
    })
    expect(set.status).toBe(200)
    if (compressed) {
      await refreshRollups(db.sql, db.engine)
      await compressEverything(db)
    }
    expect(await worth(token, '2024-06-15')).toBe('611')

    expect((await http.ask('DELETE', `/v1/accounts/${account.id}`, { token })).status).toBe(204)
    expect(await worth(token, '2024-06-15')).toBe('101')
    expect(await worth(token, '2022-01-05')).toBe('100')
    for (const path of [`/v1/accounts/${account.id}`, `/v1/transactions/${entered[0]!.body.id}`])
      expect((await http.ask('GET', path, { token })).status).toBe(404)
    const left = await db.sql`
    SELECT (SELECT count(*)::int FROM transaction WHERE user_id = ${user.id}) AS rows,
      (SELECT count(*)::int FROM transaction_ref WHERE user_id = ${user.id} AND booked_on IS NOT NULL) AS refs,
      (SELECT count(*)::int FROM transaction_annotation WHERE user_id = ${user.id}) AS annotations,
      (SELECT count(*)::int FROM reconciliation WHERE user_id = ${user.id}) AS reconciliations,
      (SELECT count(*)::int FROM account WHERE user_id = ${user.id}) AS accounts`
    expect({ ...left[0] }).toEqual({ rows: 2, refs: 2, annotations: 0, reconciliations: 0, accounts: 1 })
    await refreshWholly(user.id)
    expect(await worth(token, '2024-06-14')).toBe('101')
    const flows = await db.sql`SELECT DISTINCT account_id FROM monthly_flow WHERE user_id = ${user.id}`
    expect(flows).toHaveLength(1)
    expect((await http.ask('DELETE', `/v1/accounts/${account.id}`, { token })).status).toBe(404)
  },
)

test('an account that a connection fills is not removed by itself, nor are its balances set', async () => {
  const { user, sourceId, token } = await person()
  const { id, sourceId: connected } = await connectedAccount(user.id)
  const [file] = await ingest(db, sourceId, [row('1', '2024-05-01', '9')])
  const remove = (accountId: string) => http.json('DELETE', `/v1/accounts/${accountId}`, { token })
  const refused = await remove(id)
  expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('remove its source')])
  const body = { amount: '1' }
  const put = (accountId: string) =>
    http.json('PUT', `/v1/accounts/${accountId}/balances/2024-06-01`, { token, body })
  expect((await put(id)).status).toBe(409)
  expect((await put(file!.accountId)).status).toBe(200)
  // Files fill an account no more once it is gone, and a connection none once it was removed.
  expect((await remove(file!.accountId)).status).toBe(204)
  expect((await http.ask('DELETE', `/v1/sources/${connected}`, { token })).status).toBe(204)
  expect((await remove(id)).status).toBe(204)
  expect(await worth(token, '2024-06-15')).toBe('0')
})

test('of another user’s account nothing can be seen, and nothing done to it', async () => {
  const owner = await person()
  const account = await makeAccount(owner.token)
  const { token } = await person()
  const asked: [string, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { name: 'mine' }],
    ['DELETE', ''],
    ['PUT', '/balances/2024-06-01', { amount: '1' }],
    ['DELETE', '/balances/2024-06-01'],
  ]
  for (const [method, rest, body] of asked) {
    const [foreign, missing] = await Promise.all(
      [account.id, '987654321'].map((id) => http.json(method, `/v1/accounts/${id}${rest}`, { token, body })),
    )
    expect([foreign!.status, foreign!.body.detail]).toEqual([404, 'there is no such account'])
    expect([missing!.status, missing!.body.detail]).toEqual([404, 'there is no such account'])
  }
  expect((await http.json('GET', `/v1/accounts/${account.id}`, { token: owner.token })).body.name).toBe(
    'Cash',
  )
})

test('a balance that is set holds on its day and after, whatever is entered before', async () => {
  const { token } = await person()
  const account = await makeAccount(token, 'House', 'property')
  const path = `/v1/accounts/${account.id}/balances`
  const set = await http.json('PUT', `${path}/2024-03-01`, { token, body: { amount: '250000.50' } })
  expect(set).toMatchObject({
    status: 200,
    body: {
      accountId: account.id,
      at: '2024-03-01',
      balances: [{ asset: 'EUR', quantity: '250000.5', value: '250000.5', currency: 'EUR' }],
      reported: '250000.5',
      difference: '0',
    },
  })
  const told = await http.json('GET', `/v1/balance?accountId=${account.id}&at=2024-03-01`, { token })
  expect(set.body).toEqual(told.body)
  await http.json('POST', '/v1/transactions', {
    token,
    body: { accountId: account.id, amount: '-7', date: '2024-02-01' },
    headers: { 'idempotency-key': 'repair' },
  })
  expect(await worth(token, '2024-02-29')).toBe('-7')
  expect(await worth(token, '2024-03-01')).toBe('250000.5')
  expect(await worth(token, '2024-06-15')).toBe('250000.5')
  const { reconciliation } = (await http.json('GET', `/v1/accounts/${account.id}`, { token })).body
  expect(reconciliation).toEqual([
    { asset: 'EUR', reported: '250000.5', reportedOn: '2024-03-01', setByHand: true, difference: '0' },
  ])
})

test('setting the same balance again changes nothing', async () => {
  const { user, token } = await person()
  const account = await makeAccount(token)
  const path = `/v1/accounts/${account.id}/balances/2024-03-01`
  const state = async () =>
    (
      await db.sql`
      SELECT version, (SELECT string_agg(t.*::text, ';') FROM transaction t WHERE user_id = ${user.id}) AS rows
      FROM user_version WHERE user_id = ${user.id}`
    )[0]
  const first = await http.json('PUT', path, { token, body: { amount: '12.5' } })
  const before = await state()
  http.time.now = new Date(now.getTime() + 60_000)
  const again = await http.json('PUT', path, { token, body: { amount: '12.50', asset: 'eur' } })
  expect(again.body).toEqual(first.body)
  expect(await state()).toEqual(before)
  http.time.now = now
  const other = await http.json('PUT', path, { token, body: { amount: '13' } })
  expect(other.body.balances[0].quantity).toBe('13')
})

test('a balance that is taken back leaves what would be there without it', async () => {
  const { sourceId, token } = await person()
  // The closing balance makes an opening of 40, once no set balance comes before it.
  const [account] = await ingest(
    db,
    sourceId,
    [row('1', '2024-02-01', '10'), row('2', '2024-04-01', '50')],
    [{ account: 'A', asset: 'EUR', day: '2024-04-30', edge: 'close', amount: '100' }],
  )
  const path = `/v1/accounts/${account!.accountId}/balances`
  const worths = async () => [
    await worth(token, '2024-02-15'),
    await worth(token, '2024-03-15'),
    await worth(token, '2024-05-15'),
  ]
  expect(await worths()).toEqual(['50', '50', '100'])
  for (const [date, amount] of [
    ['2024-03-01', '500'],
    ['2024-05-01', '700'],
  ])
    await http.json('PUT', `${path}/${date}`, { token, body: { amount } })
  expect(await worths()).toEqual(['10', '500', '700'])
  const remove = async (date: string, asset = 'EUR') =>
    (await http.ask('DELETE', `${path}/${date}?asset=${asset}`, { token })).status
  expect(await remove('2024-03-01', 'USD')).toBe(404)
  expect(await remove('2024-03-01')).toBe(204)
  expect(await worths()).toEqual(['50', '50', '700'])
  expect(await remove('2024-05-01')).toBe(204)
  expect(await remove('2024-05-01')).toBe(404)
  expect(await worths()).toEqual(['50', '50', '100'])
  // Set again where it had been taken back.
  await http.json('PUT', `${path}/2024-03-01`, { token, body: { amount: '500' } })
  expect(await worths()).toEqual(['10', '500', '550'])
})

test.each([
  ['1899-12-31', 'date'],
  ['2034-06-16', 'date'],
  ['2024-02-30', 'date'],
])('refuses to set a balance on %s', async (date, field) => {
  const { token } = await person()
  const account = await makeAccount(token)
  const { status, body } = await http.json('PUT', `/v1/accounts/${account.id}/balances/${date}`, {
    token,
    body: { amount: '1' },
  })
  expect([status, body.errors[0].field]).toEqual([400, field])
})
