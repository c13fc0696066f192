import type { Api } from './api.ts'
import { serveApiKeys } from './api-keys.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { serveSecondFactor } from './second-factor.ts'
import { serveTokens } from './tokens.ts'
import { createTries, type Tries } from './tries.ts'
import { serveUsers } from './users.ts'

/** What stands between a stranger and an account. Of one application there is one of each. */
export interface Guards {
  passwords: Passwords
  tries: Tries
}

/** Who somebody is: signing up, logging in, keys and second factors. */
export function serveIdentity(api: Api): void {
  const guards: Guards = { passwords: createPasswords(), tries: createTries(api.parts) }
  serveUsers(api, guards)
  serveTokens(api, guards)
  serveApiKeys(api)
  serveSecondFactor(api, guards)
}
