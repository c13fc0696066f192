import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Big from 'big.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Household, makeHousehold } from '../../src/cli/demo/household.ts'
import { type HouseholdFile, writeHousehold } from '../../src/cli/demo/household-files.ts'
import { formatAmount, formatUnits } from '../../src/cli/demo/units.ts'
import { readBalances } from '../../src/db/balances.ts'
import { findUser } from '../../src/db/users.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

/**
 * The same households told to another program: hledger (https://hledger.org) gets a journal written from the
 * household's books, Tidemark the statement files that their banks would give.
 *
 * Both value a month's end with the newest price on or before it. Where the way to EUR leads against a rate, hledger
 * multiplies by its reciprocal, of which it keeps 255 decimals, and Tidemark divides once and keeps thirty; both
 * round at the end. So values are equal to the eighth decimal, the last that Tidemark gives, and quantities, which
 * are never divided, to the last digit.
 */
const today = '2024-05-31'
const years = 3
/** Of a euro, in which values are compared. */
const decimals = 8
const version = findHledger()

let db: TestDatabase
let tidemark: CommandLine
const folder = makeFolder()

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
})

function findHledger(): string | undefined {
  try {
    return execFileSync('hledger', ['--version'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

describe.skipIf(version === undefined)(`beside ${version ?? 'hledger, which is not installed here'}`, () => {
  // Prices are shared by all users of a database, and every household has its own: one after the other.
  test.each([1, 2, 3])(
    'household %i: the same quantities and the same net worth at every month’s end',
    async (seed) => {
      const household = makeHousehold({ seed, today, years })
      const journal = join(folder, `household-${seed}.journal`)
      await writeFile(journal, journalOf(household))
      const email = `household${seed}@example.org`
      await tidemark.run('user', 'add', email)
      await db.sql`DELETE FROM price`
      const files = await writeHousehold(household, join(folder, `household-${seed}`))
      for (const { path } of files.filter(({ kind }) => kind === 'prices'))
        expect((await tidemark.run('import-prices', path)).code).toBe(0)
      for (const [options, paths] of groupByOptions(files)) {
        const { code, stderr } = await tidemark.run('import', ...paths, '--user', email, ...options)
        expect([code, stderr]).toEqual([0, ''])
      }

      const range = ['--from', household.from, '--to', today, '--interval', 'month']
      const { stdout } = await tidemark.run(
        'net-worth',
        '--user',
        email,
        ...range,
        '--by',
        'account',
        '--format',
        'json',
      )
      const series: Series = JSON.parse(stdout)
      expect(series.points).toHaveLength(years * 12 + 5)
      expect(series.points.filter(({ quality }) => quality === 'incomplete')).toEqual([])

      const values = readHledger(journal, household.from, '--value=end,EUR')
      const total = values.get('total EUR')!
      expect(series.points.map(({ date, netWorth }) => [date, rounded(netWorth)])).toEqual(
        series.points.map(({ date }, at) => [date, rounded(total[at]!)]),
      )
      for (const { name, points } of series.groups) {
        const theirs = values.get(`assets:${name} EUR`)!
        expect([name, points.map(({ netWorth }) => rounded(netWorth))]).toEqual([name, theirs.map(rounded)])
      }

      const user = await findUser(db, email)
      const quantities = readHledger(journal, household.from, '--no-total')
      for (const [at, { date }] of series.points.entries()) {
        const balances = await readBalances(db.sql, { userId: user.id, at: date, currency: 'EUR' })
        const ours = balances
          .filter(({ quantity }) => quantity !== '0')
          .map(({ account, asset, quantity }) => [`assets:${account} ${asset}`, quantity])
        const theirs = [...quantities]
          .map(([name, held]) => [name, new Big(held[at]!).toFixed()])
          .filter(([, quantity]) => quantity !== '0')
        expect(ours.toSorted(), date).toEqual(theirs.toSorted())
      }
    },
  )
})

/** Files of one account may be named in one command, if they need the same options. */
function groupByOptions(files: HouseholdFile[]): [options: string[], paths: string[]][] {
  const groups = new Map<string, [string[], string[]]>()
  for (const { kind, path, ...file } of files) {
    if (kind === 'prices') continue
    const options = [
      ...(file.account === undefined ? [] : ['--account', file.account]),
      ...(file.currency === undefined ? [] : ['--currency', file.currency]),
    ]
    const key = options.join(' ')
    const group = groups.get(key) ?? [options, []]
    group[1].push(path)
    groups.set(key, group)
  }
  return [...groups.values()]
}

interface Point {
  date: string
  netWorth: string
  quality: string
}

interface Series {
  points: Point[]
  groups: { name: string; points: Point[] }[]
}

function rounded(value: string): string {
  return new Big(value).round(decimals, Big.roundHalfUp).toFixed(decimals)
}

/** Every entry of the books as a transaction against equity, and every price of the market. */
function journalOf({ books, market }: Household): string {
  const prices = market.series.flatMap(({ asset, currency, decimals, closes }) =>
    Array.from(closes, ([day, close]) => `P ${day} ${asset} ${formatUnits(close, decimals)} ${currency}`),
  )
  const transactions = Object.values(books).flatMap((ledger) =>
    ledger
      .entries()
      .map(
        ({ day, amount, asset }) =>
          `${day} entry\n  assets:${ledger.name}  ${formatAmount(amount, asset)} ${asset}\n  equity\n`,
      ),
  )
  return `${prices.join('\n')}\n\n${transactions.join('\n')}`
}

/** Balances at each month's end, by account (or `total`) and commodity. */
function readHledger(journal: string, from: string, option: string): Map<string, string[]> {
  const style = ['--commodity-style', `1.${'0'.repeat(decimals)} EUR`]
  const command = ['balance', '-f', journal, 'assets', '--historical', '--monthly', '--flat', '--layout=bare']
  const range = ['-b', from, '-e', '2024-06-01', '--output-format=csv']
  const text = execFileSync('hledger', [...command, ...range, ...style, option], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  // Every field is quoted.
  const [, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(1, -1).split('","'))
  return new Map(rows.map(([account, commodity, ...amounts]) => [`${account} ${commodity}`, amounts]))
}
