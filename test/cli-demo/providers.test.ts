import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { coinPricesAfter, connections } from '../../src/cli/demo/connections.ts'
import { type Household, makeHousehold } from '../../src/cli/demo/household.ts'
import { writeHousehold } from '../../src/cli/demo/household-files.ts'
import { formatAmount } from '../../src/cli/demo/units.ts'
import { createWorld } from '../../src/connectors/emulator/world.ts'

const today = '2026-07-15'
const household = makeHousehold({ seed: 1, today })
const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const worldsOf = (each: Household) =>
  new Map(
    connections.map((connection) => {
      const world = createWorld()
      connection.fill(world, each)
      return [connection.id, world]
    }),
  )
const worlds = worldsOf(household)

test('accounts of providers hold what their ledgers hold, of which the opening is no row', () => {
  const { books } = household
  for (const [id, account, ledger, asset] of [
    ['plaid', 'checking', books.checking, 'EUR'],
    ['plaid', 'savings', books.savings, 'EUR'],
    ['plaid', 'card', books.card, 'EUR'],
    ['simplefin', 'ACT-joint', books.joint, 'EUR'],
    ['simplefin', 'ACT-london', books.pounds, 'GBP'],
  ] as const) {
    const world = worlds.get(id)!
    const held = Number(formatAmount(ledger.balance(asset), asset))
    expect([...world.balances(account)].map(([of, amount]) => [of, Number(amount)])).toEqual([[asset, held]])
    const entries = ledger.entries().filter(({ kind }) => kind !== 'opening')
    expect(world.rows(account)).toHaveLength(entries.length)
    // An opening is placed on the day before the first row: that has to be the household's first day.
    if (ledger !== books.card) expect(entries[0]!.day).toBe(household.from)
  }
})

test.each([
  [1, '2024-06-15'],
  [2, '2026-12-31'],
  [9, '2031-01-02'],
])('with seed %i on %s, accounts with an opening move on the first day', (seed, day) => {
  const { books, from } = makeHousehold({ seed, today: day })
  for (const ledger of [books.checking, books.savings, books.joint, books.pounds])
    expect(ledger.entries().find(({ kind }) => kind !== 'opening')!.day).toBe(from)
})

test('a later day of the year only adds to what a feed told', () => {
  const later = worldsOf(makeHousehold({ seed: 1, today: '2026-09-02' }))
  for (const [id, world] of worlds) {
    const events = world.events()
    expect(later.get(id)!.events().slice(0, events.length)).toEqual(events)
  }
})

test('what comes from providers is in no file, and every price comes once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-providers-'))
  folders.push(folder)
  const after = coinPricesAfter(household)
  const files = await writeHousehold(household, folder, {
    accounts: connections.flatMap(({ accounts }) => accounts),
    pricesAfter: after,
  })
  const stems = new Set(files.map(({ path }) => basename(path).replace(/(-\d{4})?\.\w+$/, '')))
  expect([...stems].toSorted()).toEqual(['brokerage', 'car-loan', 'flat', 'mortgage', 'prices'])

  const inFile = (await readFile(files[0]!.path, 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(0, 3).join(' '))
  const told = ['ecb', 'crypto-prices']
    .flatMap((id) => worlds.get(id)!.prices())
    .map(({ asset, currency, day }) => `${asset} ${currency} ${day}`)
  const all = [...inFile, ...told]
  expect(new Set(all).size).toBe(all.length)
  const expected = household.market.series.flatMap(({ asset, currency, closes }) =>
    [...closes.keys()].map((day) => `${asset} ${currency} ${day}`),
  )
  // The close of a day is known on the next one.
  const open = [`BTC USD ${today}`, `ETH USD ${today}`]
  expect(all.toSorted()).toEqual(expected.filter((each) => !open.includes(each)).toSorted())
  expect(told.filter((each) => each.startsWith('BTC'))).toHaveLength(720)
  expect(told).toContain(`BTC USD ${addDays(after, 1)}`)
})
