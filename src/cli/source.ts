import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { z } from 'zod'
import type { CheckResult, Connector, ConnectorContext } from '../connectors/connector.ts'
import { createHttpClient } from '../connectors/http-client.ts'
import { addSource, findSource, listSources, renewCredentials, setSourceStatus } from '../db/sources.ts'
import { findUser } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { redact } from '../redact.ts'
import { unreadable } from './open-file.ts'
import { openSync } from './open-sync.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface SourceAddOptions {
  user?: string
  platform?: boolean
  name?: string
  config: string
  credentials?: string
}

/** Connects a user, or the platform, to a provider, after its credentials were tried. */
export async function sourceAddCommand(
  context: CommandContext,
  type: string,
  options: SourceAddOptions,
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const parts = await openSync(context, db)
  const connector = await parts.connectors.get(type)
  const wantsUser = connector.scope === 'user'
  if (wantsUser && options.user === undefined) throw new RefusedError(`${type} is a user's own: say --user`)
  if (!wantsUser && options.platform !== true)
    throw new RefusedError(`${type} carries everybody's data: say --platform instead of --user`)
  const user = options.user === undefined ? undefined : await findUser(db, options.user)
  const config = parse(connector.config, readJson(options.config, '--config'), '--config')
  const given = parse(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  const checked = await check(context, connector, {
    credentials: given,
    config,
    settings: await parts.connectors.settings(type),
    timeZone: user?.timeZone ?? 'UTC',
    fetch: parts.fetch,
  })
  const credentials = (checked.credentials ?? given) as object
  const name = options.name ?? checked.name ?? connector.title
  const id = await addSource(
    db.sql,
    parts.keyring,
    {
      connector,
      userId: user?.id ?? null,
      name,
      config: config as object,
      credentials: Object.keys(credentials).length === 0 ? undefined : credentials,
      externalId: checked.externalId,
    },
    context.clock(),
  )
  context.stdout.write(
    `source ${id}: ${name} (${type}); a worker syncs it, or now: tidemark sync --source ${id}\n`,
  )
  return 0
}

/** New credentials for a source whose owner has to sign in again; it is due at once. */
export async function sourceReconnectCommand(
  context: CommandContext,
  id: string,
  options: { credentials: string },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const source = await findSource(db.sql, id)
  const parts = await openSync(context, db)
  const connector = await parts.connectors.get(source.connector)
  const given = parse(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  const checked = await check(context, connector, {
    credentials: given,
    config: parse(connector.config, source.config, 'the stored configuration'),
    settings: await parts.connectors.settings(connector.id),
    timeZone: 'UTC',
    fetch: parts.fetch,
  })
  if (
    checked.externalId !== undefined &&
    source.externalId !== null &&
    checked.externalId !== source.externalId
  )
    throw new RefusedError('these credentials are of another connection: add it as a source of its own')
  const credentials = (checked.credentials ?? given) as object
  await renewCredentials(db.sql, parts.keyring, id, credentials, context.clock())
  context.stdout.write(`source ${id} goes on with the new credentials\n`)
  return 0
}

export async function sourceListCommand(
  context: CommandContext,
  options: { user?: string; format: 'table' | 'json' },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = options.user === undefined ? undefined : await findUser(db, options.user)
  const sources = await listSources(db.sql, { userId: user?.id })
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

/** Asks the provider whether it takes the credentials, outside of any budget: it is one request of a person. */
async function check(
  context: CommandContext,
  connector: Connector,
  given: Pick<ConnectorContext, 'credentials' | 'config' | 'settings' | 'timeZone'> & {
    fetch: typeof globalThis.fetch
  },
): Promise<CheckResult<unknown>> {
  const { clock, signal, log } = context
  const { fetch, ...opened } = given
  const gate = { enter: async () => async () => {} }
  try {
    return await connector.check({
      ...opened,
      http: createHttpClient({ fetch, gate, clock, signal }),
      clock,
      signal,
      log,
      saveCredentials: async () => {},
    })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const message = redact(error.message, [given.credentials, given.settings]) as string
    throw new RefusedError(`the provider does not take it: ${message}`, { cause: error })
  }
}

/** From a file, or `-` for standard input: on the command line others of the machine could read them. */
async function readCredentials(context: CommandContext, file: string | undefined): Promise<unknown> {
  if (file === undefined) return {}
  if (file === '-') return readJson(await text(context.stdin), 'standard input')
  const path = resolve(context.workingDirectory, file)
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  return readJson(content, file)
}

function readJson(content: string, name: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new RefusedError(`${name}: is not JSON`)
  }
}

/** Names the fields at fault, never what they held. */
function parse(schema: z.ZodType, value: unknown, name: string): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new RefusedError(`${name}: ${faults.join('; ')}`)
}
