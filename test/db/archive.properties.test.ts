import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Archive } from '../../src/archive/archive.ts'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { readWholePage } from '../../src/archive/transaction-pages.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { addDays } from '../../src/calendar.ts'
import { readBalances } from '../../src/db/balances.ts'
import { fileSource } from '../../src/db/file-source.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addUser } from '../../src/db/users.ts'
import { foldBalance, type Ledger, settleLedger, sorted } from '../model/ledger.ts'
import { arbitraryArrival } from '../model/page-sequences.ts'
import { startArchive } from '../setup/archive.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'

const now = new Date('2024-06-15T12:00:00Z')
/** More with TIDEMARK_ARCHIVE_RUNS. */
const numRuns = Number(process.env.TIDEMARK_ARCHIVE_RUNS ?? 40)
const months = ['2024-01-01', '2024-02-01', '2024-03-01', '2024-04-01']

let db: TestDatabase
let archive: Archive
let users = 0

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
})

/** What a user's list shows, page by page, wherever the rows lie. */
async function listed(userId: string, limit: number): Promise<Ledger['rows']> {
  const accounts = new Map(
    (await db.sql`SELECT id, external_id FROM account WHERE user_id = ${userId}`).map((row) => [
      row.id,
      row.external_id,
    ]),
  )
  const rows: Ledger['rows'] = []
  let order = ''
  let after: Awaited<ReturnType<typeof readWholePage>>['next']
  do {
    const page = await readWholePage(
      { sql: db.sql, store: archive.store },
      { userId, filter: {}, after, limit, today: '2024-06-15' },
    )
    for (const { accountId, date, amount, asset, kind, status, description } of page.transactions) {
      if (order !== '') expect(date <= order).toBe(true)
      order = date
      rows.push({
        account: accounts.get(accountId),
        asset,
        bookedOn: date,
        amount,
        kind,
        status,
        description,
      })
    }
    after = page.next
  } while (after)
  return sorted(rows)
}

async function expectWorth(userId: string, rows: Ledger['rows']): Promise<void> {
  const days = [...new Set(rows.flatMap(({ bookedOn }) => [addDays(bookedOn, -1), bookedOn]))].sort()
  for (const at of days) {
    for (const { account, asset, quantity } of await readBalances(db.sql, { userId, at, currency: 'EUR' }))
      expect(quantity, `${account} ${asset} at ${at}`).toBe(foldBalance(rows, account, asset, at).toFixed())
  }
  if (days.length === 0) return
  const series = await readNetWorth(db.sql, {
    userId,
    currency: 'EUR',
    from: days[0]!,
    to: days.at(-1)!,
    interval: 'day',
  })
  const accounts = [...new Set(rows.map(({ account }) => account))]
  for (const { date, netWorth } of series.points) {
    const net = accounts
      .map((account) => foldBalance(rows, account, 'EUR', date))
      .reduce((sum, each) => sum.plus(each))
    expect(netWorth, date).toBe(net.round(8, 1).toFixed())
  }
}

type Step = 'archive' | 'restore' | 'compress' | 'refresh'
const arbitrarySteps = fc.array(
  fc.record({
    before: fc.nat({ max: 12 }),
    step: fc.constantFrom<Step[]>('archive', 'archive', 'archive', 'restore', 'compress', 'refresh'),
    month: fc.constantFrom(...months),
    rowsPerFile: fc.integer({ min: 1, max: 5 }),
  }),
  { minLength: 2, maxLength: 8 },
)

test(`whatever is archived and brought back meanwhile, the same pages end in the same state (${numRuns} histories)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryArrival,
      arbitrarySteps,
      fc.integer({ min: 1, max: 7 }),
      async ({ history, pages }, steps, limit) => {
        const user = await addUser(db, {
          email: `${users++}@example.org`,
          timeZone: 'UTC',
          baseCurrency: 'EUR',
        })
        const sourceId = await fileSource(db.sql, user.id)
        const run = async ({ step, month, rowsPerFile }: (typeof steps)[number]) => {
          if (step === 'archive') await archiveMonth(archive, month, { rowsPerFile })
          else if (step === 'restore') await restoreMonth(archive, month, { userId: user.id })
          else if (step === 'refresh') await refreshRollups(db.sql, db.engine)
          else await compressEverything(db)
        }
        for (const [index, page] of pages.entries()) {
          for (const each of steps.filter(({ before }) => before % pages.length === index)) await run(each)
          await ingestPage(db.sql, sourceId, page, now)
        }
        const rows = sorted(settleLedger(history.changes, history.balances).rows)
        for (const month of months) await archiveMonth(archive, month)

        const [left] = await db.sql`
        SELECT count(*)::int AS count FROM transaction
        WHERE user_id = ${user.id} AND is_archivable(status, archived_count, kind, id, account_id, asset, booked_on)`
        expect(left!.count).toBe(0)
        await expectWorth(user.id, rows)
        expect(await listed(user.id, limit)).toEqual(rows)
        await refreshRollups(db.sql, db.engine)
        await expectWorth(user.id, rows)

        for (const month of months) await restoreMonth(archive, month, { userId: user.id })
        expect(await db.sql`SELECT 1 FROM archive_part WHERE user_id = ${user.id}`).toEqual([])
        expect(await listed(user.id, limit)).toEqual(rows)
        await expectWorth(user.id, rows)
        // Everything that is said again is known.
        for (const page of pages) await ingestPage(db.sql, sourceId, page, now)
        expect(await listed(user.id, 500)).toEqual(rows)
      },
    ),
    { numRuns },
  )
  expect((await verifyArchive(archive)).faults).toEqual([])
})
