import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Big from 'big.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays, daysBetween } from '../../src/calendar.ts'
import { type Household, makeHousehold } from '../../src/cli/demo/household.ts'
import { type HouseholdFile, writeHousehold } from '../../src/cli/demo/household-files.ts'
import { formatAmount } from '../../src/cli/demo/units.ts'
import { type Price, readPrices } from '../../src/connectors/prices/price-reader.ts'
import { readStatement } from '../../src/connectors/statements/reader.ts'
import type { StatementEntry, StatementEvent } from '../../src/statement.ts'

const today = '2026-07-15'
const folders: string[] = []
let household: Household
let files: HouseholdFile[]
/** What the readers make of each statement file, in the files' order. */
let read: { file: HouseholdFile; events: StatementEvent[] }[]

beforeAll(async () => {
  household = makeHousehold({ seed: 1, today })
  files = await writeHousehold(household, await makeFolder())
  read = []
  for (const file of files.filter((each) => each.kind === 'statement'))
    read.push({ file, events: await eventsOf(file) })
})
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

test('the same seed and day give the same bytes, another seed gives others', async () => {
  const again = await writeHousehold(makeHousehold({ seed: 1, today }), await makeFolder())
  const other = await writeHousehold(makeHousehold({ seed: 2, today }), await makeFolder())
  const digests = await digestsOf(files)
  expect(await digestsOf(again)).toEqual(digests)
  const others = await digestsOf(other)
  // Prices, and the loan that nothing is random about, are those of every household.
  expect(others.filter((digest) => digests.includes(digest)).length).toBeLessThan(others.length / 4)
})

test('a later day of the year only adds to what was before', () => {
  const later = makeHousehold({ seed: 1, today: '2026-09-02' })
  for (const [name, ledger] of Object.entries(household.books)) {
    const entries = later.books[name as keyof typeof later.books].entries()
    expect(entries.filter(({ day }) => day <= today)).toEqual(ledger.entries())
  }
})

test('prices of a day are the same in every household, whatever its seed, day and years', () => {
  const other = makeHousehold({ seed: 2, today: '2027-03-01', years: 3 }).market
  for (const { asset, currency, closes } of household.market.series) {
    const others = other.series.find((each) => each.asset === asset && each.currency === currency)?.closes
    const shared = [...closes].filter(([day]) => day >= '2024-01-01')
    expect(shared.length).toBeGreaterThan(600)
    for (const [day, price] of shared) expect(others?.get(day)).toBe(price)
  }
})

test('ten to twenty thousand transactions over ten years, in every format and currency', () => {
  const entries = read.flatMap(({ events }) => entriesOf(events))
  expect(entries.length).toBeGreaterThan(10_000)
  expect(entries.length).toBeLessThan(20_000)
  const assets = new Set(entries.map(({ asset }) => asset))
  expect([...assets].sort()).toEqual(['AGGG', 'BTC', 'ETH', 'EUR', 'GBP', 'USD', 'VWRD'])
  expect(new Set(files.map(({ path }) => path.split('.').at(-1)))).toEqual(
    new Set(['csv', 'xml', 'sta', 'ofx', 'qif']),
  )
  const days = entries.map(({ bookedOn }) => bookedOn).sort()
  expect([days[0], days.at(-1)! <= today]).toEqual(['2015-12-31', true])
})

test('every file is read without a fault, and every entry of the household is in one', () => {
  const faults = read.flatMap(({ file, events }) =>
    events.flatMap((event) => (event.type === 'fault' ? [`${basename(file.path)}: ${event.reason}`] : [])),
  )
  expect(faults).toEqual([])
  const posted = Object.values(household.books).reduce((sum, ledger) => sum + ledger.entries().length, 0)
  const entries = read.reduce((sum, { events }) => sum + entriesOf(events).length, 0)
  // Of the accounts with opening balances, what they held before the first day is no entry.
  expect(entries).toBe(posted - 3)
})

test('opening and entries give the closing balance, which the next statement opens with', () => {
  const closings = new Map<string, string>()
  let statements = 0
  for (const { events } of read) {
    for (const statement of statementsIn(events)) {
      const open = statement.find((event) => event.type === 'balance' && event.edge === 'open')
      const close = statement.find((event) => event.type === 'balance' && event.edge === 'close')
      if (open?.type !== 'balance' || close?.type !== 'balance') continue
      const sum = entriesOf(statement).reduce(
        (total, entry) => total.plus(entry.amount),
        new Big(open.amount),
      )
      expect(sum.toFixed()).toBe(close.amount)
      const account = accountOf(statement)
      expect(open.amount).toBe(closings.get(account) ?? open.amount)
      closings.set(account, close.amount)
      statements++
    }
  }
  // Three accounts with a statement a month.
  expect(closings.size).toBe(3)
  expect(statements).toBe(3 * (10 * 12 + 7))
})

test('where a format has closing balances alone, all entries from the first on add up to them', () => {
  const sums = new Map<string, Big>()
  let balances = 0
  for (const { file, events } of read) {
    if (!file.path.endsWith('.ofx')) continue
    const account = accountOf(events)
    const key = (asset: string) => `${account} ${asset}`
    for (const { asset, amount } of entriesOf(events))
      sums.set(key(asset), (sums.get(key(asset)) ?? new Big(0)).plus(amount))
    for (const event of events) {
      if (event.type !== 'balance') continue
      expect(event.amount).toBe(sums.get(key(event.asset))?.toFixed())
      balances++
    }
  }
  expect(balances).toBe(11 + 3 * 11)
})

test('what is read comes to what the ledgers hold, to the last decimal', () => {
  for (const [stem, ledger] of [
    ['joint', household.books.joint],
    ['car-loan', household.books.carLoan],
    ['mortgage', household.books.mortgage],
    ['flat', household.books.flat],
    ['coins', household.books.coins],
  ] as const) {
    const sums = new Map<string, Big>()
    for (const { file, events } of read.filter((each) => basename(each.file.path).startsWith(stem)))
      for (const { asset, amount } of entriesOf(events)) {
        expect(file.kind).toBe('statement')
        sums.set(asset, (sums.get(asset) ?? new Big(0)).plus(amount))
      }
    for (const [asset, sum] of sums) {
      const held = ledger.balance(asset as 'EUR')
      expect(`${stem} ${asset} ${sum.toFixed()}`).toBe(
        `${stem} ${asset} ${new Big(formatAmount(held, asset as 'EUR')).toFixed()}`,
      )
    }
  }
})

test.each([1, 2, 3, 4, 5])('balances stay plausible with seed %i', (seed) => {
  const { books, from } = makeHousehold({ seed, today })
  for (let day = from; day <= today; day = addDays(day, 9)) {
    expect(books.checking.balance('EUR', day)).toBeGreaterThan(-1_500_00n)
    expect(books.joint.balance('EUR', day)).toBeGreaterThan(-1_000_00n)
    expect(books.savings.balance('EUR', day)).toBeGreaterThanOrEqual(0n)
    expect(books.pounds.balance('GBP', day)).toBeGreaterThan(0n)
    expect(books.brokerage.balance('USD', day)).toBeGreaterThanOrEqual(0n)
    expect(books.coins.balance('EUR', day)).toBeGreaterThanOrEqual(0n)
    expect(books.card.balance('EUR', day)).toBeLessThan(1_000_00n)
  }
  expect(books.carLoan.balance('EUR', from)).toBe(-14_900_00n)
  expect(books.carLoan.balance('EUR')).toBe(0n)
  expect(books.mortgage.balance('EUR')).toBeLessThan(0n)
  expect(books.mortgage.balance('EUR')).toBeGreaterThan(books.mortgage.balance('EUR', '2022-01-01'))
})

test('transfers between own accounts have two legs', () => {
  const legs = Object.values(household.books).flatMap((ledger) =>
    ledger.entries().filter((entry) => entry.kind === 'transfer' && entry.asset === 'EUR'),
  )
  const own = new Set<string | undefined>(Object.values(household.books).map(({ name }) => name))
  expect(legs.every(({ counterparty }) => own.has(counterparty))).toBe(true)
  // Legs over two currencies have a counterpart in the other one.
  const abroad = new Set([household.books.pounds.name, household.books.brokerage.name])
  const sum = legs.reduce((total, leg) => (abroad.has(leg.counterparty!) ? total : total + leg.amount), 0n)
  expect(sum).toBe(0n)
})

test('prices parse: coins every day, funds and rates from Monday to Friday', async () => {
  const prices: Price[] = []
  for (const file of files.filter((each) => each.kind === 'prices')) {
    for await (const event of readPrices(() => createReadStream(file.path))) {
      if (event.type === 'fault') throw new Error(`${file.path}:${event.line}: ${event.reason}`)
      prices.push(event)
    }
  }
  const daysOf = (asset: string, currency: string) =>
    prices.filter((price) => price.asset === asset && price.currency === currency).map(({ day }) => day)
  const days = daysBetween('2015-12-18', today) + 1
  for (const coin of ['BTC', 'ETH']) expect(daysOf(coin, 'USD')).toHaveLength(days)
  for (const [asset, currency] of [
    ['VWRD', 'USD'],
    ['AGGG', 'USD'],
    ...['USD', 'JPY', 'GBP', 'CHF'].map((each) => ['EUR', each]),
  ] as [string, string][]) {
    const weekdays = daysOf(asset, currency).map((day) => new Date(day).getUTCDay())
    expect(weekdays.length).toBeGreaterThan((days * 5) / 7 - 3)
    expect(weekdays).not.toContain(0)
    expect(weekdays).not.toContain(6)
  }
})

test.each([
  ['2026-01-01', 10],
  ['2024-02-29', 3],
  ['2020-12-31', 0],
  ['2045-06-30', 12],
])('a household up to %s over %i years is read without a fault', async (day, years) => {
  const written = await writeHousehold(makeHousehold({ seed: 7, today: day, years }), await makeFolder())
  for (const file of written.filter((each) => each.kind === 'statement')) {
    const events = await eventsOf(file)
    expect(events.filter((event) => event.type === 'fault')).toEqual([])
    for (const { bookedOn } of entriesOf(events)) expect(bookedOn <= day).toBe(true)
  }
})

test('a day or years out of bounds are refused', () => {
  expect(() => makeHousehold({ seed: 1, today: '2026-02-30' })).toThrow('"2026-02-30" is not a day')
  expect(() => makeHousehold({ seed: 1, today, years: 1.5 })).toThrow('a whole number')
  expect(() => makeHousehold({ seed: 1, today, years: 30 })).toThrow('begin in 2000')
})

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-household-'))
  folders.push(folder)
  return folder
}

async function eventsOf(file: HouseholdFile): Promise<StatementEvent[]> {
  const options = {
    timeZone: 'Europe/Berlin',
    ...(file.currency !== undefined && { defaultAsset: file.currency }),
  }
  const events: StatementEvent[] = []
  for await (const event of readStatement(() => createReadStream(file.path), options)) events.push(event)
  return events
}

/** A digest of each file: thousands of lines beside one another tell nobody anything. */
function digestsOf(list: HouseholdFile[]): Promise<string[]> {
  return Promise.all(
    list.map(async ({ path }) => {
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
      return `${basename(path)} ${digest}`
    }),
  )
}

function entriesOf(events: StatementEvent[]): StatementEntry[] {
  return events.filter((event) => event.type === 'entry')
}

function statementsIn(events: StatementEvent[]): StatementEvent[][] {
  const statements: StatementEvent[][] = []
  for (const event of events) {
    if (event.type === 'statement') statements.push([])
    statements.at(-1)!.push(event)
  }
  return statements
}

function accountOf(events: StatementEvent[]): string {
  const start = events.find((event) => event.type === 'statement')
  if (start?.type !== 'statement' || start.account.externalId === undefined) throw new Error('no account')
  return start.account.externalId
}
