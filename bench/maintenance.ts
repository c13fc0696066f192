import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveMonth } from '../src/archive/archive-month.ts'
import { createFolderStore } from '../src/archive/folder-store.ts'
import { restoreMonth } from '../src/archive/restore-month.ts'
import { readWholePage } from '../src/archive/transaction-pages.ts'
import { addDays } from '../src/calendar.ts'
import { compactMonth } from '../src/db/archive-compact.ts'
import { copyOut } from '../src/db/backup/copy-stream.ts'
import { readNetWorth } from '../src/db/net-worth.ts'
import { refreshRollups } from '../src/db/rollups.ts'
import type { Population } from './population.ts'
import { lastDay } from './population.ts'
import { type AreaReport, count, type Figure, milliseconds, ratio, seconds } from './report.ts'
import type { BenchDatabase } from './server.ts'
import { medianTimes, time } from './timing.ts'

/** Months that are archived, and brought back. */
const months = Array.from({ length: 12 }, (_, month) => `2017-${String(month + 1).padStart(2, '0')}-01`)
const now = new Date(`${lastDay}T12:00:00Z`)

/** Work on a month's rows: how many, how long, and beside what. */
interface Rate {
  name: string
  rows: number
  ms: number
  against?: { name: string; ms: number }
}

/**
 * What keeps the database small and near, beside the plainest way of the server to touch the same rows. Leaves the
 * population with these months archived and brought back.
 */
export async function benchMaintenance({ db, rows, measured }: Population): Promise<AreaReport> {
  const { userId } = measured[0]!
  const rates: Rate[] = []
  const reads: [string, number, number][] = []
  if (db.engine === 'timescale') rates.push(await refreshMonth(db), await convertChunk(db))

  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-archive-'))
  try {
    const store = createFolderStore(folder, () => now)
    const archive = { store, db, clock: () => now, signal: new AbortController().signal }
    const series = () =>
      readNetWorth(db.sql, { userId, currency: 'EUR', from: '2016-01-01', to: lastDay, interval: 'month' })
    const newest = (month: string) =>
      readWholePage(
        { sql: db.sql, store },
        { userId, filter: { from: month, to: addDays(month, 27) }, limit: 50, today: lastDay },
      )
    const worth = JSON.stringify(await series())
    const before = await medianTimes({ list: () => newest(months[1]!), series }, { turns: 15, warmUp: 3 })

    const copyMs = await time(() => copyYear(db))
    const bytesBefore = await bytesOf(db)
    let archived = 0
    const archiveMs = await time(async () => {
      for (const month of months) archived += (await archiveMonth(archive, month)).transactions
    })
    const compactMs = await time(async () => {
      for (const month of months) await compactMonth(db, month, { moved: new Map([[month, archived]]) })
    })
    const bytesAfter = await bytesOf(db)
    let bytes = 0
    for await (const file of store.list('')) bytes += file.bytes
    if (JSON.stringify(await series()) !== worth) throw new Error('archiving has changed the series')
    const after = await medianTimes({ list: () => newest(months[1]!), series }, { turns: 15, warmUp: 3 })

    let restored = 0
    const restoreMs = await time(async () => {
      for (const month of months) restored += await restoreMonth(archive, month)
    })
    if (restored !== archived) throw new Error(`${archived} were archived, and ${restored} came back`)
    const copy = { name: 'COPY TO of the same rows', ms: copyMs }
    rates.push(
      { name: 'archive', rows: archived, ms: archiveMs, against: copy },
      { name: 'compact what was archived', rows: archived, ms: compactMs, against: copy },
      { name: 'bring back', rows: archived, ms: restoreMs, against: copy },
    )
    reads.push(
      ['a page of the list, its month archived', after.list, before.list],
      ['net worth, ten years monthly, one year archived', after.series, before.series],
    )
    return {
      title: `Maintenance, ${count(rows)} rows stored`,
      about: [
        `data      a year of all users, ${count(archived)} transactions${db.engine === 'timescale' ? ', in the columnstore' : ''}; a folder as the archive`,
        `          a transaction in the files ${(bytes / archived).toFixed(1)} bytes; what archiving gave back of the table ${((bytesBefore - bytesAfter) / archived).toFixed(1)}`,
      ],
      head: ['work', 'time', 'rows/s', 'against'],
      rows: [
        ...rates.map(({ name, rows: done, ms, against }) => [
          name,
          seconds(ms),
          count((done / ms) * 1000),
          against ? `${ratio(ms / against.ms)} ${against.name}` : '',
        ]),
        ...reads.map(([name, ms, base]) => [name, milliseconds(ms), '', `${ratio(ms / base)} before it`]),
      ],
      figures: [
        ...rates.map(
          ({ name, rows: done, ms }): Figure => ({ name, value: (done / ms) * 1000, unit: 'a second' }),
        ),
        ...reads.map(([name, value]): Figure => ({ name, value, unit: 'ms' })),
      ],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The pass behind one late row in a month: its buckets are summed anew for everybody. */
async function refreshMonth(db: BenchDatabase): Promise<Rate> {
  const { sql, engine } = db
  const [month] = await sql<{ rows: number }[]>`
    SELECT count(*)::int AS rows FROM transaction WHERE booked_on BETWEEN '2018-01-01' AND '2018-01-31'`
  const baseMs = await time(
    () => sql`
      SELECT count(*) FROM (
        SELECT user_id, account_id, asset, booked_on, sum(amount), count(*) FROM transaction
        WHERE booked_on BETWEEN '2018-01-01' AND '2018-01-31' AND status = 'posted' GROUP BY 1, 2, 3, 4
      ) AS s`,
  )
  // As a late page does: the days are told to the aggregates, and the user's to the readers.
  await sql`
    UPDATE transaction SET amount = amount WHERE user_id = 1 AND booked_on BETWEEN '2018-01-01' AND '2018-01-31'`
  await sql`SELECT mark_rollup_dirty(1, '2018-01-01')`
  const ms = await time(() => refreshRollups(sql, engine))
  return {
    name: 'refresh a month behind a late row',
    rows: month!.rows,
    ms,
    against: { name: 'GROUP BY over its rows', ms: baseMs },
  }
}

/** A chunk to rows and back into the columnstore. */
async function convertChunk({ sql }: BenchDatabase): Promise<Rate> {
  const [chunk] = await sql<{ name: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS name FROM timescaledb_information.chunks
    WHERE hypertable_name = 'transaction' AND is_compressed AND range_start >= '2019-01-01' ORDER BY range_start LIMIT 1`
  const [size] = await sql.unsafe<{ rows: number }[]>(`SELECT count(*)::int AS rows FROM ${chunk!.name}`)
  await sql.unsafe(`CALL convert_to_rowstore('${chunk!.name}')`)
  const ms = await time(() => sql`SELECT move_to_columnstore(${chunk!.name})`)
  const baseMs = await time(async () => {
    await sql.unsafe(`CREATE TABLE bench.copied AS SELECT * FROM ${chunk!.name}`)
    await sql`CREATE UNIQUE INDEX ON bench.copied (user_id, id, booked_on)`
  })
  await sql`DROP TABLE bench.copied`
  return {
    name: 'convert a chunk to the columnstore',
    rows: size!.rows,
    ms,
    against: { name: 'a copy of it with its key', ms: baseMs },
  }
}

async function copyYear({ sql }: BenchDatabase): Promise<void> {
  const to = addDays(months.at(-1)!, 30)
  const rows = `SELECT * FROM transaction WHERE booked_on BETWEEN '${months[0]}' AND '${to}'`
  for await (const _ of copyOut(sql, [rows], async () => {})) void _
}

async function bytesOf({ sql, engine }: BenchDatabase): Promise<number> {
  const [row] =
    engine === 'timescale'
      ? await sql<{ bytes: number }[]>`SELECT hypertable_size('transaction')::float8 AS bytes`
      : await sql<{ bytes: number }[]>`
          SELECT sum(pg_total_relation_size(inhrelid))::float8 AS bytes FROM pg_inherits WHERE inhparent = 'transaction'::regclass`
  return row!.bytes
}
