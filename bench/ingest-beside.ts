import { copyRows, copyText, importFor, importRows, timeImport } from './import-run.ts'
import type { Population } from './population.ts'
import { type AreaReport, count, ratio, seconds } from './report.ts'
import { statementCsv } from './statement-file.ts'
import { median, time } from './timing.ts'

const rounds = 3

/** Ten years of a new user, imported beside all others, and COPY of the same rows into the same table. */
export async function benchIngestBeside({ db, rows }: Population): Promise<AreaReport> {
  const file = [...statementCsv(importRows, { ids: true })].map((piece) => Buffer.from(piece))
  const first: number[] = []
  const again: number[] = []
  const copy: number[] = []
  for (let round = 0; round < rounds; round++) {
    const runImport = async () => {
      const run = await importFor(db, `beside${round}`, file)
      await db.sql`CHECKPOINT`
      first.push(await timeImport(run, { added: importRows, unchanged: 0 }))
      again.push(await timeImport(run, { added: 0, unchanged: importRows }))
    }
    const runCopy = async () => {
      const lines = [...copyText(900_000_000 + round * 1000)].map((piece) => Buffer.from(piece))
      await db.sql`CHECKPOINT`
      copy.push(await time(() => copyRows(db, lines)))
    }
    // Neither always runs in the state that the other leaves.
    for (const run of round % 2 === 0 ? [runImport, runCopy] : [runCopy, runImport]) await run()
  }
  const lines: [string, number][] = [
    ['import, first', median(first)],
    ['import, again (adds none)', median(again)],
    ['COPY transaction FROM STDIN', median(copy)],
  ]
  return {
    title: `Import of ${count(importRows)} rows beside ${count(rows)}`,
    about: [
      'data      tidemark-csv with ids, 12 accounts, ten years, of a user who is new',
      `measured  median of ${rounds} rounds, a checkpoint before each${db.engine === 'timescale' ? '; the years before the last 90 days are in the columnstore' : ''}`,
    ],
    head: ['', 'time', 'rows/s', 'rate against COPY'],
    rows: lines.map(([name, ms]) => [
      name,
      seconds(ms),
      count((importRows / ms) * 1000),
      ratio(median(copy) / ms),
    ]),
    figures: lines.map(([name, ms]) => ({ name, value: (importRows / ms) * 1000, unit: 'a second' })),
  }
}
