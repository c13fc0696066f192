import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  oneof,
  record,
  tuple,
  uniqueArray,
} from 'fast-check'
import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import type { SyncPage } from '../../src/connectors/connector.ts'
import { ConnectorBugError } from '../../src/connectors/errors.ts'
import { type CheckedPage, checkPages } from '../../src/connectors/pull.ts'
import type { Upsert } from '../../src/page.ts'

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
  [{ accounts: [{ externalId: '' }] }, 'no externalId'],
  [{ cursor: 'x'.repeat(70_000) }, 'a cursor must be JSON'],
  [{ cursor: undefined as never }, 'a cursor must be JSON'],
])('a page that cannot be followed is the connector’s fault: %#', async (page, message) => {
  await expect(check([page])).rejects.toThrow(message)
})

/** What is said of a page, the rest being as it mostly is. */
async function check(pages: Partial<SyncPage>[]): Promise<CheckedPage[]> {
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
  for await (const page of checkPages(pull())) checked.push(page)
  return checked
}
