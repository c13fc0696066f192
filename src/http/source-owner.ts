import type { Owner } from '../db/owner.ts'
import { ForbiddenError } from '../errors.ts'
import { allows, type Caller } from './caller.ts'

/** Whose sources a caller has to do with: a person with their own, a service with those of the platform. */
export function ownerOf(caller: Caller | undefined): Owner {
  if (caller?.kind === 'user') return caller.userId
  if (caller && allows(caller.scopes, 'service')) return null
  throw new ForbiddenError('this needs a token of a user, or a key with the scope service')
}
