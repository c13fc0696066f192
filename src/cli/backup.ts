import { randomBytes } from 'node:crypto'
import { constants, createWriteStream } from 'node:fs'
import { access, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import type { Header } from '../db/backup/format.ts'
import { type BackupReport, writeBackup } from '../db/backup/write-backup.ts'
import { InstallationError, RefusedError } from '../errors.ts'
import { flushFolder } from '../flush-folder.ts'
import { createProgress, type Progress } from './progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'
import { version } from './version.ts'

/** Writes everything that the database holds into one file, or to standard output for `-`. */
export async function backupCommand(
  context: CommandContext,
  path: string,
  options: { force?: boolean },
): Promise<ExitCode> {
  const { stdout, stderr } = context
  if (path === '-') {
    if (stdout.isTTY)
      throw new RefusedError('a backup is no text: send standard output to a file or a program')
    let fault: Error | undefined
    stdout.on('error', (error) => {
      fault ??= error
    })
    const report = await write(context, stdout, false).catch((error) => {
      throw fault ? closedEarly(fault) : error
    })
    tell(stderr, 'standard output', report)
    return 0
  }
  const file = resolve(context.workingDirectory, path)
  await refuseUnwritable(path, file, options.force === true)
  const draft = `${file}.${randomBytes(4).toString('hex')}.partial`
  try {
    // Flushed to the disk before it is closed.
    const sink = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true })
    const report = await write(context, sink, true)
    const { size } = await stat(draft)
    if (!options.force) await refuseExisting(path, file)
    await rename(draft, file)
    await flushFolder(dirname(file))
    tell(stdout, path, report, size)
    return 0
  } catch (error) {
    await rm(draft, { force: true })
    throw diskFault(path, error)
  }
}

async function write(context: CommandContext, sink: Writable, end: boolean): Promise<BackupReport> {
  const db = await context.openDatabase()
  // From the first row on: counting and digests, which come before, have a pace of their own.
  let progress: Progress | undefined
  const open = () =>
    createProgress({ stream: context.stderr, clock: () => context.clock().getTime(), label: 'backup' })
  try {
    return await writeBackup(db, {
      version: version(),
      sink,
      end,
      signal: context.signal,
      onProgress(rows, total) {
        progress ??= open()
        progress.update(rows, total)
      },
    })
  } finally {
    progress?.finish()
  }
}

async function refuseUnwritable(path: string, file: string, force: boolean): Promise<void> {
  const folder = dirname(file)
  if (path === '') throw new RefusedError('the name of the file is empty; `-` is standard output')
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new RefusedError(`${path}: is a folder; name a file in it`)
  if (!force) await refuseExisting(path, file)
  try {
    await access(folder, constants.W_OK)
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'there is no such folder'
        : 'nothing can be written there'
    throw new RefusedError(`${folder}: ${reason}`, { cause: error })
  }
}

async function refuseExisting(path: string, file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found) throw new RefusedError(`${path} exists: choose another name, or give --force to replace it`)
}

function closedEarly(cause: Error): InstallationError {
  const message =
    'who reads standard output closed it before the backup was whole: what it has cannot be restored'
  return new InstallationError(message, { cause })
}

function diskFault(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return error
  return new InstallationError(`${path}: there is no room for the backup; nothing was kept`, { cause: error })
}

function tell(
  stream: NodeJS.WriteStream,
  place: string,
  { header, rows, parts }: BackupReport,
  size?: number,
): void {
  const { takenAt, tables } = header
  stream.write(
    `${place}: ${count(rows)} rows of ${tables.length} tables in ${count(parts)} parts` +
      `${size === undefined ? '' : `, ${(size / 1024 / 1024).toFixed(1)} MiB`}; as they were at ${takenAt.slice(0, 19)}Z\n`,
  )
  stream.write(keysNeeded(header))
}

/** What a backup needs beside itself. */
export function keysNeeded({ keys }: Header): string {
  if (keys.length === 0) return ''
  const list = keys.map(({ id, values }) => `${id} (${count(values)} values)`).join(', ')
  return `sealed under keys that are not in it: ${list}; keep them apart from it\n`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}
