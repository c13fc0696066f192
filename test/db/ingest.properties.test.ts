import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { fileSource } from '../../src/db/file-source.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { addUser } from '../../src/db/users.ts'
import { type Ledger, settleLedger, sorted } from '../model/ledger.ts'
import { arbitraryArrival } from '../model/page-sequences.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { propertyRuns } from '../setup/property-runs.ts'

const now = new Date('2024-06-15T12:00:00Z')
const numRuns = propertyRuns(100, 500)

let db: TestDatabase
let users = 0

beforeAll(async () => {
  db = await cloneDatabase()
})

async function newSource(): Promise<{ userId: string; sourceId: string }> {
  const user = await addUser(db, { email: `${users++}@example.org`, timeZone: 'UTC', baseCurrency: 'EUR' })
  return { userId: user.id, sourceId: await fileSource(db.sql, user.id) }
}

async function storedLedger(userId: string): Promise<Ledger> {
  const rows = await db.sql`
    SELECT a.external_id AS account, t.asset, t.booked_on AS "bookedOn", trim_scale(t.amount) AS amount, t.kind,
      t.status, t.description
    FROM transaction t JOIN account a ON a.id = t.account_id WHERE t.user_id = ${userId}`
  const reconciliations = await db.sql`
    SELECT a.external_id AS account, r.asset, r.day, r.edge, trim_scale(r.reported) AS reported,
      trim_scale(r.folded) AS folded
    FROM reconciliation r JOIN account a ON a.id = r.account_id WHERE r.user_id = ${userId}`
  return {
    rows: sorted(rows.map((row) => ({ ...row })) as Ledger['rows']),
    reconciliations: sorted(reconciliations.map((row) => ({ ...row })) as Ledger['reconciliations']),
  }
}

test(`any prefix, permutation, duplication and re-chunking of the same pages ends in the same state (${numRuns} sequences)`, async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(arbitraryArrival, async ({ history, pages }) => {
      const { userId, sourceId } = await newSource()
      // Now and then what is written lies in the columnstore already when the rest arrives.
      const compressAfter = run++ % 25 === 0 ? Math.floor(pages.length / 2) : -1
      for (const [index, page] of pages.entries()) {
        await ingestPage(db.sql, sourceId, page, now)
        if (index === compressAfter) {
          await refreshRollups(db.sql, db.engine)
          await compressEverything(db)
        }
      }
      expect(await storedLedger(userId)).toEqual(settleLedger(history.changes, history.balances))
    }),
    { numRuns },
  )
})
