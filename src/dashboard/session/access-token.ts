import { ApiProblem } from '../../client/client.ts'
import { isProblem } from '../problem-text.ts'
import { inTurn, isSpent, markSpent, passed } from './in-turn.ts'
import {
  forgetSession,
  keepEnded,
  keepTokens,
  publicApi,
  readAgain,
  readKept,
  session,
  type UserSession,
  userOf,
} from './session.ts'

/** Milliseconds before its end at which an access token is exchanged, so that none ends on its way. */
const margin = 20_000
/** Milliseconds to wait for new tokens: other tabs wait with this one. */
const patience = 30_000

/** What to show as `Authorization: Bearer`; exchanged for a new one where it is about to end. */
export async function currentToken(): Promise<string> {
  const held = session.value
  if (held?.kind === 'operator') return held.key
  if (held?.kind !== 'user') throw notDone()
  return isGood(held) ? held.accessToken : exchange(held.userId, held.accessToken)
}

/** Another one of the same user, in the place of one that the server has refused. */
export async function replaceToken(refused: string): Promise<string> {
  const held = session.value
  if (held?.kind === 'operator' && held.key === refused) {
    forgetSession('The server refused this key: it was revoked, or has ended.')
    throw notDone()
  }
  return exchange(userOf(refused), refused)
}

/**
 * A refresh token is good for one exchange, and its reuse ends the log-in: of all tabs, one exchanges it and the others
 * take what came of it.
 */
function exchange(userId: string | undefined, former: string): Promise<string> {
  return inTurn(async () => {
    const held = await readUnspent()
    readAgain()
    // Whoever logged in meanwhile does not send what another one wrote.
    if (held?.kind !== 'user' || held.userId !== userId) throw notDone()
    if (held.accessToken !== former && isGood(held)) return held.accessToken
    const isStillHeld = () => {
      const now = readKept()
      return now?.kind === 'user' && now.refreshToken === held.refreshToken
    }
    try {
      const tokens = await refresh(held)
      if (isStillHeld()) {
        keepTokens(tokens)
        await markSpent(held.refreshToken)
      }
    } catch (error) {
      // Anything else, such as a server out of reach, says nothing about the log-in.
      if (!isProblem(error, 'unauthenticated')) throw error
      if (isStillHeld()) keepEnded(held)
    }
    // Where somebody has logged out meanwhile, or in, that holds.
    const now = readKept()
    if (now?.kind === 'user' && now.userId === userId) return now.accessToken
    throw notDone()
  })
}

/** What another tab has put on the device reaches this one a moment later than the turn does. */
async function readUnspent(): Promise<ReturnType<typeof readKept>> {
  for (let times = 0; times < 100; times++) {
    const held = readKept()
    if (held?.kind !== 'user' || !(await isSpent(held.refreshToken))) return held
    await passed(50)
  }
  throw new TypeError('the new tokens of another tab do not reach this one')
}

async function refresh({ refreshToken }: UserSession) {
  const signal = AbortSignal.timeout(patience)
  try {
    return await publicApi.refreshTokens({ body: { refreshToken }, signal })
  } catch (error) {
    throw signal.aborted ? new TypeError('the server did not answer', { cause: error }) : error
  }
}

function isGood({ accessUntil }: UserSession): boolean {
  return accessUntil - margin > Date.now()
}

/** In the place of a request that nobody can make any more. */
function notDone(): ApiProblem {
  return new ApiProblem(401, { detail: 'your log-in had ended, so this was not done: try again' }, undefined)
}
