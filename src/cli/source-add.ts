import { addNumberedSource, addSource, findSource, reconnectSource, refuseTakenName } from '../db/sources.ts'
import { findUser, markSeen } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { checkConnection } from './check-connection.ts'
import { openSync } from './open-sync.ts'
import { parseInput, readCredentials, readJson } from './source-input.ts'
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
  if (user) await markSeen(db, user.id, context.clock())
  const config = parseInput(connector.config, readJson(options.config, '--config'), '--config')
  const given = parseInput(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  const owner = { connector, userId: user?.id ?? null }
  // What the provider takes may be good for one time only: whatever can be refused is refused before.
  if (Object.keys(given as object).length > 0) parts.keyring.currentKeyId()
  if (options.name !== undefined) await refuseTakenName(db.sql, { ...owner, name: options.name })
  const timeZone = user?.timeZone ?? 'UTC'
  const checked = await checkConnection(context, parts, connector, { credentials: given, config, timeZone })
  const credentials = (checked.credentials ?? given) as object
  const source = {
    ...owner,
    name: options.name ?? checked.name ?? connector.title,
    config: config as object,
    credentials: Object.keys(credentials).length === 0 ? undefined : credentials,
    externalId: checked.externalId,
  }
  const { id, name } =
    options.name === undefined
      ? await addNumberedSource(db.sql, parts.keyring, source, context.clock())
      : { id: await addSource(db.sql, parts.keyring, source, context.clock()), name: options.name }
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
  const given = parseInput(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  parts.keyring.currentKeyId()
  const checked = await checkConnection(context, parts, connector, {
    credentials: given,
    config: parseInput(connector.config, source.config, 'the stored configuration'),
    timeZone: 'UTC',
  })
  if (
    checked.externalId !== undefined &&
    source.externalId !== null &&
    checked.externalId !== source.externalId
  )
    throw new RefusedError('these credentials are of another connection: add it as a source of its own')
  const credentials = (checked.credentials ?? given) as object
  await reconnectSource(db.sql, parts.keyring, id, { credentials }, context.clock())
  context.stdout.write(`source ${id} goes on with the new credentials\n`)
  return 0
}
