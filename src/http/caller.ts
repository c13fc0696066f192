/** What a token or a key lets its bearer do. Each of the first three holds those before it. */
export const scopes = ['read', 'write', 'admin'] as const
export type Scope = (typeof scopes)[number] | 'service'

/** A person, by a log-in or a key of their own. */
export interface UserCaller {
  kind: 'user'
  userId: string
  email: string | null
  timeZone: string
  baseCurrency: string
  scopes: Scope[]
  /** The log-in; undefined where it is an API key. */
  sessionId: string | undefined
  /** What idempotency keys are kept under. */
  subject: string
  /** What requests are counted under: each API key for itself, and all log-ins of a user together. */
  countedAs: string
  /** Of all that the caller's reads are made of. See src/db/callers.ts. */
  version: string
  lastSeenAt: Date | null
}

/** Another program of the installation: the aggregator's views, and operating it. */
export interface ServiceCaller {
  kind: 'service'
  keyId: string
  scopes: Scope[]
  subject: string
  countedAs: string
}

export type Caller = UserCaller | ServiceCaller

/** `admin` holds `write`, which holds `read`; `service` stands apart. */
export function allows(granted: readonly Scope[], needed: Scope): boolean {
  if (needed === 'service') return granted.includes('service')
  const rank = (scope: Scope) => (scopes as readonly Scope[]).indexOf(scope)
  return granted.some((scope) => rank(scope) >= rank(needed))
}
