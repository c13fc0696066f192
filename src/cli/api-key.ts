import { addApiKey, listAllApiKeys, mostApiKeys, nextApiKeyId, revokeAnyApiKey } from '../db/api-keys.ts'
import { findUser } from '../db/users.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { makeApiKey } from '../http/api-keys.ts'
import { type Scope, scopes } from '../http/caller.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface ApiKeyOptions {
  user?: string
  service?: boolean
  name: string
  scopes?: string
}

/** Makes a key for a user, or for another service of the installation, and prints it this once. */
export async function apiKeyAddCommand(context: CommandContext, options: ApiKeyOptions): Promise<ExitCode> {
  if ((options.user === undefined) !== (options.service === true))
    throw new RefusedError('say whose key it is: either --user EMAIL or --service')
  const granted = scopesOf(options)
  const name = options.name.trim()
  if (name === '' || name.length > 100) throw new RefusedError('--name must have 1 to 100 characters')
  const db = await context.openDatabase()
  const user = options.user === undefined ? undefined : await findUser(db, options.user)
  const { key, hash, hint } = makeApiKey()
  const id = await nextApiKeyId(db.sql)
  const createdAt = context.clock()
  const made = { id, userId: user?.id ?? null, name, scopes: granted, hash, hint, createdAt, expiresAt: null }
  if (!(await addApiKey(db.sql, made)))
    throw new RefusedError(
      `${user!.email} has ${mostApiKeys} API keys: revoke one that is not needed any more`,
    )
  context.stderr.write(`API key ${id}, ${name}, for ${user?.email ?? 'a service'}; it is not shown again:\n`)
  context.stdout.write(`${key}\n`)
  return 0
}

function scopesOf(options: ApiKeyOptions): Scope[] {
  if (options.service) {
    if (options.scopes !== undefined)
      throw new RefusedError('leave --scopes out: a key of a service has the scope service')
    return ['service']
  }
  const given = new Set((options.scopes ?? '').split(',').map((scope) => scope.trim()))
  const known = scopes.filter((scope) => given.has(scope))
  if (known.length === 0 || known.length < given.size)
    throw new RefusedError(`--scopes must be one or more of ${scopes.join(',')}`)
  return known
}

export async function apiKeyListCommand(
  context: CommandContext,
  options: { user?: string; format: 'table' | 'json' },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = options.user === undefined ? undefined : await findUser(db, options.user)
  const keys = await listAllApiKeys(db.sql, user?.id, context.clock())
  if (options.format === 'json') {
    context.stdout.write(`${JSON.stringify(keys, null, 2)}\n`)
    return 0
  }
  if (keys.length === 0) {
    context.stdout.write('no API keys; make one with tidemark api-key add\n')
    return 0
  }
  const day = (instant: Date | null) => instant?.toISOString().slice(0, 10) ?? ''
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.email ?? 'service',
    key.scopes.join(','),
    `${key.hint}…`,
    day(key.createdAt),
    day(key.expiresAt),
  ])
  context.stdout.write(
    `${formatTable(rows, {
      head: ['key', 'name', 'user', 'scopes', 'begins with', 'made', 'expires'],
      align: ['right'],
      ...(context.stdout.isTTY && { width: context.stdout.columns }),
    })}\n`,
  )
  return 0
}

export async function apiKeyRevokeCommand(context: CommandContext, id: string): Promise<ExitCode> {
  const db = await context.openDatabase()
  const known = /^\d{1,18}$/.test(id) && (await revokeAnyApiKey(db.sql, id, context.clock()))
  if (!known) throw new NotFoundError(`there is no API key ${id}: see tidemark api-key list`)
  context.stdout.write(`API key ${id} is revoked\n`)
  return 0
}
