import { join } from 'node:path'
import { expect } from 'vitest'
import { archiveMonth } from '../../../src/archive/archive-month.ts'
import { createFolderStore } from '../../../src/archive/folder-store.ts'
import { restoreMonth } from '../../../src/archive/restore-month.ts'
import { runArchive } from '../../../src/archive/run-archive.ts'
import { verifyArchive } from '../../../src/archive/verify-archive.ts'
import { addDays, dayOf } from '../../../src/calendar.ts'
import { connect } from '../../../src/db/client.ts'
import { readNetWorth } from '../../../src/db/net-worth.ts'
import { listAll, placesOf } from '../../setup/archived.ts'
import { ingest, newPerson, now, row } from '../../setup/people.ts'
import type { Operation, Place, Trial } from './operation.ts'

/** What the other operations write is younger. */
const afterDays = 400

export const archive: Record<string, Operation> = {
  'a run of the archive': async (place) => {
    const { through, trial } = await someMonth(place)
    return {
      ...trial,
      attempt: async () => {
        await runArchive(through, { afterDays })
      },
    }
  },
  'the restore of an archived month': async (place) => {
    const { through, direct, month, trial } = await someMonth(place)
    await archiveMonth(direct, month)
    return {
      ...trial,
      attempt: async () => {
        await restoreMonth(through, month)
      },
    }
  },
}

let months = 0

/** Two people with detail of a month that was never archived, which they see as it was wherever it lies. */
async function someMonth({ db, proxy, folder }: Place) {
  const month = dayOf(2018 + (Math.floor(months / 12) % 5), 1 + (months % 12), 1)
  months++
  await db.sql`DELETE FROM archive_month WHERE month = ${month}`
  const people: string[] = []
  for (let number = 0; number < 2; number++) {
    const { user, sourceId } = await newPerson(db)
    people.push(user.id)
    const rows = Array.from({ length: 10 }, (_, n) =>
      row(`${n}`, addDays(month, 2 * n), `${n - 3}.${number}5`),
    )
    await ingest(db, sourceId, rows)
  }
  const store = createFolderStore(join(folder, 'archive'), () => now)
  const direct = { store, db, clock: () => now, signal: new AbortController().signal }
  const sql = connect(proxy.urlOf(db.url), { max: 2 })
  const seen = () =>
    Promise.all(
      people.map(async (userId) => {
        const days = { from: month, to: addDays(month, 30), interval: 'day', currency: 'EUR' } as const
        const { points } = await readNetWorth(db.sql, { userId, ...days })
        return { points, transactions: await listAll(db, store, userId) }
      }),
    )
  const whole = await seen()
  const trial: Omit<Trial, 'attempt'> = {
    async state() {
      expect(await seen()).toEqual(whole)
      return Promise.all(people.map((userId) => placesOf(db, userId)))
    },
    // A month is moved user by user.
    isWhole: (state) =>
      (state as Awaited<ReturnType<typeof placesOf>>[]).every(
        ({ here, archived }) => (here === 0) !== (archived === 0),
      ),
    async end() {
      await sql.end({ timeout: 0 })
      expect((await verifyArchive(direct, { month })).faults).toEqual([])
    },
  }
  return { month, direct, through: { ...direct, db: { ...db, sql } }, trial }
}
