import { setTimeout as wait } from 'node:timers/promises'
import Big from 'big.js'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { dayInZone } from '../../src/calendar.ts'
import { type Household, makeHousehold } from '../../src/cli/demo/household.ts'
import type { Ledger, LedgerEntry } from '../../src/cli/demo/ledger.ts'
import { formatAmount } from '../../src/cli/demo/units.ts'
import type { Source } from '../../src/db/sources.ts'
import { worthOfLedgers } from '../cli-demo/ledger-worth.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, makeFolder, type Outcome } from './command.ts'

const email = 'household-1-2024@demo.example'
const household = makeHousehold({ seed: 1, today: '2024-06-15' })
const folder = makeFolder()
let db: TestDatabase
let tidemark: CommandLine
let first: Outcome

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
  first = await tidemark.run('demo', '--no-serve')
})

const json = async (...words: string[]) =>
  JSON.parse((await tidemark.run(...words, '--format', 'json')).stdout)

/** The part between the sentences: a table of the years and a chart of the months. */
const shown = (outcome: Outcome) => outcome.stdout.split('\n\n').slice(1, -1).join('\n\n')

test('files are imported, providers are synced, and it is told what each of them brought', () => {
  expect([first.code, first.stderr]).toEqual([0, ''])
  const lines = first.stdout.split('\n')
  expect(lines[0]).toMatch(/ are \d+ files in \.tidemark-demo\/files\/household-1-2024@demo\.example$/)
  expect(lines[1]).toMatch(/^Imported (\d+) transactions of 4 accounts \(\1 added, 0 known before\)\.$/)
  expect(lines[2]).toMatch(/over HTTP:$/)
  const told = lines.slice(3, 8).map((line) => line.trim().split(/ {2,}/))
  const { checking, savings, card, joint, pounds, coins } = household.books
  const rows = (...ledgers: Ledger[]) =>
    ledgers
      .flatMap((ledger) => ledger.entries())
      .filter(({ kind }) => kind !== 'opening')
      .length.toLocaleString('en-US')
  expect(told.map(([id, , brought]) => [id, brought!.split(' added')[0]])).toEqual([
    ['plaid', rows(checking, savings, card)],
    ['simplefin', rows(joint, pounds)],
    ['exchange', rows(coins)],
    ['ecb', expect.stringMatching(/^1\d,\d{3}$/)],
    ['crypto-prices', '1,440'],
  ])
  // Three of a bank, two of another one, and each asset of the coins and of the brokerage's closing balances.
  expect(lines[8]).toBe(
    `10 accounts; 11 of 11 reported balances are what the transactions add up to. 0.0 s, ${inject('engine')} engine.`,
  )
})

test('a table of the years with their quality, a chart, and what to do next', () => {
  const lines = shown(first).split('\n')
  expect(lines[0]!.split(/ {2,}/)).toEqual(['date', 'net worth EUR', 'assets', 'liabilities', 'quality'])
  const years = lines.slice(2, 14).map((line) => line.trim().split(/ {2,}/))
  // What the accounts held before their first day is posted on the last day of the year before.
  const days = Array.from({ length: 11 }, (_, at) => `${2013 + at}-12-31`)
  expect(years.map(([day]) => day)).toEqual([...days, '2024-06-15'])
  for (const year of years) expect(['exact', 'carried'], year.join(' ')).toContain(year.at(-1))
  expect(lines.some((line) => /[\u2801-\u28ff]/.test(line))).toBe(true)
  expect(first.stdout).toMatch(
    new RegExp(
      `\n {2}npx tidemark balance --user ${email}\n {2}npx tidemark source list\n {2}npx tidemark status\n$`,
    ),
  )
})

test('every account holds the movements of its ledger, no more and no less', async () => {
  expect(await storedMovements(db, email)).toEqual(movementsOf(household))
})

test('legs of one trade stay together', async () => {
  const rows = await db.sql`
    SELECT string_agg(t.booked_on || ' ' || trim_scale(t.amount) || ' ' || t.asset, ', ' ORDER BY t.asset, t.amount) AS legs
    FROM transaction t JOIN account a ON a.id = t.account_id
    WHERE a.external_id = 'main' AND t.group_id IS NOT NULL
    GROUP BY t.group_id HAVING count(*) > 1 ORDER BY 1`
  const groups = new Map<string, LedgerEntry[]>()
  for (const entry of household.books.coins.entries())
    if (entry.group !== undefined) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry])
  const legs = [...groups.values()].map((entries) =>
    entries
      .toSorted((a, b) => (a.asset === b.asset ? Number(a.amount - b.amount) : a.asset < b.asset ? -1 : 1))
      .map(({ day, amount, asset }) => `${day} ${exact(amount, asset)} ${asset}`)
      .join(', '),
  )
  expect(legs.length).toBeGreaterThan(200)
  expect(rows.map((row) => row.legs).toSorted()).toEqual(legs.toSorted())
})

test('no report of a difference stands against what the accounts hold', async () => {
  const accounts: { account: string; balances: { asset: string; difference: string | null }[] }[] =
    await json('balance', '--user', email)
  const reported = accounts.flatMap(({ account, balances }) =>
    balances.filter(({ difference }) => difference !== null).map((each) => ({ account, ...each })),
  )
  expect(reported.map(({ account, asset }) => `${account} ${asset}`).toSorted()).toEqual([
    'Brokerage AGGG',
    'Brokerage USD',
    'Brokerage VWRD',
    'Checking EUR',
    'Credit card EUR',
    'Joint account (Bank of Examples) EUR',
    'Kraken BTC',
    'Kraken ETH',
    'Kraken EUR',
    'London account (Bank of Examples) GBP',
    'Savings EUR',
  ])
  for (const { account, asset, difference } of reported)
    expect(`${account} ${asset} ${difference}`).toBe(`${account} ${asset} 0`)
})

test('net worth at the ends of years is what ledgers and market say', async () => {
  const series = await json('net-worth', '--user', email, '--interval', 'year')
  expect(series.points).toHaveLength(12)
  for (const { date, netWorth } of series.points)
    expect([date, new Big(netWorth).round(6).toFixed()]).toEqual([
      date,
      worthOfLedgers(household, date).round(6).toFixed(),
    ])
})

test('behind it the sources are paused: there is nothing that a worker could do for them', async () => {
  const sources: Source[] = await json('source', 'list')
  expect(sources.map(({ connector }) => connector)).toEqual([
    'plaid',
    'simplefin',
    'exchange',
    'ecb',
    'crypto-prices',
  ])
  for (const { status, statusMessage, backfill, running } of sources)
    expect({ status, statusMessage, backfill, running }).toEqual({
      status: 'paused',
      statusMessage: expect.stringContaining('emulated'),
      backfill: null,
      running: false,
    })
  expect((await json('status')).providers.map((provider: { due: number }) => provider.due)).toEqual([
    0, 0, 0, 0, 0,
  ])
})

test('a second time adds nothing, with the same sources, and shows the same', async () => {
  const sources: Source[] = await json('source', 'list')
  const before = await json('net-worth', '--user', email, '--interval', 'month')
  const second = await tidemark.run('demo', '--no-serve')
  expect([second.code, second.stderr]).toEqual([0, ''])
  expect(second.stdout).toMatch(/^Imported (\d+) transactions of 4 accounts \(0 added, \1 known before\)\.$/m)
  const told = second.stdout.split('\n').slice(3, 8)
  for (const line of told) expect(line).toMatch(/ 0 added(, \d+ unchanged)?$/)
  expect(shown(second)).toBe(shown(first))
  expect(await json('net-worth', '--user', email, '--interval', 'month')).toEqual(before)
  expect(await storedMovements(db, email)).toEqual(movementsOf(household))
  const again: Source[] = await json('source', 'list')
  expect(again.map(({ id }) => id)).toEqual(sources.map(({ id }) => id))
  // Emulators listen at other ports now.
  expect(again[2]!.config).not.toEqual(sources[2]!.config)
})

test('a real connection is not asked of the emulators', async () => {
  const source = (await json('source', 'list')).at(-1)
  await db.sql`UPDATE user_source SET name = 'Real prices', status = 'active' WHERE id = ${source.id}`
  const { code, stderr } = await tidemark.run('demo', '--no-serve')
  expect(code).toBe(2)
  expect(stderr).toContain(`source ${source.id}, Real prices, is none of the demo’s`)
  await db.sql`UPDATE user_source SET name = ${source.name}, status = 'paused' WHERE id = ${source.id}`
})

describe('cut off in the middle', () => {
  test.skipIf(inject('engine') !== 'plain')(
    'asked to stop it ends with paused sources, and the next run completes it',
    async () => {
      const own = await cloneDatabase()
      const command = commandLine(own, folder)
      const { stop, ended } = command.runUntilStopped('demo')
      await rowsOfPlaid(own, 1_000)
      stop()
      const stopped = await ended
      expect(stopped.code).toBe(1)
      expect(stopped.stderr).toContain('run this again to complete it')
      const statuses = await own.sql`SELECT DISTINCT status FROM user_source WHERE next_sync_at IS NOT NULL`
      expect(statuses.map(({ status }) => status)).toEqual(['paused'])
      expect((await command.run('demo', '--no-serve')).code).toBe(0)
      expect(await storedMovements(own, email)).toEqual(movementsOf(household))
    },
  )

  test.skipIf(inject('engine') !== 'plain')(
    'killed, its next run completes it without waiting for the leases that it left',
    async () => {
      const own = await cloneDatabase()
      const command = commandLine(own, folder)
      const killed = command.start(['demo'])
      await rowsOfPlaid(own, 1_000)
      killed.process.kill('SIGKILL')
      await killed.ended
      const today = dayInZone(new Date(), 'UTC')
      const { code, stdout } = await command.start(['demo', '--no-serve']).ended
      expect([code, stdout]).toEqual([0, expect.stringContaining('Go on with:')])
      const theirs = makeHousehold({ seed: 1, today })
      expect(await storedMovements(own, `household-1-${today.slice(0, 4)}@demo.example`)).toEqual(
        movementsOf(theirs),
      )
    },
  )
})

/** Resolves when so many rows of the bank are stored. */
async function rowsOfPlaid({ sql }: TestDatabase, rows: number): Promise<void> {
  for (;;) {
    const [found] = await sql`
      SELECT count(*)::int AS count FROM account a JOIN transaction t ON t.account_id = a.id
      WHERE a.external_id IN ('checking', 'savings', 'card')`
    if (found!.count >= rows) return
    await wait(20)
  }
}

/** `day amount asset` of everything that is stored, by account. */
async function storedMovements({ sql }: TestDatabase, owner: string) {
  const rows = await sql`
    SELECT a.name, t.booked_on, trim_scale(t.amount)::text AS amount, t.asset
    FROM transaction t JOIN account a ON a.id = t.account_id JOIN app_user u ON u.id = t.user_id
    WHERE u.email = ${owner}`
  return byAccount(
    rows.map(({ name, booked_on, amount, asset }) => [
      name.replace(' (Bank of Examples)', '').replace('Kraken', 'Coins'),
      `${booked_on} ${amount} ${asset}`,
    ]),
  )
}

function movementsOf({ books }: Household) {
  return byAccount(
    Object.values(books).flatMap((ledger) =>
      ledger
        .entries()
        .map(({ day, amount, asset }): [string, string] => [
          ledger.name,
          `${day} ${exact(amount, asset)} ${asset}`,
        ]),
    ),
  )
}

/** How many there are of each account, and all of them, in one order. */
function byAccount(rows: [name: string, movement: string][]) {
  const accounts = new Map<string, string[]>()
  for (const [name, movement] of rows) {
    const known = accounts.get(name)
    if (known) known.push(movement)
    else accounts.set(name, [movement])
  }
  return Object.fromEntries(
    [...accounts].map(([name, movements]) => [
      name,
      { count: movements.length, movements: movements.toSorted().join('\n') },
    ]),
  )
}

function exact(units: bigint, asset: Parameters<typeof formatAmount>[1]): string {
  return new Big(formatAmount(units, asset)).toFixed()
}
