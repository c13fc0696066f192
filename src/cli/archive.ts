import { restoreMonth } from '../archive/restore-month.ts'
import { runArchive } from '../archive/run-archive.ts'
import { verifyArchive } from '../archive/verify-archive.ts'
import { listArchiveFiles } from '../db/archive-files.ts'
import { findUser } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { openArchive } from './open-archive.ts'
import { createProgress } from './progress.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Moves what is old enough to files. */
export async function archiveRunCommand(
  context: CommandContext,
  { afterDays }: { afterDays: number },
): Promise<ExitCode> {
  const archive = await openArchive(context)
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: 'archived',
  })
  const moved = new Map<string, number>()
  const run = await runArchive(archive, {
    afterDays,
    keepUnusedDays: 90,
    onFile: (month, { transactions }) => {
      moved.set(month, transactions)
      progress.update([...moved.values()].reduce((sum, each) => sum + each, 0))
    },
  }).finally(() => progress.finish())
  const renewed = run.renewed > 0 ? `; ${run.renewed} files written anew without accounts that are gone` : ''
  const removed = run.removed > 0 ? `; ${run.removed} files removed that nothing was read from any more` : ''
  context.stdout.write(
    `${count(run.transactions)} transactions of ${run.months} months moved to ${run.files} files in ${archive.store.place}${renewed}${removed}\n`,
  )
  return 0
}

export async function archiveListCommand(
  context: CommandContext,
  { format }: { format: 'table' | 'json' },
): Promise<ExitCode> {
  const { sql } = await context.openDatabase()
  const files = await listArchiveFiles(sql)
  if (format === 'json') {
    context.stdout.write(`${JSON.stringify(files, null, 2)}\n`)
    return 0
  }
  if (files.length === 0) {
    context.stdout.write('nothing is archived\n')
    return 0
  }
  const rows = files.map(({ month, firstUserId, lastUserId, users, archived, bytes, key }) => [
    month.slice(0, 7),
    firstUserId === lastUserId ? firstUserId : `${firstUserId}-${lastUserId}`,
    count(users),
    count(archived),
    count(bytes),
    key,
  ])
  const width = context.stdout.isTTY ? context.stdout.columns : undefined
  context.stdout.write(
    `${formatTable(rows, {
      head: ['month', 'users', 'of them here', 'transactions', 'bytes', 'file'],
      align: ['left', 'left', 'right', 'right', 'right', 'left'],
      ...(width !== undefined && { width }),
    })}\n`,
  )
  return 0
}

/** 1 where something is not as it was archived. */
export async function archiveVerifyCommand(
  context: CommandContext,
  month: string | undefined,
): Promise<ExitCode> {
  const archive = await openArchive(context)
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: 'verified',
  })
  const found = await verifyArchive(archive, {
    month,
    onFile: (files, of) => progress.update(files, of),
  }).finally(() => progress.finish())
  const { stdout } = context
  for (const fault of found.faults) stdout.write(`${fault}\n`)
  for (const key of found.unknown)
    stdout.write(`${key}: this database knows nothing of it; it is left alone\n`)
  stdout.write(
    found.faults.length === 0
      ? `${found.files} files hold ${count(found.transactions)} transactions, which add up to what was kept of them\n`
      : `${found.faults.length} faults in ${found.files} files\n`,
  )
  return found.faults.length === 0 ? 0 : 1
}

export async function archiveRestoreCommand(
  context: CommandContext,
  month: string,
  { user }: { user?: string },
): Promise<ExitCode> {
  const archive = await openArchive(context)
  const db = await context.openDatabase()
  const userId = user === undefined ? undefined : (await findUser(db, user)).id
  if (!(await listArchiveFiles(db.sql, month)).some(({ archived }) => archived > 0)) {
    throw new RefusedError(
      `nothing of ${month.slice(0, 7)} is archived: tidemark archive list tells which months are`,
    )
  }
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: 'restored',
  })
  const restored = await restoreMonth(archive, month, {
    userId,
    onFile: (transactions) => progress.update(transactions),
  }).finally(() => progress.finish())
  context.stdout.write(`${count(restored)} transactions of ${month.slice(0, 7)} are back in the database\n`)
  return 0
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
