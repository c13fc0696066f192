import { signal } from '@preact/signals'
import { type ApiProblem, createClient } from '../../client/client.ts'

/** What a log-in gave. Kept on the device until it ends, so that a reload, and another tab, are still logged in. */
interface UserSession {
  kind: 'user'
  accessToken: string
  /** Milliseconds since the epoch, by this device's clock. */
  accessUntil: number
  refreshToken: string
}

/** A key of scope `service`: kept until the tab is closed. */
interface OperatorSession {
  kind: 'operator'
  key: string
}

export type Session = UserSession | OperatorSession

type Tokens = Awaited<ReturnType<ReturnType<typeof createClient>['createTokens']>>

const userKey = 'tidemark.session'
const operatorKey = 'tidemark.operator-key'
/** Milliseconds before its end at which an access token is exchanged, so that none ends on its way. */
const margin = 20_000

/** Undefined while nobody is logged in. */
export const session = signal<Session | undefined>(readSession())
/** Why the last session ended, where its owner did not end it. */
export const endedBecause = signal<string | undefined>(undefined)

/** Another tab logged in, refreshed or logged out. */
addEventListener('storage', ({ key }) => {
  if (key === userKey || key === null) session.value = readSession()
})

/** Without a token: for what is public. */
export const publicApi = createClient({ baseUrl: location.origin })

export function beginSession(tokens: Tokens): void {
  endedBecause.value = undefined
  sessionStorage.removeItem(operatorKey)
  keep(tokens)
}

export function beginOperatorSession(key: string): void {
  endedBecause.value = undefined
  sessionStorage.setItem(operatorKey, key)
  session.value = { kind: 'operator', key }
}

/** Forgets it on this device; the log-in itself is ended by DELETE /v1/tokens. */
export function forgetSession(reason?: string): void {
  if (session.value?.kind === 'operator') sessionStorage.removeItem(operatorKey)
  else localStorage.removeItem(userKey)
  endedBecause.value = reason
  session.value = readSession()
}

/** What to show as `Authorization: Bearer`; exchanged for a new one where it is about to end. */
export async function currentToken(): Promise<string | undefined> {
  const held = session.value
  if (held?.kind === 'operator') return held.key
  if (held === undefined || held.accessUntil - margin > Date.now()) return held?.accessToken
  return exchange(held.accessToken)
}

/** Another one, in the place of one that the server has refused. */
export async function replaceToken(refused: string): Promise<string | undefined> {
  if (session.value?.kind !== 'operator') return exchange(refused)
  forgetSession('The server refused this key: it was revoked, or has ended.')
  return undefined
}

/**
 * A refresh token is good for one exchange, and its reuse ends the log-in: of all tabs, one exchanges it and the others
 * take what came of it.
 */
function exchange(former: string): Promise<string | undefined> {
  return inTurn(async () => {
    const held = readUser()
    if (held === undefined) return undefined
    if (held.accessToken !== former && held.accessUntil - margin > Date.now()) {
      session.value = held
      return held.accessToken
    }
    try {
      return keep(await publicApi.refreshTokens({ body: { refreshToken: held.refreshToken } }))
    } catch (error) {
      if ((error as Partial<ApiProblem>).status !== 401) throw error
      forgetSession('Your log-in has ended. Log in again to go on where you were.')
      return undefined
    }
  })
}

let waiting: Promise<unknown> = Promise.resolve()

/** Across tabs where the browser has locks (on https and on this machine), else within this one. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if ('locks' in navigator) return navigator.locks.request(userKey, work) as Promise<T>
  const turn = waiting.then(work, work)
  waiting = turn.catch(() => {})
  return turn
}

function keep({ accessToken, refreshToken, expiresIn }: Tokens): string {
  const kept: UserSession = {
    kind: 'user',
    accessToken,
    accessUntil: Date.now() + expiresIn * 1000,
    refreshToken,
  }
  localStorage.setItem(userKey, JSON.stringify(kept))
  session.value = kept
  return accessToken
}

function readSession(): Session | undefined {
  const key = sessionStorage.getItem(operatorKey)
  return key === null ? readUser() : { kind: 'operator', key }
}

function readUser(): UserSession | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(userKey) ?? 'null')
    return typeof kept?.refreshToken === 'string' ? kept : undefined
  } catch {
    return undefined
  }
}
