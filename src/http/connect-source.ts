import type { CheckResult, Connector } from '../connectors/connector.ts'
import type { Completion } from '../db/idempotency.ts'
import type { Owner } from '../db/owner.ts'
import {
  addNumberedSource,
  addSource,
  type NewSource,
  reconnectSource,
  refuseTakenName,
} from '../db/sources.ts'
import { ConflictError } from '../errors.ts'
import { type CheckLimits, type CheckParts, checkConnection } from './check-connection.ts'
import type { HttpParts } from './parts.ts'

export type ConnectParts = CheckParts & Pick<HttpParts, 'keyring'>

export interface NewConnection {
  connector: Connector
  /** Null on a platform-wide connection. */
  user: { id: string; timeZone: string } | null
  /** Without it, what the provider calls the connection, or the connector's title, with a number where that is taken. */
  name?: string | undefined
  /** As the connector's schemas give them. */
  config: object
  credentials: object
  /** Of the request that connects it, kept by the statement that adds the source. */
  completion?: (added: AddedSource) => Completion | undefined
}

export interface AddedSource {
  id: string
  name: string
  /** When it was added; it is due since then. */
  at: Date
}

/**
 * Connects a user, or the platform, to a provider, after its credentials were tried. Throws a ConflictError where the
 * name is taken, and what checkConnection throws.
 */
export async function connectSource(
  parts: ConnectParts,
  { connector, user, name, config, credentials: given, completion }: NewConnection,
  limits: CheckLimits = {},
): Promise<AddedSource> {
  const { db, keyring, clock } = parts
  const owner = { connector, userId: user?.id ?? null }
  const settings = await parts.connectors.settings(connector.id)
  // What the provider takes may be good for one time only: whatever can be refused is refused before.
  if (Object.keys(given).length > 0) keyring.currentKeyId()
  if (name !== undefined) await refuseTakenName(db.sql, { ...owner, name })
  const timeZone = user?.timeZone ?? 'UTC'
  const checked = await checkConnection(
    parts,
    connector,
    { credentials: given, config, timeZone, settings },
    limits,
  )
  const at = clock()
  const source: NewSource = {
    ...owner,
    name: name ?? nameOf(checked) ?? connector.title,
    config,
    credentials: kept(checked, given),
    externalId: checked.externalId,
    completion: (added) => completion?.({ ...added, at }),
  }
  if (name === undefined) return { ...(await addNumberedSource(db.sql, keyring, source, at)), at }
  return { id: await addSource(db.sql, keyring, source, at), name, at }
}

export interface Reconnection {
  connector: Connector
  source: { id: string; config: unknown; externalId: string | null }
  /** Whose the source has to be; anybody's where it is not told. */
  owner?: Owner
  timeZone: string
  /** As the connector's schema gives them. */
  credentials: object
}

/**
 * Gives a source other credentials, after they were tried; it is due at once. Throws a ConflictError where they are of
 * another connection, and what checkConnection throws.
 */
export async function reconnectWith(
  parts: ConnectParts,
  { connector, source, owner, timeZone, credentials: given }: Reconnection,
  limits: CheckLimits = {},
): Promise<void> {
  const { db, keyring, clock } = parts
  const settings = await parts.connectors.settings(connector.id)
  keyring.currentKeyId()
  const config = connector.config.safeParse(source.config)
  if (!config.success)
    throw new ConflictError(
      'the configuration of the source does not fit its connector any more: remove the source and connect it anew',
    )
  const checked = await checkConnection(
    parts,
    connector,
    { credentials: given, config: config.data, timeZone, settings },
    limits,
  )
  if (
    checked.externalId !== undefined &&
    source.externalId !== null &&
    checked.externalId !== source.externalId
  )
    throw new ConflictError('these credentials are of another connection: add it as a source of its own')
  const credentials = kept(checked, given)
  await reconnectSource(db.sql, keyring, source.id, { credentials }, clock(), owner)
}

/** Undefined where the connector needs none. */
function kept(checked: CheckResult<unknown>, given: object): object | undefined {
  const credentials = (checked.credentials ?? given) as object
  return Object.keys(credentials).length === 0 ? undefined : credentials
}

const longestName = 200

/** What the provider says, as far as it can be stored. */
function nameOf({ name }: CheckResult<unknown>): string | undefined {
  const clean = name
    ?.toWellFormed()
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
  return clean ? clean.slice(0, longestName).toWellFormed() : undefined
}
