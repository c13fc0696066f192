import type { ConnectionLimit, ScopeLimit } from '../scope-limit.ts'
import type { Connector } from './connector.ts'
import { scopesOf } from './scopes.ts'

/** A connector's id has no character that means something in a regular expression. */
export function connectionLimitsOf(connector: Connector): ConnectionLimit[] {
  return scopesOf(connector, '[0-9]+').flatMap(({ scope, max, per, fixed = false, shared }) =>
    max === undefined || per === undefined || shared
      ? []
      : [{ connector: connector.id, scope: `^${scope}$`, max, per, fixed }],
  )
}

/** The limits of a connector as a whole, by which its budget is told. */
export function clientLimitsOf(connector: Connector): (ScopeLimit & { connector: string })[] {
  return scopesOf(connector).map((scope) => ({ connector: connector.id, ...scope }))
}
