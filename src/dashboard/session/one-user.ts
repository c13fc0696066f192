import { navigate } from 'wouter-preact/use-browser-location'
import { queryClient } from '../queries.ts'
import { type Session, session } from './session.ts'

const forgetting = new Set([() => queryClient.clear()])

/** For what is kept in memory beside the queries: called wherever it is another user's turn, or nobody's. */
export function whenUserChanges(forget: () => void): void {
  forgetting.add(forget)
}

/**
 * What one user was answered is never shown to the next, whichever tab they log in or out in. Their address goes, too:
 * what stands there is of no use to another. Whoever is back after their log-in ended stays where they were.
 */
export function keepUsersApart(): void {
  let owner = ownerOf(session.value)
  let kind = session.value?.kind
  session.subscribe((held) => {
    const [formerOwner, formerKind] = [owner, kind]
    owner = ownerOf(held)
    kind = held?.kind
    if (owner !== formerOwner) {
      for (const forget of forgetting) forget()
      // A key is used on the page of operations, and laid aside there.
      if (formerOwner !== undefined && ![formerOwner, owner].includes(operator))
        navigate('/', { replace: true })
    } else if (formerKind === 'ended' && kind === 'user') void queryClient.invalidateQueries()
  })
}

const operator = 'operator'

function ownerOf(held: Session | undefined): string | undefined {
  if (held === undefined) return undefined
  return held.kind === 'operator' ? operator : `user ${held.userId}`
}
