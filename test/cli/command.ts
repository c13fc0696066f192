import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { runCommand } from '../../src/cli/run-command.ts'
import type { TestDatabase } from '../setup/database.ts'
import { now } from '../setup/people.ts'

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** A folder of the calling test file's own, gone when the file is done. To be called outside of hooks and tests. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-cli-test-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The command line on a test database, in a folder that its relative paths start from. */
export function commandLine(
  db: Pick<TestDatabase, 'url'>,
  folder: string,
  environment: Record<string, string> = {},
) {
  return {
    /** One command in this process, at 2024-06-15T12:00Z. */
    run: (...words: string[]): Promise<Outcome> => runInProcess(db.url, folder, words, { environment }),
    /** The same, where that is the machine's clock. */
    runAtWrongTime: (...words: string[]): Promise<Outcome> =>
      runInProcess(db.url, folder, words, { environment, machineClock: true }),
    /** The same with something on standard input. */
    runWith: (stdin: string, ...words: string[]): Promise<Outcome> =>
      runInProcess(db.url, folder, words, { environment, stdin }),
    /** The same on a terminal, whose lines are rewritten. */
    runOnTerminal: (...words: string[]): Promise<Outcome> =>
      runInProcess(db.url, folder, words, { environment, isTTY: true }),
    /** A command in this process that can be asked to stop, as by SIGTERM. */
    runUntilStopped(...words: string[]): { stop: () => void; ended: Promise<Outcome> } {
      let stop = () => {}
      const onSignal = (asked: () => void) => {
        stop = asked
      }
      const ended = runInProcess(db.url, folder, words, { environment, onSignal })
      return { stop: () => stop(), ended }
    },
    /** `bin/tidemark` as a process of its own, with the clock of the machine. */
    start: (words: string[], options: ProcessOptions = {}) =>
      startProcess(db.url, folder, words, {
        ...options,
        environment: { ...environment, ...options.environment },
      }),
    async file(name: string, content: string | Uint8Array | string[]): Promise<string> {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, Array.isArray(content) ? `${content.join('\n')}\n` : content)
      return name
    },
  }
}
export type CommandLine = ReturnType<typeof commandLine>

async function runInProcess(
  url: string,
  folder: string,
  words: string[],
  {
    environment = {},
    isTTY = false,
    machineClock = false,
    stdin = '',
    onSignal = () => {},
  }: {
    environment?: Record<string, string>
    isTTY?: boolean
    machineClock?: boolean
    stdin?: string
    onSignal?: (stop: () => void) => void
  } = {},
): Promise<Outcome> {
  const stdout = captured(isTTY)
  const stderr = captured(isTTY)
  const code = await runCommand({
    arguments: words,
    environment: { DATABASE_URL: url, PATH: process.env.PATH, ...environment },
    workingDirectory: folder,
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: Readable.from([stdin]),
    clock: () => now,
    machineClock,
    sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
    onSignal,
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function captured(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const pieces: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      pieces.push(String(chunk))
      done()
    },
  })
  return {
    stream: Object.assign(stream, { isTTY, columns: 100 }) as unknown as NodeJS.WriteStream,
    text: () => pieces.join(''),
  }
}

interface ProcessOptions {
  environment?: Record<string, string>
  /** Of node itself. */
  nodeArguments?: string[]
}

const bin = fileURLToPath(new URL('../../bin/tidemark', import.meta.url))

function startProcess(
  url: string,
  folder: string,
  words: string[],
  { environment = {}, nodeArguments = [] }: ProcessOptions,
): { process: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [...nodeArguments, bin, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATABASE_URL: url, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text))
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return { code: code as number | null, ...texts }
  })
  return { process: child, ended }
}

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** A CSV of Tidemark's own as it says what it is: `account,date,amount` and whatever else the header names. */
export function csv(header: string, ...rows: string[]): string {
  return `${[header, ...rows].join('\n')}\n`
}

/**
 * Everything stored for a user that a reader may see, without what each installation numbers by itself. Equal days
 * of an account have equal digests of their rows.
 */
export async function storedState(db: TestDatabase, email: string): Promise<unknown> {
  const days = await db.sql`
    SELECT a.name, t.booked_on, t.asset, count(*)::int AS transactions, trim_scale(sum(t.amount)) AS sum,
      md5(string_agg(row_text, E'\n' ORDER BY row_text)) AS rows
    FROM transaction t JOIN account a ON a.id = t.account_id JOIN app_user u ON u.id = t.user_id,
      LATERAL concat_ws('|', trim_scale(t.amount), t.kind, t.status, t.occurred_at, t.description, t.counterparty,
        t.category, t.group_id) AS row_text
    WHERE u.email = ${email} GROUP BY a.name, t.booked_on, t.asset ORDER BY a.name, t.booked_on, t.asset`
  const balances = await db.sql`
    SELECT a.name, r.asset, r.day, r.edge, trim_scale(r.reported) AS reported, trim_scale(r.folded) AS folded
    FROM reconciliation r JOIN account a ON a.id = r.account_id JOIN app_user u ON u.id = r.user_id
    WHERE u.email = ${email} ORDER BY a.name, r.asset, r.day, r.edge`
  const [references] = await db.sql`
    SELECT count(*)::int AS count FROM transaction_ref r JOIN app_user u ON u.id = r.user_id
    WHERE u.email = ${email}`
  return { days: [...days], balances: [...balances], references: references!.count }
}

/** How many rows each table of a user's data holds. */
export async function storedCounts(db: TestDatabase, email: string) {
  const [counts] = await db.sql<{ accounts: number; transactions: number; balances: number; runs: number }[]>`
    SELECT (SELECT count(*)::int FROM account a WHERE a.user_id = u.id) AS accounts,
      (SELECT count(*)::int FROM transaction t WHERE t.user_id = u.id) AS transactions,
      (SELECT count(*)::int FROM reconciliation r WHERE r.user_id = u.id) AS balances,
      (SELECT count(*)::int FROM sync_run s JOIN user_source o ON o.id = s.source_id WHERE o.user_id = u.id) AS runs
    FROM app_user u WHERE u.email = ${email}`
  return { ...counts! }
}
