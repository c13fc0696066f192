import { beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import { compactMonth } from '../../src/db/archive-compact.ts'
import { connect } from '../../src/db/client.ts'
import { startArchive } from '../setup/archive.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
let relation: string

// The month in which the chunk ends that holds its first day.
const month = '2024-01-01'

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
  const { sourceId } = await newPerson(db)
  await ingest(
    db,
    sourceId,
    Array.from({ length: 20 }, (_, n) => row(`${n}`, `2024-01-${String(n + 1).padStart(2, '0')}`, `${n}`)),
  )
  await compressEverything(db)
  relation = inject('engine') === 'timescale' ? await chunkThatEnds() : 'transaction_2024_01'
})

beforeEach(async () => {
  await restoreMonth(archive, month)
  await archiveMonth(archive, month)
})

async function chunkThatEnds(): Promise<string> {
  const [chunk] = await db.sql<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
    WHERE hypertable_name = 'transaction' AND range_end::date - 1 BETWEEN ${month} AND '2024-01-31'`
  return chunk!.chunk
}

/** Each index of the relation: its number, which a rebuilt one has anew, and whether it is read. */
async function indexes() {
  const rows = await db.sql<{ oid: string; valid: boolean }[]>`
    SELECT indexrelid::text AS oid, indisvalid AS valid FROM pg_index WHERE indrelid = ${relation}::regclass ORDER BY 1`
  return [...rows]
}

/** Behind a transaction that a rebuild of indexes waits for. */
async function withReader(use: () => Promise<void>) {
  const reader = connect(db.url, { max: 1 })
  const reserved = await reader.reserve()
  await reserved`BEGIN`
  await reserved.unsafe(`SELECT count(*) FROM ${relation}`)
  await reserved.unsafe(`LOCK TABLE ${relation} IN ROW EXCLUSIVE MODE`)
  try {
    await use()
  } finally {
    await reserved`COMMIT`
    reserved.release()
    await reader.end()
  }
}

test('indexes are built anew where a fifth of the rows was moved, and not for fewer', async () => {
  const before = await indexes()
  await compactMonth(db, month, { moved: new Map([[month, 3]]) })
  await compactMonth(db, month, { moved: new Map([['2023-01-01', 20]]) })
  expect(await indexes()).toEqual(before)
  await compactMonth(db, month, { moved: new Map([[month, 4]]) })
  const after = await indexes()
  expect(after).toHaveLength(before.length)
  for (const { oid } of after) expect(before.map((each) => each.oid)).not.toContain(oid)
})

test('what is busy is left out, and leaves no index behind that nobody reads', async () => {
  const before = await indexes()
  await withReader(async () => {
    await compactMonth(db, month, { moved: new Map([[month, 20]]), lockTimeout: 50 })
  })
  await compactMonth(db, month, { moved: new Map([[month, 20]]) })
  const after = await indexes()
  expect(after).toHaveLength(before.length)
  expect(after.every(({ valid }) => valid)).toBe(true)
})

test('an index that a rebuild left behind when it was cut off is dropped', async () => {
  const before = await indexes()
  const victim = connect(db.url, { max: 1, applicationName: 'rebuild' })
  await withReader(async () => {
    const rebuilding = victim.unsafe(`REINDEX TABLE CONCURRENTLY ${relation}`).catch(() => undefined)
    for (let cut = false; !cut; ) {
      const [row] = await db.sql<{ cut: boolean }[]>`
        SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) AS cut FROM pg_stat_activity
        WHERE application_name = 'rebuild' AND wait_event_type = 'Lock' AND datname = current_database()`
      cut = row!.cut
    }
    await rebuilding
  })
  await victim.end({ timeout: 1 })
  expect((await indexes()).some(({ valid }) => !valid)).toBe(true)
  // By the next run, also where it moves nothing.
  await runArchive(archive, { afterDays: 36_000 })
  const after = await indexes()
  expect(after).toHaveLength(before.length)
  expect(after.every(({ valid }) => valid)).toBe(true)
  for (const { oid } of after) expect(before.map((each) => each.oid)).not.toContain(oid)
})
