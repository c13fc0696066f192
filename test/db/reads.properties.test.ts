import { Big } from 'big.js'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { readBalances } from '../../src/db/balances.ts'
import { fileSource } from '../../src/db/file-source.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { type Interval, intervals, readNetWorth } from '../../src/db/net-worth.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addUser, type User } from '../../src/db/users.ts'
import { foldBalance, type LedgerRow, settleLedger } from '../model/ledger.ts'
import { arbitraryArrival } from '../model/page-sequences.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { propertyRuns } from '../setup/property-runs.ts'

const now = new Date('2024-06-15T12:00:00Z')
const numRuns = propertyRuns(12, 40, 'TIDEMARK_READ_RUNS')

let db: TestDatabase
let users = 0

beforeAll(async () => {
  db = await cloneDatabase()
})

async function newUser(): Promise<{ user: User; sourceId: string }> {
  const user = await addUser(db, { email: `${users++}@example.org`, timeZone: 'UTC', baseCurrency: 'EUR' })
  return { user, sourceId: await fileSource(db.sql, user.id) }
}

/** balance(t) and the series at every event day and the day before and after it. */
async function expectReadsToFold(user: User, rows: LedgerRow[]): Promise<void> {
  const days = [
    ...new Set(rows.flatMap(({ bookedOn }) => [addDays(bookedOn, -1), bookedOn, addDays(bookedOn, 1)])),
  ].sort()
  const pairs = [...new Set(rows.map((row) => `${row.account} ${row.asset}`))].map(
    (pair) => pair.split(' ') as [string, string],
  )
  for (const at of days) {
    const balances = await readBalances(db.sql, { userId: user.id, at, currency: 'EUR' })
    for (const [account, asset] of pairs) {
      const found = balances.find((balance) => balance.account === account && balance.asset === asset)
      expect(found?.quantity ?? '0', `${account} ${asset} at ${at}`).toBe(
        foldBalance(rows, account, asset, at).toFixed(),
      )
    }
  }
  await expectSeriesToFold(user, rows, days)
}

/** In EUR, at which BTC has no price: it is missing wherever it is held, and counts nothing. */
async function expectSeriesToFold(user: User, rows: LedgerRow[], days: string[]): Promise<void> {
  const [from, to] = [days[0], days.at(-1)]
  if (from === undefined || to === undefined) return
  const accounts = [...new Set(rows.map((row) => row.account))]
  for (const interval of intervals) {
    const series = await readNetWorth(db.sql, {
      userId: user.id,
      currency: 'EUR',
      from,
      to,
      interval,
      by: 'account',
    })
    expect(series.points.map((point) => point.date)).toEqual(bucketEnds(from, to, interval))
    for (const [index, point] of series.points.entries()) {
      const values = accounts.map((account) => foldBalance(rows, account, 'EUR', point.date))
      const net = values.reduce((sum, value) => sum.plus(value), new Big(0))
      const assets = values
        .filter((value) => value.gte(0))
        .reduce((sum, value) => sum.plus(value), new Big(0))
      expect(point.netWorth, `${interval} ${point.date}`).toBe(rounded(net))
      expect(point.assets).toBe(rounded(assets))
      expect(new Big(point.assets).plus(point.liabilities).toFixed()).toBe(point.netWorth)
      const holdsCoins = accounts.some((account) => !foldBalance(rows, account, 'BTC', point.date).eq(0))
      expect(point.missing).toEqual(holdsCoins ? ['BTC'] : [])
      expect(point.quality).toBe(holdsCoins ? 'incomplete' : 'exact')
      for (const group of series.groups ?? []) {
        expect(group.points[index]?.netWorth).toBe(rounded(foldBalance(rows, group.name, 'EUR', point.date)))
      }
    }
  }
}

/** Half away from zero, which is what big.js calls half up. */
function rounded(value: Big): string {
  return value.round(8, Big.roundHalfUp).toFixed()
}

function bucketEnds(from: string, to: string, interval: Interval): string[] {
  const ends = new Set<string>()
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const next = addDays(day, 1)
    const closes = {
      day: true,
      week: new Date(`${day}T00:00:00Z`).getUTCDay() === 0,
      month: next.endsWith('-01'),
      quarter: /-(01|04|07|10)-01$/.test(next),
      year: next.endsWith('-01-01'),
    }[interval]
    if (closes || day === to) ends.add(day)
  }
  return [...ends]
}

test(`balances and series are the fold of history, before any refresh, after it, and with late rows (${numRuns} histories)`, async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(arbitraryArrival, arbitraryArrival, async (early, late) => {
      const { user, sourceId } = await newUser()
      const rename = ({ history, pages }: typeof late) =>
        JSON.parse(JSON.stringify({ history, pages }).replaceAll('"checking"', '"late"')) as typeof late
      const second = rename(late)
      for (const page of early.pages) await ingestPage(db.sql, sourceId, page, now)
      const first = settleLedger(early.history.changes, early.history.balances).rows
      await expectReadsToFold(user, first)

      await refreshRollups(db.sql, db.engine)
      if (run++ % 5 === 0) await compressEverything(db)
      await expectReadsToFold(user, first)

      // Late rows into days that the aggregates hold, and changes of what they hold: the wallet is in both.
      const shifted = second.pages.map((page) => ({
        ...page,
        changes: page.changes.map((change) => ({ ...change, version: (change.version ?? 0) + 1000 })),
        balances: page.balances.map((balance) => ({ ...balance, sequence: (balance.sequence ?? 0) + 1000 })),
      }))
      for (const page of shifted) await ingestPage(db.sql, sourceId, page, now)
      const both = settleLedger(
        [
          ...early.history.changes,
          ...second.history.changes.map((change) => ({ ...change, version: (change.version ?? 0) + 1000 })),
        ],
        [
          ...early.history.balances,
          ...second.history.balances.map((balance) => ({
            ...balance,
            sequence: (balance.sequence ?? 0) + 1000,
          })),
        ],
      ).rows
      await expectReadsToFold(user, both)
      await refreshRollups(db.sql, db.engine)
      await expectReadsToFold(user, both)
    }),
    { numRuns },
  )
})
