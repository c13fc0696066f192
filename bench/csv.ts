import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { addUser } from '../src/db/users.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { type AreaReport, count, ratio, seconds } from './report.ts'
import type { BenchDatabase } from './server.ts'
import { statementCsv } from './statement-file.ts'

const rows = 1_000_000
const command = fileURLToPath(new URL('../bin/tidemark', import.meta.url))

/** Large files through the command line, in a process of its own, whose memory is watched. */
export async function benchCsv(db: BenchDatabase, shutdown: Shutdown): Promise<AreaReport> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-csv-'))
  shutdown.register(() => rm(folder, { recursive: true, force: true }))
  const cases = [
    { name: '10 rows', total: 10, ids: true },
    { name: '1,000,000 rows with ids', total: rows, ids: true },
    { name: '1,000,000 rows without ids', total: rows, ids: false },
  ]
  const table: string[][] = []
  let idlePeak: number | undefined
  for (const [at, { name, total, ids }] of cases.entries()) {
    const file = join(folder, `${at}.csv`)
    await pipeline(Readable.from(statementCsv(total, { ids })), createWriteStream(file))
    const email = `csv${at}@example.org`
    await addUser(db, { email, timeZone: 'UTC', baseCurrency: 'EUR' })
    await db.sql`CHECKPOINT`
    const begin = performance.now()
    const peak = await runAndWatch(['import', file, '--user', email], db.url, shutdown)
    const taken = performance.now() - begin
    await rm(file)
    const [stored] = await db.sql<{ added: number }[]>`SELECT sum(added)::int AS added FROM sync_run
      JOIN user_source s ON s.id = source_id JOIN app_user u ON u.id = s.user_id WHERE u.email = ${email}`
    if (stored?.added !== total) throw new Error(`${name}: ${stored?.added} rows were added`)
    idlePeak ??= peak
    table.push([
      name,
      seconds(taken),
      count((total / taken) * 1000),
      peak === undefined ? 'unknown' : `${(peak / 2 ** 20).toFixed(0)} MiB`,
      peak === undefined || idlePeak === undefined ? '' : ratio(peak / idlePeak),
    ])
  }
  await rm(folder, { recursive: true, force: true })
  return {
    title: 'Import of a large file by the command line',
    about: [
      'data      tidemark-csv, 12 accounts, ten years',
      'measured  `tidemark import` from its start to its end, refresh of the aggregates included; peak resident',
      '          size of that process (VmHWM)',
    ],
    head: ['', 'time', 'rows/s', 'peak memory', 'against 10 rows'],
    rows: table,
  }
}

/** Runs the command and returns the peak of its resident size in bytes; undefined where /proc does not tell. */
async function runAndWatch(
  args: string[],
  databaseUrl: string,
  shutdown: Shutdown,
): Promise<number | undefined> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  shutdown.register(async () => void child.kill())
  let complaint = ''
  child.stderr.on('data', (data) => {
    complaint += data
  })
  let peak: number | undefined
  // The kernel keeps the peak itself: only what comes after the last look is missed.
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(status)
    if (found) peak = Number(found[1]) * 1024
  }, 20)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(watch)
  if (code !== 0) throw new Error(`tidemark ${args[0]} ended with ${code}: ${complaint}`)
  return peak
}
