import { findSource } from '../db/sources.ts'
import { findUser, markSeen } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import { connectSource, reconnectWith } from '../http/connect-source.ts'
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
  const user = options.user === undefined ? null : await findUser(db, options.user)
  if (user) await markSeen(db, user.id, context.clock())
  const config = parseInput(connector.config, readJson(options.config, '--config'), '--config')
  const credentials = parseInput(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  const connection = { connector, user, name: options.name, config, credentials }
  const { id, name } = await connectSource(parts, connection, { onWait: tellWait(context, connector.id) })
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
  const credentials = parseInput(
    connector.credentials,
    await readCredentials(context, options.credentials),
    '--credentials',
  )
  const reconnection = { connector, source, timeZone: 'UTC', credentials }
  await reconnectWith(parts, reconnection, { onWait: tellWait(context, connector.id) })
  context.stdout.write(`source ${id} goes on with the new credentials\n`)
  return 0
}

function tellWait({ stderr }: Pick<CommandContext, 'stderr'>, connectorId: string) {
  return (until: Date) =>
    void stderr.write(
      `the budget of ${connectorId} is used up: waiting until ${until.toISOString().slice(0, 19)}Z\n`,
    )
}
