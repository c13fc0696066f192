import type { Database } from '../db/database.ts'
import {
  type DeadLetterFilter,
  discardDeadLetters,
  listDeadLetters,
  retryDeadLetters,
} from '../db/dead-letters.ts'
import { findUser } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface DeadLetterOptions {
  user?: string
  source?: string
  all?: boolean
}

export async function deadLettersListCommand(
  context: CommandContext,
  options: DeadLetterOptions & { format: 'table' | 'json' },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const letters = await listDeadLetters(db.sql, await filterOf(db, options))
  if (options.format === 'json') {
    context.stdout.write(`${JSON.stringify(letters, null, 2)}\n`)
    return 0
  }
  if (letters.length === 0) {
    context.stdout.write('no dead letters\n')
    return 0
  }
  const rows = letters.map((letter) => [
    letter.id,
    `${letter.sourceId} ${letter.connector} ${letter.sourceName}`,
    letter.email ?? 'platform',
    letter.kind,
    `${letter.request.mode} ${letter.request.window.from} to ${letter.request.window.to}`,
    String(letter.attempts),
    letter.status,
    letter.updatedAt.toISOString().slice(0, 19),
    letter.error,
  ])
  context.stdout.write(
    `${formatTable(rows, {
      head: ['letter', 'source', 'user', 'kind', 'what failed', 'attempts', 'status', 'last', 'why'],
      align: ['right'],
      ...(context.stdout.isTTY && { width: context.stdout.columns }),
    })}\n`,
  )
  return 0
}

export async function deadLettersRetryCommand(
  context: CommandContext,
  ids: string[],
  options: DeadLetterOptions,
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const count = await retryDeadLetters(db.sql, await chosen(db, ids, options), context.clock())
  context.stdout.write(`${count} queued: a worker runs them again\n`)
  return 0
}

export async function deadLettersDiscardCommand(
  context: CommandContext,
  ids: string[],
  options: DeadLetterOptions,
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const count = await discardDeadLetters(db.sql, await chosen(db, ids, options), context.clock())
  context.stdout.write(`${count} discarded\n`)
  return 0
}

async function chosen(db: Database, ids: string[], options: DeadLetterOptions): Promise<DeadLetterFilter> {
  if (ids.length === 0 && !options.all && options.user === undefined && options.source === undefined)
    throw new RefusedError('say which letters: their numbers, --source, --user or --all')
  for (const id of ids)
    if (!/^\d{1,18}$/.test(id)) throw new RefusedError(`"${id}" is not the number of a letter`)
  return { ...(await filterOf(db, options)), ...(ids.length > 0 && { ids }) }
}

async function filterOf(db: Database, { user, source }: DeadLetterOptions): Promise<DeadLetterFilter> {
  return {
    ...(user !== undefined && { userId: (await findUser(db, user)).id }),
    ...(source !== undefined && { sourceId: source }),
  }
}
