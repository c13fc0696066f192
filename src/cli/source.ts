import { removeSource } from '../db/source-removal.ts'
import { findSource, listSources, setSourceStatus } from '../db/sources.ts'
import { findUser } from '../db/users.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function sourceListCommand(
  context: CommandContext,
  options: { user?: string; format: 'table' | 'json' },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = options.user === undefined ? undefined : await findUser(db, options.user)
  const sources = await listSources(db.sql, { userId: user?.id, now: context.clock() })
  if (options.format === 'json') {
    context.stdout.write(`${JSON.stringify(sources, null, 2)}\n`)
    return 0
  }
  if (sources.length === 0) {
    context.stdout.write('no sources; connect one with tidemark source add\n')
    return 0
  }
  const rows = sources.map((source) => [
    source.id,
    source.connector,
    source.name,
    source.email ?? 'platform',
    source.running ? 'running' : source.status,
    source.lastSyncTime?.toISOString().slice(0, 19) ?? 'never',
    source.nextSyncAt?.toISOString().slice(0, 19) ?? '',
    source.backfill ? `from ${source.backfill.from} to ${source.backfill.to}` : '',
    source.statusMessage ?? '',
  ])
  context.stdout.write(
    `${formatTable(rows, {
      head: ['source', 'type', 'name', 'user', 'status', 'last sync', 'next sync', 'history left', 'message'],
      align: ['right'],
      ...(context.stdout.isTTY && { width: context.stdout.columns }),
    })}\n`,
  )
  return 0
}

export function sourcePauseCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return setStatus(context, id, 'paused')
}

export function sourceResumeCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return setStatus(context, id, 'active')
}

async function setStatus(
  context: CommandContext,
  id: string,
  status: 'active' | 'paused',
): Promise<ExitCode> {
  const db = await context.openDatabase()
  await findSource(db.sql, id)
  await setSourceStatus(db.sql, id, status, context.clock())
  context.stdout.write(`source ${id} ${status === 'paused' ? 'is paused' : 'goes on'}\n`)
  return 0
}

/** What was synced stays. */
export async function sourceRemoveCommand(context: CommandContext, id: string): Promise<ExitCode> {
  const db = await context.openDatabase()
  const source = await findSource(db.sql, id)
  await removeSource(db.sql, id, context.clock())
  context.stdout.write(`source ${id}, ${source.name}, is removed; its accounts and their history stay\n`)
  return 0
}
