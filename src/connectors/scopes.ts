import type { ScopeLimit } from '../scope-limit.ts'
import type { Connector } from './connector.ts'

/**
 * The scopes that a request of a connector counts in, as they are kept: one for each limit, and always one for the
 * connector as a whole, which can be paused though it has no limit. A scope is named by its window, too: 5 a minute
 * and 1,000 a day are two budgets.
 */
export function scopesOf(connector: Connector, sourceId?: string, account?: string): ScopeLimit[] {
  const scopes: ScopeLimit[] = [{ scope: pauseScopeOf(connector, 'client', sourceId) }]
  if (sourceId !== undefined) scopes.push({ scope: pauseScopeOf(connector, 'connection', sourceId) })
  for (const { scope, max, per, kind } of connector.limits) {
    const place = placeOf(connector, scope, sourceId, account)
    if (place !== undefined)
      scopes.push({
        scope: `${place} per ${per} ms`,
        max,
        per,
        fixed: kind === 'fixed',
        shared: scope === 'client',
      })
  }
  return scopes
}

/** What a 429 pauses: everything, where the connector as a whole has a limit, else the connection that met it. */
export function pauseScopeOf(
  connector: Connector,
  scope: 'client' | 'connection',
  sourceId: string | undefined,
): string {
  return scope === 'client' || sourceId === undefined ? connector.id : `${connector.id} source ${sourceId}`
}

export function limitedScope(connector: Connector): 'client' | 'connection' {
  const connectionOnly =
    connector.limits.length > 0 && connector.limits.every((limit) => limit.scope !== 'client')
  return connectionOnly ? 'connection' : 'client'
}

/** Undefined where the limit does not concern the request. */
function placeOf(
  connector: Connector,
  scope: 'client' | 'connection' | 'account',
  sourceId: string | undefined,
  account: string | undefined,
): string | undefined {
  if (scope === 'client') return connector.id
  if (sourceId === undefined) return undefined
  if (scope === 'connection') return `${connector.id} source ${sourceId}`
  return account === undefined ? undefined : `${connector.id} source ${sourceId} account ${account}`
}
