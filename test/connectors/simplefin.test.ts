import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { addDays, dayInZone } from '../../src/calendar.ts'
import type { ConnectorContext, SyncPage } from '../../src/connectors/connector.ts'
import { listen } from '../../src/connectors/emulator/listen.ts'
import type { WorldRow } from '../../src/connectors/emulator/world.ts'
import {
  ConnectorBugError,
  PaymentError,
  ReauthError,
  RevokedError,
  TransientError,
} from '../../src/connectors/errors.ts'
import { createHttpClient } from '../../src/connectors/http-client.ts'
import { type CheckedPage, checkPages } from '../../src/connectors/pull.ts'
import { assetOf } from '../../src/connectors/simplefin/asset.ts'
import { type EmulatedSimplefin, start } from '../../src/connectors/simplefin/emulator.ts'
import { connector } from '../../src/connectors/simplefin/index.ts'
import { messageText } from '../../src/connectors/simplefin/plain-text.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import {
  backfillAfter,
  backfillWindow,
  firstBackfill,
  incrementalWindows,
} from '../../src/connectors/windows.ts'
import { parseDecimal } from '../../src/decimal.ts'
import type { Upsert } from '../../src/page.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close()
})

type Credentials = z.infer<typeof connector.credentials>

type Context = ConnectorContext<Credentials, Record<string, never>, undefined>

interface Bench {
  emulated: EmulatedSimplefin
  url: string
  clock: { now: Date }
  /** Addresses and headers as they went out. */
  asked: { url: string; authorization: string | null }[]
  saved: Credentials[]
  logged: string[]
  context(credentials?: unknown, timeZone?: string): Context
  pull(from: string, to: string, timeZone?: string): Promise<CheckedPage>
}

async function bench(options: { seeded?: boolean; limits?: boolean } = {}): Promise<Bench> {
  const clock = { now: new Date('2026-03-20T15:00:00Z') }
  const emulated = start({ clock: () => clock.now, ...options })
  const server = await listen(emulated.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  opened.push(server, transport)
  const asked: Bench['asked'] = []
  const saved: Credentials[] = []
  const logged: string[] = []
  const signal = new AbortController().signal
  const http = createHttpClient({
    fetch: (address, request) => {
      asked.push({ url: String(address), authorization: new Headers(request?.headers).get('authorization') })
      return transport.fetch(address, request)
    },
    gate: { enter: async () => async () => {} },
    clock: () => clock.now,
    signal,
  })
  const context: Bench['context'] = (
    credentials = emulated.connection(server.url).credentials,
    timeZone = 'UTC',
  ) => ({
    credentials: connector.credentials.parse(credentials),
    config: {},
    settings: undefined,
    http,
    clock: () => clock.now,
    signal,
    timeZone,
    log: {
      debug: (details, message) => void logged.push(JSON.stringify([details, message])),
      warn: (details, message) => void logged.push(JSON.stringify([details, message])),
    },
    saveCredentials: async (credentials) => void saved.push(credentials),
  })
  return {
    emulated,
    url: server.url,
    clock,
    asked,
    saved,
    logged,
    context,
    async pull(from, to, timeZone) {
      const request = { mode: 'incremental' as const, cursor: null, window: { from, to } }
      const pages: CheckedPage[] = []
      for await (const page of checkPages(connector.pull(context(undefined, timeZone), request)))
        pages.push(page)
      expect(pages).toHaveLength(1)
      expect(pages[0]).toMatchObject({ cursor: null, groupEnd: true })
      return pages[0]!
    },
  }
}

const rowsOf = (page: Pick<SyncPage, 'changes'>) =>
  page.changes.filter((change): change is Upsert => change.type === 'upsert')

/** Replaces the answer to the next request. */
function answer({ emulated }: Bench, change: (answer: Answer) => unknown): void {
  emulated.faults.plan({ kind: 'rewritten', rewrite: (text) => JSON.stringify(change(JSON.parse(text))) })
}
interface Answer {
  errlist: unknown[]
  connections: unknown[]
  accounts: (Record<string, unknown> & { transactions: Record<string, unknown>[] })[]
}

describe('the history of a connection', () => {
  test('is what the provider has, read window by window', async () => {
    const run = await bench()
    const today = '2026-03-20'
    const windows = incrementalWindows(connector.history, null, today)
    for (let left = firstBackfill(connector.history, today); left; ) {
      const window = backfillWindow(connector.history, left)
      windows.push(window)
      left = backfillAfter(left, window)
    }
    const rows = new Map<string, string>()
    let balances: unknown[] = []
    for (const { from, to } of windows) {
      const page = await run.pull(from, to)
      expect(page.problems).toEqual([])
      for (const row of rowsOf(page))
        rows.set(
          `${row.account} ${row.id}`,
          `${row.bookedOn} ${row.amount} ${row.asset} ${row.status} ${row.description} ${row.counterparty}`,
        )
      balances = page.balances
    }
    const { world } = run.emulated
    const assets = new Map(world.accounts().map(({ id, asset }) => [id, asset]))
    const expected = world
      .rows()
      .map((row): [string, string] => [
        `${row.account} ${row.id}`,
        `${row.occurredAt.slice(0, 10)} ${parseDecimal(row.amount)} ${assets.get(row.account)} ${row.status ?? 'posted'} ${row.description} ${row.counterparty}`,
      ])
    expect(expected.length).toBeGreaterThanOrEqual(40)
    expect([...rows].toSorted()).toEqual(expected.toSorted())
    expect(balances).toEqual(
      world.accounts().map(({ id, asset }) => ({
        account: id,
        asset,
        day: today,
        edge: 'now',
        amount: world.balances(id).get(asset),
      })),
    )
    // All of it within one day's requests.
    expect(windows.length).toBeLessThan(connector.limits[0]!.max)
  })

  test('is asked for in ranges that no server cuts off or warns of', async () => {
    const run = await bench()
    const { windowDays } = connector.history
    await run.pull('2026-01-01', addDays('2026-01-01', windowDays! - 1))
    const query = new URL(run.asked[0]!.url).searchParams
    const [from, to] = [Number(query.get('start-date')), Number(query.get('end-date'))]
    expect(to - from).toBeLessThanOrEqual(45 * 86_400)
    expect(from).toBe(Date.parse('2025-12-31T00:00:00Z') / 1000)
    expect(to).toBe(Date.parse(`${addDays('2026-01-01', windowDays! + 1)}T00:00:00Z`) / 1000)
    expect(query.get('pending')).toBe('1')
  })

  test('names accounts by institution, and check the connection', async () => {
    const run = await bench()
    expect(await connector.accounts(run.context())).toEqual([
      { externalId: 'ACT-checking', name: 'Everyday Checking (Bank of Examples)' },
      { externalId: 'ACT-savings', name: 'Savings (Bank of Examples)' },
      { externalId: 'ACT-card', name: 'Travel Card (Bank of Examples)' },
      { externalId: 'ACT-miles', name: 'Air Miles (Bank of Examples)' },
    ])
    expect(await connector.check(run.context())).toEqual({ name: 'Bank of Examples' })
  })
})

describe('the reporting day', () => {
  const zones = [
    'UTC',
    'America/Los_Angeles',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
    'Asia/Kathmandu',
    'Europe/Berlin',
  ]

  async function rowAt(occurredAt: string, timeZone: string): Promise<Upsert> {
    const run = await bench({ seeded: false })
    run.emulated.world.openAccount({ id: 'a', name: 'A', kind: 'checking', asset: 'USD' })
    run.emulated.world.put({ account: 'a', id: '1', occurredAt, amount: '1' })
    return rowsOf(await run.pull('2026-03-01', '2026-03-21', timeZone))[0]!
  }

  test.each(zones)('of a timestamp without a time is that day in %s', async (timeZone) => {
    for (const time of ['00:00:00', '12:00:00']) {
      const row = await rowAt(`2026-03-10T${time}Z`, timeZone)
      expect(row.bookedOn).toBe('2026-03-10')
      expect(row.occurredAt).toBeUndefined()
    }
  })

  test.each([
    ['2026-03-10T02:30:00Z', 'America/Los_Angeles', '2026-03-09'],
    ['2026-03-10T02:30:00Z', 'UTC', '2026-03-10'],
    ['2026-03-10T22:30:00Z', 'Pacific/Kiritimati', '2026-03-11'],
  ])('of %s in %s is %s', async (occurredAt, timeZone, day) => {
    const row = await rowAt(occurredAt, timeZone)
    expect(row.bookedOn).toBe(day)
    expect(Date.parse(row.occurredAt!)).toBe(Date.parse(occurredAt))
  })

  test('has all its rows in the answer, in every zone and at both edges of the window', async () => {
    const run = await bench({ seeded: false, limits: false })
    const { world } = run.emulated
    world.openAccount({ id: 'a', name: 'A', kind: 'checking', asset: 'USD' })
    const [from, to] = ['2026-03-08', '2026-03-14']
    const edges = [from, addDays(to, 1)].map((day) => Date.parse(`${day}T00:00:00Z`))
    const instant = fc
      .tuple(fc.constantFrom(...edges), fc.integer({ min: -30 * 3600, max: 30 * 3600 }))
      .map(([edge, seconds]) => new Date(edge + seconds * 1000).toISOString())
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(instant, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(...zones),
        async (instants, timeZone) => {
          for (const { id } of world.rows()) world.remove('a', id)
          for (const occurredAt of instants)
            world.put({ account: 'a', id: occurredAt, occurredAt, amount: '1' })
          const page = await run.pull(from, to, timeZone)
          const within = (day: string) => day >= from && day <= to
          const expected = instants.filter((at) =>
            within(Date.parse(at) % 43_200_000 === 0 ? at.slice(0, 10) : dayInZone(new Date(at), timeZone)),
          )
          // Nothing of the window is missing, so that nothing is taken for gone.
          expect(page.completed).toMatchObject([{ account: 'a', from, to }])
          expect(page.completed[0]!.ids.toSorted()).toEqual(expected.toSorted())
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('pending rows', () => {
  const hold: WorldRow = {
    account: 'ACT-card',
    id: 'hold',
    occurredAt: '2026-03-17T20:31:44Z',
    amount: '-60',
    status: 'pending',
  }

  test('go with the completed window, when the posted row has another id and names none', async () => {
    const run = await bench()
    run.emulated.world.put(hold)
    const before = await run.pull('2026-03-10', '2026-03-21')
    expect(rowsOf(before).find(({ id }) => id === 'hold')).toMatchObject({
      bookedOn: '2026-03-17',
      status: 'pending',
      amount: '-60',
    })
    expect(before.completed.find(({ account }) => account === 'ACT-card')!.ids).toContain('hold')

    run.emulated.world.remove('ACT-card', 'hold')
    const { status: _, ...posted } = {
      ...hold,
      id: 'posted',
      amount: '-61.20',
      occurredAt: '2026-03-19T12:00:00Z',
    }
    run.emulated.world.put(posted)
    const after = await run.pull('2026-03-10', '2026-03-21')
    const complete = after.completed.find(({ account }) => account === 'ACT-card')!
    // Of those days these are all: the pending one is none of them any more.
    expect(complete).toMatchObject({ from: '2026-03-10', to: '2026-03-21' })
    expect(complete.ids).toContain('posted')
    expect(complete.ids).not.toContain('hold')
    expect(rowsOf(after).find(({ id }) => id === 'posted')).toMatchObject({
      status: 'posted',
      amount: '-61.2',
    })
  })

  test.each<[string, Record<string, unknown>, object | undefined]>([
    ['posted 0', { posted: 0 }, { status: 'pending', bookedOn: '2026-03-20' }],
    [
      'posted 0, with its time',
      { posted: 0, transacted_at: 1773769304 },
      { status: 'pending', bookedOn: '2026-03-17' },
    ],
    ['a flag', { posted: 1773769304, pending: true }, { status: 'pending', bookedOn: '2026-03-17' }],
    ['a flag alone', { pending: true }, { status: 'pending', bookedOn: '2026-03-20' }],
    // The flag is what counts: some banks tell no day of what they have posted.
    [
      'no flag',
      { posted: 0, pending: false, transacted_at: 1773769304 },
      { status: 'posted', bookedOn: '2026-03-17' },
    ],
    ['neither', { transacted_at: 1773769304 }, { status: 'posted', bookedOn: '2026-03-17' }],
    ['posted on no day', { pending: false, posted: 0 }, undefined],
  ])('%s', async (_name, fields, expected) => {
    const run = await bench()
    answer(run, ({ accounts, ...rest }) => ({
      ...rest,
      accounts: [
        { ...accounts[0], transactions: [{ id: 'x', amount: '-1.00', description: 'X', ...fields }] },
      ],
    }))
    const page = await run.pull('2026-03-10', '2026-03-21')
    if (expected) expect(rowsOf(page)).toMatchObject([expected])
    else expect(page.problems).toMatchObject([{ account: 'ACT-checking' }])
  })
})

describe('the days of a window that are complete', () => {
  test('end with the window, and begin with it where rows still change', async () => {
    const run = await bench()
    const { completed } = await run.pull('2026-03-05', '2026-03-21')
    expect(completed.map(({ account, from, to }) => `${account} ${from} ${to}`)).toEqual(
      run.emulated.world.accounts().map(({ id }) => `${id} 2026-03-05 2026-03-21`),
    )
  })

  test('long ago are those from the first row on: a bank that keeps less history has removed nothing', async () => {
    const run = await bench({ seeded: false })
    const { world } = run.emulated
    for (const id of ['some', 'none', 'pending'])
      world.openAccount({ id, name: id, kind: 'checking', asset: 'USD' })
    world.put({ account: 'some', id: '1', occurredAt: '2025-11-20T12:00:00Z', amount: '1' })
    world.put({ account: 'some', id: '2', occurredAt: '2025-11-25T12:00:00Z', amount: '1' })
    world.put({
      account: 'pending',
      id: '3',
      occurredAt: '2025-11-20T12:00:00Z',
      amount: '1',
      status: 'pending',
    })
    expect((await run.pull('2025-11-01', '2025-11-30')).completed).toEqual([
      { account: 'some', from: '2025-11-20', to: '2025-11-30', ids: ['1', '2'] },
    ])
    // Without any row, of the days in which rows still change all is known all the same.
    const recent = await run.pull('2026-02-10', '2026-03-21')
    expect(recent.completed.map(({ from, to }) => `${from} ${to}`)).toEqual(
      Array(3).fill(`${addDays('2026-03-20', -connector.history.mutableDays)} 2026-03-21`),
    )
  })
})

describe('errors in an answer that is a success', () => {
  const complete = (page: CheckedPage) => page.completed.map(({ account }) => account)

  test('of one account leave the others as they are', async () => {
    const run = await bench()
    run.emulated.say({
      code: 'act.missingdata',
      msg: 'Some <b>transactions</b> are missing, see https://bank.example/?token=hunter2 for more',
      account_id: 'ACT-card',
      conn_id: 'CON-1',
    })
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([
      { account: 'ACT-card', message: 'Some transactions are missing, see … for more' },
    ])
    expect(complete(page)).toEqual(['ACT-checking', 'ACT-savings', 'ACT-miles'])
    // What did come of it is kept.
    expect(rowsOf(page).some(({ account }) => account === 'ACT-card')).toBe(true)
  })

  test('of one login are of its accounts', async () => {
    const run = await bench()
    answer(run, ({ accounts, connections }) => ({
      errlist: [{ code: 'con.auth', msg: 'Sign in again', conn_id: 'CON-2' }],
      connections: [...connections, { conn_id: 'CON-2', name: 'Other', org_name: 'Other Bank' }],
      accounts: accounts.map((account, index) => (index === 1 ? { ...account, conn_id: 'CON-2' } : account)),
    }))
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([{ account: 'ACT-savings', message: 'Sign in again' }])
    expect(complete(page)).toEqual(['ACT-checking', 'ACT-card', 'ACT-miles'])
    expect(page.accounts.map(({ name }) => name)).toContain('Savings (Other Bank)')
  })

  test.each([
    ['everything', { code: 'gen.failed', msg: 'Something happened' }],
    [
      'an account that did not come',
      { code: 'act.failed', msg: 'Something happened', account_id: 'ACT-gone' },
    ],
  ])('of %s leave unknown what is missing', async (_name, error) => {
    const run = await bench()
    run.emulated.say(error)
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([{ message: 'Something happened' }])
    expect(page.accounts).toHaveLength(4)
    expect(page.completed).toEqual([])
  })

  test('for the developer are logged, and nothing is taken for gone', async () => {
    const run = await bench()
    run.emulated.say({
      code: 'gen.api',
      msg: 'Requested date range exceeds limit of 90 days and was capped.',
    })
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([])
    expect(page.completed).toEqual([])
    expect(run.logged.join()).toContain('was capped')
  })

  test.each([
    ['con.auth', ReauthError],
    ['gen.auth', ReauthError],
    ['con.failed', TransientError],
    ['act.failed', TransientError],
  ])('%s, and no account at all', async (code, type) => {
    const run = await bench()
    answer(run, () => ({ errlist: [{ code, message: 'So it is', conn_id: 'CON-1' }], accounts: [] }))
    const failed = run.pull('2026-03-10', '2026-03-21')
    await expect(failed).rejects.toBeInstanceOf(type)
    await expect(failed).rejects.toThrow('So it is')
  })

  test('no account and no error is an answer', async () => {
    const run = await bench({ seeded: false })
    expect(await run.pull('2026-03-10', '2026-03-21')).toMatchObject({ accounts: [], problems: [] })
  })

  test('of the first version are sentences', async () => {
    const run = await bench()
    answer(run, () => ({ errors: ['You must reauthenticate.'], accounts: [] }))
    await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(ReauthError)
    answer(run, () => ({ errors: ['The bank is closed.'], accounts: [] }))
    await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(TransientError)
    answer(run, ({ accounts }) => ({
      errors: ['You must reauthenticate.', {}],
      accounts: accounts.map(({ conn_id: _, ...account }) => ({
        ...account,
        org: { domain: 'bank.example', 'sfin-url': 'https://bank.example/simplefin' },
      })),
    }))
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems.map(({ message }) => message)).toEqual([
      'You must reauthenticate.',
      'an error without a message',
    ])
    expect(page.accounts[1]!.name).toBe('Savings (bank.example)')
    expect(page.completed).toEqual([])
  })

  test('that both versions tell are told once', async () => {
    const run = await bench()
    answer(run, (whole) => ({
      ...whole,
      errlist: [{ code: 'gen.', msg: 'One thing' }],
      errors: ['One thing', 'Another'],
    }))
    const { problems } = await run.pull('2026-03-10', '2026-03-21')
    expect(problems).toEqual([{ message: 'One thing' }, { message: 'Another' }])
  })

  test('are shown without markup, addresses and control characters, and in short', () => {
    expect(messageText('  a <script>x</script>\n\u0000b https://u:p@h/x, wss://h ')).toBe('a x b … …')
    expect(messageText('x'.repeat(9_999))).toHaveLength(200)
    expect(messageText('<p></p>')).toBeUndefined()
  })
})

describe('what cannot be read', () => {
  test('is told, and the rest is kept', async () => {
    const run = await bench()
    answer(run, ({ accounts, ...rest }) => {
      const [checking, savings, card, miles] = accounts
      checking!.transactions.push(
        { id: 'no-amount', posted: 1773662400, description: 'x' },
        { id: 'bad-amount', posted: 1773662400, amount: '1,00' },
        { id: 'bad-day', posted: 'yesterday', amount: '1' },
        { id: 'far-day', posted: 999999999999, amount: '1' },
        { posted: 1773662400, amount: '1' },
        {
          id: 'odd',
          posted: 1773662400,
          amount: '+2.50',
          description: 7,
          payee: {},
          transacted_at: 'x',
          extra: 1,
        },
      )
      return {
        ...rest,
        accounts: [
          checking,
          { ...savings, balance: 'much' },
          { ...card, currency: 'United States Dollar' },
          miles,
          { name: 'nameless' },
          'nonsense',
          { id: 'no-currency' },
        ],
      }
    })
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems.map(({ account, message }) => `${account}: ${message}`)).toEqual([
      'undefined: an account is not as the protocol says',
      'undefined: an account is not as the protocol says',
      'no-currency: an account is not as the protocol says',
      'ACT-checking: a transaction "no-amount" is not as the protocol says',
      'ACT-checking: a transaction "bad-amount" is not as the protocol says',
      'ACT-checking: a transaction "bad-day" is not as the protocol says',
      'ACT-checking: a transaction "far-day" is not as the protocol says',
      'ACT-checking: a transaction is not as the protocol says',
      'ACT-savings: its balance is not as the protocol says',
      'ACT-card: its currency is none',
    ])
    const odd = rowsOf(page).find(({ id }) => id === 'odd')!
    // 7 is a number, whose text stands for itself.
    expect(odd).toMatchObject({ amount: '2.5', kind: 'deposit', bookedOn: '2026-03-16', description: '7' })
    expect(Object.keys(odd)).not.toContain('counterparty')
    const world = run.emulated.world.rows().filter(({ occurredAt }) => occurredAt >= '2026-03-09')
    const kept = rowsOf(page).filter(({ id }) => id !== 'odd')
    expect(kept.map(({ account, id }) => `${account} ${id}`).toSorted()).toEqual(
      world
        .filter(({ account }) => account !== 'ACT-card')
        .map(({ account, id }) => `${account} ${id}`)
        .toSorted(),
    )
    expect(page.balances.map(({ account }) => account)).toEqual(['ACT-checking', 'ACT-miles'])
    expect(page.completed).toEqual([])
  })

  test('one account’s faults do not keep another’s pending rows', async () => {
    const run = await bench()
    answer(run, ({ accounts, ...rest }) => {
      accounts[0]!.transactions.push({ id: 'bad' })
      return { ...rest, accounts }
    })
    const { completed } = await run.pull('2026-03-10', '2026-03-21')
    expect(completed.map(({ account }) => account)).toEqual(['ACT-savings', 'ACT-card', 'ACT-miles'])
  })

  test('two accounts with one id are left out, since nothing tells which is which', async () => {
    const run = await bench()
    answer(run, ({ accounts, ...rest }) => ({
      ...rest,
      accounts: [...accounts, { ...accounts[0], conn_id: 'CON-2' }],
    }))
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([
      { account: 'ACT-checking', message: 'accounts of two institutions have this id' },
    ])
    expect(page.accounts.map(({ externalId }) => externalId)).toEqual([
      'ACT-savings',
      'ACT-card',
      'ACT-miles',
    ])
  })

  test('an account that comes twice is one', async () => {
    const run = await bench()
    answer(run, ({ accounts, ...rest }) => ({ ...rest, accounts: [...accounts, ...accounts] }))
    const page = await run.pull('2026-03-10', '2026-03-21')
    expect(page.problems).toEqual([])
    expect(page.accounts).toHaveLength(4)
  })

  test.each(['[]', '{}', '{"accounts":{}}', '"no"', '{"accounts":[],"errors":"one"}'])(
    '%s is no set of accounts',
    async (body) => {
      const run = await bench()
      run.emulated.faults.plan({ kind: 'rewritten', rewrite: () => body })
      await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(ConnectorBugError)
    },
  )
})

describe('credentials', () => {
  test('a setup token is claimed once, for an access URL to keep', async () => {
    const run = await bench()
    const setupToken = run.emulated.setupToken(run.url)
    const checked = await connector.check(run.context({ setupToken }))
    expect(checked).toEqual({ credentials: run.emulated.connection(run.url).credentials })
    expect(run.emulated.traffic.requests()).toMatchObject([{ method: 'POST', status: 200 }])

    const again = connector.check(run.context({ setupToken }))
    await expect(again).rejects.toBeInstanceOf(ReauthError)
    await expect(again).rejects.toThrow(/used already.*create a new one.*disable it/)
    await expect(again).rejects.not.toThrow('TOKEN')
    // What was claimed is of use.
    expect(await connector.check(run.context(checked.credentials))).toEqual({ name: 'Bank of Examples' })
  })

  test('a setup token that was broken over lines by a copy is the same', async () => {
    const run = await bench()
    const token = run.emulated.setupToken(run.url)
    const setupToken = ` ${token.slice(0, 20)}\n${token.slice(20)}\n`
    expect(await connector.check(run.context({ setupToken }))).toHaveProperty('credentials.accessUrl')
  })

  test('a setup token that was never checked is claimed by the first pull, which keeps the access URL', async () => {
    const run = await bench()
    const context = run.context({ setupToken: run.emulated.setupToken(run.url) })
    const request = {
      mode: 'incremental' as const,
      cursor: null,
      window: { from: '2026-03-10', to: '2026-03-21' },
    }
    for await (const page of connector.pull(context, request)) expect(page.accounts).toHaveLength(4)
    expect(run.saved).toEqual([run.emulated.connection(run.url).credentials])
  })

  test('a claim that gives no access URL is a bug, and is not told', async () => {
    const run = await bench()
    for (const text of ['', 'hunter2', 'https://hunter2.example/simplefin']) {
      run.emulated.faults.plan({ kind: 'rewritten', rewrite: () => text })
      const failed = connector.check(run.context({ setupToken: run.emulated.setupToken(run.url) }))
      await expect(failed).rejects.toBeInstanceOf(ConnectorBugError)
      await expect(failed).rejects.not.toThrow('hunter2')
    }
  })

  test('go in a header, and never in an address', async () => {
    const run = await bench()
    await run.pull('2026-03-10', '2026-03-21')
    expect(run.asked).toHaveLength(1)
    const { url, authorization } = run.asked[0]!
    expect(url.startsWith(`${run.url}/simplefin/accounts?`)).toBe(true)
    expect(url).not.toContain('@')
    expect(Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()).toBe('user-0:p@ss/0')
  })

  test.each([
    [401, ReauthError],
    [402, PaymentError],
    [403, RevokedError],
    [500, TransientError],
  ])('an answer of %i', async (status, type) => {
    const run = await bench()
    run.emulated.faults.plan({ kind: 'status', status })
    await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(type)
  })

  test('a 429 is that of one token', async () => {
    const run = await bench()
    run.emulated.faults.plan({ kind: 'status', status: 429 })
    const failed = run.pull('2026-03-10', '2026-03-21')
    await expect(failed).rejects.toMatchObject({ code: 'rate-limited', scope: 'connection' })
  })

  test.each([
    ['version 2', '{"errlist":[{"code":"gen.auth","msg":"Forbidden"}],"accounts":[]}', ReauthError],
    [
      'version 2, of something else',
      '{"errlist":[{"code":"gen.","msg":"Closed"}],"accounts":[]}',
      RevokedError,
    ],
    ['a sentence', '{"errors":["You must reauthenticate."],"accounts":[]}', ReauthError],
    ['a page', '<html>Forbidden</html>', RevokedError],
    ['nothing', '', RevokedError],
  ])('a 403 with %s', async (_name, body, type) => {
    const run = await bench()
    run.emulated.faults.plan({ kind: 'status', status: 403, body })
    await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(type)
  })

  test('that the server does not know are the owner’s business', async () => {
    const run = await bench()
    const { accessUrl } = run.emulated.connection(run.url).credentials as { accessUrl: string }
    const failed = connector.check(run.context({ accessUrl: accessUrl.replace('user-0', 'user-1') }))
    await expect(failed).rejects.toBeInstanceOf(ReauthError)
    run.emulated.refuseCredentials()
    await expect(run.pull('2026-03-10', '2026-03-21')).rejects.toBeInstanceOf(ReauthError)
  })

  test.each([
    {},
    { setupToken: '' },
    { setupToken: 'not base64!' },
    { setupToken: Buffer.from('hunter2').toString('base64') },
    { setupToken: Buffer.from('file:///hunter2').toString('base64') },
    { accessUrl: 'hunter2' },
    { accessUrl: 'https://bridge.example/hunter2' },
    { accessUrl: 'ftp://hunter2:x@bridge.example/' },
    { accessUrl: 'https://u:p@bridge.example/', setupToken: 'hunter2' },
  ])('case %#: what can be none is refused, and not repeated', (given) => {
    const { error } = connector.credentials.safeParse(given)
    expect(error).toBeDefined()
    expect(error!.message).not.toContain('hunter2')
  })

  test('have a JSON schema', () => {
    const schema = z.toJSONSchema(connector.credentials)
    expect(JSON.stringify(schema)).toContain('setupToken')
    expect(JSON.stringify(schema)).toContain('accessUrl')
  })
})

describe('the emulator', () => {
  test('refuses more than 24 requests in a day, and disables a token that goes on', async () => {
    const run = await bench()
    const ask = () => connector.accounts(run.context())
    const other = () => connector.accounts(run.context(run.emulated.connection(run.url, 1).credentials))
    for (let request = 0; request < 24; request++) await ask()
    for (let request = 0; request < 24; request++)
      await expect(ask()).rejects.toMatchObject({ retryAt: new Date('2026-03-21T15:00:00Z') })
    await expect(ask()).rejects.toBeInstanceOf(RevokedError)
    // Disabled for good, and alone.
    expect(await other()).toHaveLength(4)
    run.clock.now = new Date(run.clock.now.getTime() + 3 * 86_400_000)
    await expect(ask()).rejects.toBeInstanceOf(RevokedError)
    expect(await other()).toHaveLength(4)
  })

  test('counts by the last 24 hours', async () => {
    const run = await bench()
    for (let hour = 0; hour < 72; hour++) {
      expect(await connector.accounts(run.context())).toHaveLength(4)
      run.clock.now = new Date(run.clock.now.getTime() + 3_600_000)
    }
  })

  test('answers as the protocol says in its first version, too', async () => {
    const { emulated, url } = await bench()
    const authorization = `Basic ${Buffer.from('user-0:p@ss/0').toString('base64')}`
    const get = async (query: string) => {
      const address = `${url}/simplefin/accounts?${query}`
      const response = await emulated.app.request(address, { headers: { authorization } })
      return (await response.json()) as Answer & { errors: string[] }
    }
    const one = await get('account=ACT-card')
    expect(one).toMatchObject({
      errors: [],
      accounts: [{ id: 'ACT-card', org: { name: 'Bank of Examples' } }],
    })
    // Pending rows only where they are asked for; the end of a range is not part of it.
    expect(one.accounts[0]!.transactions.some(({ pending }) => pending)).toBe(false)
    const coffee = Date.parse('2026-03-11T15:20:00Z') / 1000
    const within = async (from: number, to: number) => {
      const { accounts } = await get(`account=ACT-card&pending=1&start-date=${from}&end-date=${to}`)
      return accounts[0]!.transactions.length
    }
    expect(await within(coffee, coffee + 1)).toBe(2)
    expect(await within(coffee - 1, coffee)).toBe(0)
    expect((await get('balances-only=1&version=2')).accounts[0]).not.toHaveProperty('transactions')
    expect((await emulated.app.request(`${url}/simplefin/accounts`)).status).toBe(403)
  })
})

test.each([
  ['USD', 'USD'],
  [' zmw ', 'ZMW'],
  ['https://www.example.com/flight-miles', 'flight-miles'],
  ['https://www.example.com/points/USD/', 'usd'],
  ['https://example.com/Gold%20Points?x=1', 'gold-20points'],
  ['https://points.example.com', 'points.example.com'],
  [`https://example.com/${'x'.repeat(99)}`, 'x'.repeat(32)],
  ['http://', undefined],
  ['US Dollar', undefined],
  ['', undefined],
])('the asset of the currency "%s" is %s', (currency, asset) => {
  expect(assetOf(currency)).toBe(asset)
})
