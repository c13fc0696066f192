import { signal } from '@preact/signals'
import { createClient } from '../../client/client.ts'
import { deviceStorage, tabStorage } from '../device-storage.ts'

/** What a log-in gave. Kept on the device until it ends, so that a reload, and another tab, are still logged in. */
export interface UserSession {
  kind: 'user'
  userId: string
  accessToken: string
  /** Milliseconds since the epoch, by this device's clock. */
  accessUntil: number
  refreshToken: string
}

/** The server has ended a log-in. Whose it was is kept: they go on where they were, and nobody else does. */
interface EndedSession {
  kind: 'ended'
  userId: string
}

/** A key of scope `service`: kept until the tab is closed. */
interface OperatorSession {
  kind: 'operator'
  key: string
}

export type Session = UserSession | EndedSession | OperatorSession

type Tokens = Awaited<ReturnType<ReturnType<typeof createClient>['createTokens']>>

const userKey = 'tidemark.session'
const operatorKey = 'tidemark.operator-key'

/** Undefined while nobody is logged in, nor was until the server ended it. */
export const session = signal<Session | undefined>(readSession())
/** What to tell whoever has to log in. */
export const endedBecause = signal<string | undefined>(undefined)

/** Another tab logged in, refreshed or logged out. */
addEventListener('storage', ({ key }) => {
  if (key === userKey || key === null) readAgain()
})
/** A page that comes back as it was left has heard of nothing meanwhile. */
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) readAgain()
})

/** Without a token: for what is public. */
export const publicApi = createClient({ baseUrl: location.origin })

/** As it is on the device now. */
export function readAgain(): void {
  session.value = readSession()
}

export function beginSession(tokens: Tokens): void {
  endedBecause.value = undefined
  tabStorage.removeItem(operatorKey)
  keepTokens(tokens)
}

export function beginOperatorSession(key: string): void {
  endedBecause.value = undefined
  tabStorage.setItem(operatorKey, key)
  session.value = { kind: 'operator', key }
}

/** On this device; the log-in itself is ended by DELETE /v1/tokens. */
export function forgetSession(reason?: string): void {
  if (session.value?.kind === 'operator') tabStorage.removeItem(operatorKey)
  else deviceStorage.removeItem(userKey)
  endedBecause.value = reason
  readAgain()
}

export function keepTokens({ accessToken, refreshToken, expiresIn }: Tokens): UserSession {
  const kept: UserSession = {
    kind: 'user',
    userId: userOf(accessToken)!,
    accessToken,
    accessUntil: Date.now() + expiresIn * 1000,
    refreshToken,
  }
  keep(kept)
  return kept
}

export function keepEnded({ userId }: UserSession): void {
  keep({ kind: 'ended', userId })
}

/** As it is on the device now: another tab may have changed it a moment ago. */
export function readKept(): UserSession | EndedSession | undefined {
  try {
    const kept = JSON.parse(deviceStorage.getItem(userKey) ?? 'null')
    return typeof kept?.userId === 'string' && ['user', 'ended'].includes(kept.kind) ? kept : undefined
  } catch {
    return undefined
  }
}

/** The subject of an access token (RFC 7519, section 4.1.2); undefined where it is none. */
export function userOf(accessToken: string): string | undefined {
  const [, claims] = accessToken.split('.')
  if (claims === undefined) return undefined
  return JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))).sub
}

function keep(kept: UserSession | EndedSession): void {
  deviceStorage.setItem(userKey, JSON.stringify(kept))
  readAgain()
}

function readSession(): Session | undefined {
  const key = tabStorage.getItem(operatorKey)
  return key === null ? readKept() : { kind: 'operator', key }
}
