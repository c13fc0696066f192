import {
  copyRows,
  copyText,
  type ImportRun,
  importFor,
  importNow,
  importRows,
  timeImport,
} from './import-run.ts'
import { type AreaReport, count, ratio, seconds } from './report.ts'
import type { BenchDatabase } from './server.ts'
import { statementCsv } from './statement-file.ts'
import { median, time } from './timing.ts'

const rows = importRows
const rounds = 5

/** A file imported for the first time and again, beside COPY of the same rows into the same table. */
export async function benchIngest(db: BenchDatabase): Promise<AreaReport> {
  const file = [...statementCsv(rows, { ids: true })].map((piece) => Buffer.from(piece))
  const copyLines = [...copyText(900_000)].map((piece) => Buffer.from(piece))
  const first: number[] = []
  const again: number[] = []
  const second: number[] = []
  const copy: number[] = []
  const bareCopy: number[] = []

  const timed = async (times: number[], run: ImportRun, added: number) => {
    times.push(await timeImport(run, { added, unchanged: rows - added }))
  }
  const runImport = async (round: number) => {
    const run = await importFor(db, `round${round}`, file)
    await empty(db)
    await timed(first, run, rows)
    await timed(again, run, 0)
  }
  const runCopy = async (times: number[]) => {
    await empty(db)
    times.push(await time(() => copyRows(db, copyLines)))
  }
  const runBareCopy = async () => {
    await db.sql`ALTER TABLE transaction DISABLE TRIGGER USER`
    await runCopy(bareCopy)
    await db.sql`ALTER TABLE transaction ENABLE TRIGGER USER`
  }

  for (let round = 0; round < rounds; round++) {
    // Neither always runs in the state that the other leaves of caches and of the log.
    const order = [() => runImport(round), () => runCopy(copy)]
    if (db.engine === 'plain') order.push(runBareCopy)
    for (const run of round % 2 === 0 ? order : order.reverse()) await run()
  }

  // After the rounds, since statistics outlive TRUNCATE: the planner knows one user's rows and none of the next one's.
  const others = await importFor(db, 'others', file)
  await empty(db)
  await others()
  await db.sql`ANALYZE transaction, transaction_ref`
  await timed(second, await importFor(db, 'second', file), rows)

  const copyTime = median(copy)
  const line = (name: string, times: number[]) => {
    const taken = median(times)
    return [name, seconds(taken), count((rows / taken) * 1000), ratio(copyTime / taken)]
  }
  return {
    title: 'Import of 100,000 rows',
    about: [
      'data      tidemark-csv with ids, 12 accounts, ten years; partitions are there before each run',
      `measured  median of ${rounds} rounds into an empty table with its indexes, a checkpoint before each; the`,
      '          import from the file’s bytes to the last commit: read, page, spool, store; COPY as text',
    ],
    head: ['', 'time', 'rows/s', 'rate against COPY'],
    rows: [
      line('import, first', first),
      line('import, again (adds none)', again),
      line('first, beside another user’s rows, one run', second),
      line('COPY transaction FROM STDIN', copy),
      ...(bareCopy.length > 0 ? [line('COPY with the flow triggers off', bareCopy)] : []),
    ],
  }
}

/** No rows, but the partitions of all days: whoever comes first would otherwise pay for making them. */
async function empty(db: BenchDatabase): Promise<void> {
  const { sql } = db
  await sql`TRUNCATE transaction, transaction_ref, rollup_dirty`
  if (db.engine === 'plain') await sql`TRUNCATE daily_flow, monthly_flow`
  await sql`
    SELECT ensure_transaction_partitions(ARRAY(
      SELECT d::date FROM generate_series('2016-01-01'::timestamp, '2025-12-31', '1 month') AS d
    ))`
  if (db.engine === 'timescale') {
    await sql`
      INSERT INTO transaction (user_id, account_id, id, booked_on, amount, asset, kind, status, recorded_at)
      SELECT -1, -1, gen_random_uuid(), d, 0, 'EUR', 'other', 'requested', ${importNow.toISOString()}
      FROM generate_series('2016-01-01'::timestamp, '2025-12-31', '10 days') AS d`
  }
  await sql`CHECKPOINT`
}
