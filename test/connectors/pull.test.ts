import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  oneof,
  record,
  tuple,
  uniqueArray,
} from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { addDays } from '../../src/calendar.ts'
import type { SyncPage } from '../../src/connectors/connector.ts'
import { ConnectorBugError } from '../../src/connectors/errors.ts'
import { type CheckedPage, type CheckOptions, checkPages } from '../../src/connectors/pull.ts'
import { accountKinds, type ReportedBalance, transactionStatuses, type Upsert } from '../../src/page.ts'

const account = 'checking'
const good: Upsert = {
  type: 'upsert',
  account,
  id: 'one',
  bookedOn: '2025-03-01',
  amount: '12.5',
  asset: 'EUR',
  kind: 'card',
  status: 'posted',
}
/** What a provider, or a connector that trusts it, may say instead. */
const faults = constantFrom(
  { amount: 'NaN' },
  { amount: '1e5' },
  { amount: '1,000.00' },
  { amount: 12.5 },
  { amount: null },
  { bookedOn: '2025-02-30' },
  { bookedOn: '' },
  { bookedOn: '1025-01-01' },
  { occurredAt: 'yesterday' },
  { status: 'settled' },
  { asset: '' },
  { asset: 'a coin with blanks' },
  { kind: '' },
  { kind: 7 },
  { kind: 'card\x7f' },
  { occurredAt: '2024' },
  { occurredAt: '1' },
  { occurredAt: '2025-03-01' },
  { occurredAt: '2025-03-01T12:00:00' },
  { occurredAt: '2025-02-30T12:00:00Z' },
  { occurredAt: '2025-03-01T12:00:61Z' },
  { occurredAt: '2025-03-01T12:00:00+19:00' },
  { occurredAt: 1740830400 },
  { description: { text: 'a' } },
  { counterparty: 1 },
  { category: ['FOOD'] },
  { group: 9 },
  { version: '1' },
  { version: 1.5 },
  { version: 1e21 },
  { replaces: 'one' },
  { replaces: [1] },
  { replaces: [''] },
  { id: '' },
)

test('a faulty row becomes a problem, and the others stay as they are', async () => {
  const rows = uniqueArray(
    tuple(integer({ min: 0, max: 999 }), oneof({ weight: 3, arbitrary: constantFrom({}) }, faults)),
    { selector: ([id]) => id },
  )
  await assert(
    asyncProperty(rows, async (given) => {
      const said = given.map(([id, fault]) => ({ ...good, id: `${id}`, ...fault }) as Upsert)
      const sound = given.filter(([, fault]) => Object.keys(fault).length === 0).map(([id]) => `${id}`)
      const [page] = await check([{ changes: said }])
      expect(page!.changes.map(({ id }) => id)).toEqual(sound)
      expect(page!.problems).toHaveLength(said.length - sound.length)
      expect(page!.problems.every((problem) => problem.account === account)).toBe(true)
    }),
  )
})

test.each([
  '2025-03-01T12:00:00Z',
  '2025-03-01T12:00Z',
  '2025-03-01T12:00:00.123456789+05:30',
  '2025-03-01T12:00:00-0800',
])('%s is an instant', async (occurredAt) => {
  const [page] = await check([{ changes: [{ ...good, occurredAt }] }])
  expect(page).toMatchObject({ changes: [{ occurredAt }], problems: [] })
})

test('an account that is none takes its own rows and balances with it, and no others', async () => {
  const row = (id: unknown, change: object = {}) => ({ ...good, account: id, ...change }) as Upsert
  const balance = (id: unknown) =>
    ({ account: id, asset: 'EUR', day: '2025-03-01', edge: 'now', amount: '1' }) as ReportedBalance
  const complete = (id: string) =>
    ({ type: 'window-complete', account: id, from: '2025-03-01', to: '2025-03-31' }) as const
  const faultyAccounts: [id: unknown, fault: object][] = [
    ['a', { kind: 'chequing' }],
    ['b', { name: { en: 'B' } }],
    ['c', { owner: 7 }],
    ['d', { ownerCurrency: '' }],
    ['e'.repeat(501), {}],
    ['f\0', {}],
    [7, {}],
    ['', {}],
  ]
  for (const [id, fault] of faultyAccounts) {
    const [page] = await check([
      {
        accounts: [{ externalId: id, ...fault } as never, { externalId: account }],
        changes: [row(id), good, complete(id as string), complete(account)],
        balances: [balance(id), balance(account)],
      },
    ])
    expect(page).toMatchObject({
      accounts: [{ externalId: account }],
      changes: [good],
      balances: [{ account }],
      problems: [{ message: expect.stringMatching(/^account "/) }],
    })
    // Whose rows those without an identity are is not known.
    const isNamed = typeof id === 'string' && id !== ''
    expect(page!.completed.map((each) => each.account)).toEqual(isNamed ? [account] : [])
  }
})

test('on a platform-wide connection an account says whose it is', async () => {
  const accounts = [{ externalId: 'a' }, { externalId: account, owner: 'u1', ownerCurrency: 'USD' }]
  const [asPlatform] = await check([{ accounts }], { scope: 'platform' })
  expect(asPlatform).toMatchObject({
    accounts: [accounts[1]],
    problems: [{ account: 'a', message: 'account "a": it has no owner' }],
  })
  const [asUser] = await check([{ accounts }])
  expect(asUser).toMatchObject({ accounts, problems: [] })
})

test('whatever JSON stands in the fields, what passes can be stored', async () => {
  const fields = (sound: object) =>
    dictionary(constantFrom(...Object.keys(sound)), oneof(jsonValue(), instants, double()), {
      maxKeys: 3,
    }).map((wrong) => ({ ...sound, ...wrong }) as never)
  const balance = { account, asset: 'EUR', day: '2025-03-01', edge: 'now', amount: '1', sequence: 1 }
  const price = { asset: 'BTC', currency: 'USD', day: '2025-03-01', price: '1' }
  const whole = { ...good, occurredAt: '2025-03-01T00:00:00Z', description: '', counterparty: '' }
  const said = { ...whole, category: '', group: '', replaces: [], version: 1 }
  const owned = { externalId: 'savings', kind: 'other', name: '', owner: 'me', ownerCurrency: 'EUR' }
  const { account: _, ...rowFields } = said
  await assert(
    asyncProperty(
      array(fields(owned), { maxLength: 3 }),
      array(
        fields(rowFields).map((row) => ({ account, ...(row as object) }) as never),
        { maxLength: 6 },
      ),
      array(
        fields({ ...balance }).map((each) => ({ ...(each as object), account }) as never),
        { maxLength: 3 },
      ),
      array(fields(price), { maxLength: 3 }),
      async (accounts, changes, balances, prices) => {
        const page = { accounts: [{ externalId: account }, ...accounts], changes, balances, prices }
        const [checked] = await check([page])
        expect(() => storable.parse(checked)).not.toThrow()
        const rows = checked!.changes.filter(({ type }) => type === 'upsert')
        expect(() => z.array(storableRow).parse(rows)).not.toThrow()
        const left = changes.length + balances.length + prices.length
        const stored = checked!.changes.length + checked!.balances.length + checked!.prices.length
        const windows = checked!.completed.length
        expect(checked!.problems.length).toBeGreaterThanOrEqual(left - stored - windows > 0 ? 1 : 0)
      },
    ),
    { numRuns: 500 },
  )
})

test('of the problems of a page group 20 are told, and how many more there were', async () => {
  const faultyPage = (from: number) => ({
    changes: Array.from({ length: 10 }, (_, at) => ({ ...good, id: `${from + at}`, asset: '' })),
    groupEnd: false,
  })
  const pages = await check([
    faultyPage(0),
    faultyPage(10),
    faultyPage(20),
    { ...faultyPage(30), groupEnd: true },
    { ...faultyPage(40), groupEnd: true },
  ])
  expect(pages.map(({ problems }) => problems.length)).toEqual([10, 10, 0, 1, 10])
  expect(pages[3]!.problems).toEqual([{ message: 'and 20 more that could not be used' }])
})

test('problems that are not told one by one hold a window back all the same', async () => {
  const told = Array.from({ length: 30 }, (_, at) => ({ account: `a${at}`, message: 'it is missing' }))
  const [page] = await check([
    {
      accounts: [{ externalId: 'a29' }],
      changes: [{ type: 'window-complete', account: 'a29', from: '2025-03-01', to: '2025-03-31' }],
      problems: told,
    },
  ])
  expect(page!.completed).toEqual([])
  expect(page!.problems.at(-1)).toEqual({ message: 'and 10 more that could not be used' })
})

test('a page most of whose rows are at fault is refused as a whole', async () => {
  const rows = (sound: number, faulty: number) => [
    ...Array.from({ length: sound }, (_, at) => ({ ...good, id: `s${at}` })),
    ...Array.from({ length: faulty }, (_, at) => ({ ...good, id: `f${at}`, amount: '1,5' })),
  ]
  const unread = (count: number) =>
    Array.from({ length: count }, () => ({ account, message: 'a row cannot be read', row: true }))
  await expect(check([{ changes: rows(10, 11) }])).rejects.toThrow(ConnectorBugError)
  await expect(check([{ changes: rows(10, 11) }])).rejects.toThrow(
    '11 of 21 rows of a page could not be used; the first: transaction "f0": "1,5" is not a decimal amount',
  )
  await expect(check([{ changes: rows(5, 5), problems: unread(6) }])).rejects.toThrow('11 of 16 rows')
  expect((await check([{ changes: rows(0, 10) }]))[0]!.problems).toHaveLength(10)
  expect((await check([{ changes: rows(11, 11) }]))[0]!.changes).toHaveLength(11)
  // Problems with accounts say nothing of the format of rows.
  const signIn = Array.from({ length: 15 }, (_, at) => ({ account: `a${at}`, message: 'sign in' }))
  expect((await check([{ problems: signIn }]))[0]!.problems).toHaveLength(15)
})

test('what is complete names the rows of the account and its days that the group has said, and no others', async () => {
  const days = integer({ min: 0, max: 30 }).map((day) => addDays('2025-03-01', day))
  const row = record({
    account: constantFrom('checking', 'savings'),
    id: integer({ min: 0, max: 40 }).map(String),
    bookedOn: days,
  })
  const page = record({ rows: array(row, { maxLength: 6 }), groupEnd: boolean() })
  await assert(
    asyncProperty(array(page, { maxLength: 8 }), days, days, async (given, one, other) => {
      const [from, to] = one < other ? [one, other] : [other, one]
      const pages = given.map(({ rows, groupEnd }) => ({
        accounts: [{ externalId: 'checking' }, { externalId: 'savings' }],
        changes: rows.map((each) => ({ ...good, ...each })),
        groupEnd,
      }))
      const checked = await check([
        ...pages,
        {
          accounts: [{ externalId: 'checking' }],
          changes: [{ type: 'window-complete' as const, account, from, to }],
        },
      ])
      const groupFrom = given.map(({ groupEnd }) => groupEnd).lastIndexOf(true) + 1
      const last = new Map<string, string>()
      for (const { rows } of given.slice(groupFrom))
        for (const each of rows) if (each.account === account) last.set(each.id, each.bookedOn)
      const expected = [...last].filter(([, day]) => day >= from && day <= to).map(([id]) => id)
      const [completed] = checked.at(-1)!.completed
      expect(completed).toMatchObject({ account, from, to })
      expect(completed!.ids.toSorted()).toEqual(expected.toSorted())
    }),
  )
})

test('a window with a problem removes nothing', async () => {
  const [page] = await check([
    {
      changes: [
        good,
        { ...good, id: 'two', amount: 'much' },
        { type: 'window-complete', account, from: '2025-03-01', to: '2025-03-31' },
      ],
    },
  ])
  expect(page).toMatchObject({ completed: [], problems: [{ account }] })
})

test('a window of another account is complete all the same', async () => {
  const accounts = [{ externalId: account }, { externalId: 'savings' }]
  const march = { from: '2025-03-01', to: '2025-03-31' }
  const [page] = await check([
    {
      accounts,
      changes: [
        { ...good, amount: 'much' },
        { ...good, account: 'savings' },
        { type: 'window-complete', account, ...march },
        { type: 'window-complete', account: 'savings', ...march },
      ],
    },
  ])
  expect(page!.completed).toEqual([{ account: 'savings', ...march, ids: ['one'] }])
})

test('a pull that ends in the middle of a group is the connector’s fault', async () => {
  await expect(check([{ groupEnd: true }, { groupEnd: false }])).rejects.toThrow(
    'in the middle of a page group',
  )
  expect(await check([])).toEqual([])
})

test('a cursor that comes back ends the pull, unless it is the last page', async () => {
  await assert(
    asyncProperty(integer({ min: 0, max: 6 }), integer({ min: 1, max: 6 }), async (lead, length) => {
      const cursors = Array.from({ length: lead + length }, (_, index) => ({ page: index }))
      const back = { page: lead }
      const closed = [...cursors, back].map((cursor) => ({ cursor }))
      expect(await check(closed)).toHaveLength(lead + length + 1)
      await expect(check([...closed, { cursor: { page: -1 } }])).rejects.toThrow(ConnectorBugError)
    }),
  )
})

test('a null cursor may come on every page', async () => {
  expect(await check([{ cursor: null }, { cursor: null }, { cursor: null }])).toHaveLength(3)
})

test('faulty balances and prices become problems', async () => {
  const balance = { account, asset: 'EUR', day: '2025-03-01', edge: 'now' as const, amount: '10' }
  const price = { asset: 'BTC', currency: 'USD', day: '2025-03-01', price: '90000' }
  const [page] = await check([
    {
      balances: [balance, { ...balance, amount: '?' }, { ...balance, day: 'today' }],
      prices: [price, { ...price, price: '0' }, { ...price, price: '-1' }, { ...price, currency: '' }],
    },
  ])
  expect(page!.balances).toEqual([balance])
  expect(page!.prices).toEqual([price])
  expect(page!.problems).toHaveLength(5)
})

test.each([
  [{ changes: [{ ...good, account: 'unknown' }] }, 'no page named the account "unknown"'],
  [{ accounts: null as never }, 'lacks its lists'],
  [{ cursor: 'x'.repeat(70_000) }, 'a cursor must be JSON'],
  [{ cursor: undefined as never }, 'a cursor must be JSON'],
])('a page that cannot be followed is the connector’s fault: %#', async (page, message) => {
  await expect(check([page])).rejects.toThrow(message)
})

/** What PostgreSQL takes, told in another way than the checker's. */
const decimal = z.string().regex(/^[+-]?(\d+\.?\d*|\.\d+)$/)
const day = z.iso.date()
const name = z.string().min(1)
const storable = z.object({
  accounts: z.array(
    z.object({
      externalId: name,
      kind: z.enum(accountKinds).optional(),
      name: z.string().optional(),
      owner: name.optional(),
      ownerCurrency: name.optional(),
    }),
  ),
  changes: z.array(
    z.object({
      type: z.enum(['upsert', 'delete']),
      account: name,
      id: name,
      version: z.int().optional(),
    }),
  ),
  balances: z.array(
    z.object({
      account: name,
      asset: name,
      day,
      edge: z.enum(['open', 'close', 'set', 'now']),
      amount: decimal,
      sequence: z.int().optional(),
    }),
  ),
  prices: z.array(z.object({ asset: name, currency: name, day, price: decimal })),
  problems: z.array(z.strictObject({ account: z.string().optional(), message: name })),
})
const storableRow = z.object({
  bookedOn: day,
  occurredAt: z.iso.datetime({ offset: true, local: false }).optional(),
  amount: decimal,
  asset: name,
  kind: name,
  status: z.enum(transactionStatuses),
  description: z.string().optional(),
  counterparty: z.string().optional(),
  category: z.string().optional(),
  group: z.string().optional(),
  replaces: z.array(name).optional(),
})

/** Texts that are nearly instants. */
const instants = constantFrom('2024', '1', '2025-03-01', '2025-02-29T00:00:00Z', '2025-03-01T00:00:00+02:00')

/** What is said of a page, the rest being as it mostly is. */
async function check(pages: Partial<SyncPage>[], options?: CheckOptions): Promise<CheckedPage[]> {
  async function* pull(): AsyncGenerator<SyncPage> {
    for (const [index, page] of pages.entries()) {
      yield {
        accounts: [{ externalId: account }],
        changes: [],
        balances: [],
        cursor: { at: index },
        groupEnd: index === pages.length - 1,
        ...page,
      }
    }
  }
  const checked: CheckedPage[] = []
  for await (const page of checkPages(pull(), options)) checked.push(page)
  return checked
}
