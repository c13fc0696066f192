import { beforeAll, expect, inject, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { writeFile } from '../../src/archive/write-file.ts'
import { dropArchived, readArchivable } from '../../src/db/archive-detail.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { startArchive } from '../setup/archive.ts'
import { seen } from '../setup/archived.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
let people: { userId: string; sourceId: string }[]

const month = '2024-01-01'

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
  people = []
  for (let n = 0; n < 4; n++) {
    const { user, sourceId } = await newPerson(db)
    people.push({ userId: user.id, sourceId })
    await ingest(
      db,
      sourceId,
      Array.from({ length: 200 }, (_, at) =>
        row(`${at}`, `2024-01-${String(1 + (at % 31)).padStart(2, '0')}`, `${at}.5`, {
          description: `row ${at}`,
        }),
      ),
    )
  }
})

/** Whose rows lie beside the columnstore, and how many. */
async function outside(): Promise<Map<string, number>> {
  const chunks = await db.sql<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
    WHERE hypertable_name = 'transaction'`
  const counts = new Map<string, number>()
  for (const { chunk } of chunks) {
    const rows = await db.sql.unsafe<{ user_id: string; count: number }[]>(
      `SELECT user_id, count(*)::int AS count FROM ONLY ${chunk} GROUP BY user_id`,
    )
    for (const { user_id, count } of rows) counts.set(user_id, (counts.get(user_id) ?? 0) + count)
  }
  return counts
}

test.runIf(inject('engine') === 'timescale')(
  'a file that is dropped from the columnstore, and brought back, leaves what others have there as it lies',
  async () => {
    await compressEverything(db)
    expect(await outside()).toEqual(new Map())
    const [first, second] = people
    const found = await readArchivable(db.sql, month, first!.userId, second!.userId, 100_000)
    expect(found).toHaveLength(400)
    const { file, rows } = await writeFile(archive, month, found)
    expect(await dropArchived(db.sql, file, rows, now)).toBe(true)
    const after = await outside()
    expect([...after.keys()].sort()).toEqual([first!.userId, second!.userId].sort())
    await compressEverything(db)
    await restoreMonth(archive, month, { userId: second!.userId })
    expect([...(await outside()).keys()]).toEqual([second!.userId])
    await restoreMonth(archive, month)
  },
)

test.runIf(inject('engine') === 'timescale')(
  'a file of some users alone leaves in the columnstore what lies between them',
  async () => {
    await compressEverything(db)
    const alone = [people[0]!.userId, people[2]!.userId]
    const found = await readArchivable(db.sql, month, alone[0]!, alone[1]!, 100_000, alone)
    expect(found).toHaveLength(400)
    const { file, rows } = await writeFile(archive, month, found)
    expect(await dropArchived(db.sql, file, rows, now)).toBe(true)
    expect([...(await outside()).keys()].sort()).toEqual(alone.sort())
    await restoreMonth(archive, month)
  },
)

test('whatever refreshes and is compressed meanwhile, and behind it, everything stays what it was', async () => {
  const look = () => Promise.all(people.map(({ userId }) => seen(db, archive.store, userId)))
  const whole = await look()
  await compressEverything(db)
  // A part of each chunk lies beside the columnstore.
  for (const { sourceId } of people)
    await ingest(db, sourceId, [row('0', '2024-01-01', '0.5', { description: 'row 0', category: 'x' })])
  for (const { sourceId } of people)
    await ingest(db, sourceId, [row('0', '2024-01-01', '0.5', { description: 'row 0' })])
  const refreshing = (async () => {
    for (let n = 0; n < 5; n++) await refreshRollups(db.sql, db.engine)
  })()
  await Promise.all([archiveMonth(archive, month, { rowsPerFile: 200 }), refreshing])
  const sameWorth = async () =>
    expect((await look()).map(({ worth, balances }) => ({ worth, balances }))).toEqual(
      whole.map(({ worth, balances }) => ({ worth, balances })),
    )
  await sameWorth()
  await refreshRollups(db.sql, db.engine)
  await compressEverything(db)
  await sameWorth()
  expect((await verifyArchive(archive)).faults).toEqual([])
  await Promise.all([restoreMonth(archive, month), refreshRollups(db.sql, db.engine)])
  await refreshRollups(db.sql, db.engine)
  await sameWorth()
  const plain = (each: Awaited<ReturnType<typeof look>>) =>
    each.map(({ transactions }) => transactions.map(({ recordedAt: _, ...rest }) => rest))
  expect(plain(await look())).toEqual(plain(whole))
})
