import { restoreMonth } from '../archive/restore-month.ts'
import { verifyArchive } from '../archive/verify-archive.ts'
import { loadConnectors } from '../connectors/load.ts'
import { listArchiveFiles } from '../db/archive-files.ts'
import { policiesOf } from '../db/policies/all.ts'
import { planPolicies } from '../db/policies/claims.ts'
import { findPolicy, readOnce, readStored, valuesOf } from '../db/policies/settings.ts'
import { findUser } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { refuseWrongClock } from '../scheduler/clock-guard.ts'
import { connectorFacts } from '../scheduler/connector-facts.ts'
import { openArchive, runnersOf } from './open-archive.ts'
import { runOne } from './policies.ts'
import { createProgress } from './progress.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Moves what is old enough to files, as the policy does: at most one run at a time. */
export async function archiveRunCommand(
  context: CommandContext,
  options: { afterDays?: string },
): Promise<ExitCode> {
  await openArchive(context)
  const db = await context.openDatabase()
  const policies = policiesOf(db.engine, runnersOf(context))
  const policy = findPolicy(policies, 'archive', db.engine)
  const connectors = await connectorFacts(await loadConnectors({ places: context.config.connectors }))
  const afterDays =
    options.afterDays === undefined
      ? valuesOf(policy, (await readStored(db.sql)).archive, db.rawRetentionDays).afterDays!
      : await readOnce(db, 'archive.afterDays', options.afterDays, connectors)
  if (afterDays === null) {
    throw new RefusedError(
      'nothing says what is old enough: tidemark policies set archive.afterDays 730, or --after-days 730 for this run',
    )
  }
  await refuseWrongClock(context, db)
  await planPolicies(db.sql, [policy], db.rawRetentionDays, context.clock())
  return (await runOne(context, db, policy, { afterDays })) ? 0 : 1
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
    unit: 'files',
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
    unit: 'transactions',
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
