import { z } from '@hono/zod-openapi'
import { hash, verify } from '@node-rs/argon2'
import PQueue from 'p-queue'
import { BusyError } from '../errors.ts'

/**
 * Argon2id with 19 MiB, two passes and one lane, as the first choice of the OWASP Password Storage Cheat Sheet:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
 */
const argon2id = { algorithm: 2, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const

/** Computations at once: each takes a core and 19 MiB. */
const atOnce = 2
/** Those that may wait: about a second of work. */
const mostWaiting = 50

/** By the same parameters, of no password: what is compared with where there is no user. */
const nobodys = `$argon2id$v=19$m=${argon2id.memoryCost},t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

export interface Passwords {
  /** A PHC string with a salt of its own. Throws a BusyError. */
  hash(password: string): Promise<string>
  /** False, after as long, where there is no hash to compare with. Throws a BusyError. */
  matches(password: string, hash: string | null | undefined): Promise<boolean>
}

/** Passwords are hashed a few at a time, so that log-ins cannot take the machine from what else it does. */
export function createPasswords(): Passwords {
  const queue = new PQueue({ concurrency: atOnce })

  function run<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= mostWaiting)
      throw new BusyError('too many passwords are being checked: try again in a moment', 1)
    return queue.add(work)
  }

  return {
    hash: async (password) => run(() => hash(normalise(password), argon2id)),
    matches: async (password, known) => {
      const right = await run(() => verify(known ?? nobodys, normalise(password)))
      return right && typeof known === 'string'
    },
  }
}

/** The same characters, typed on other systems, may be other code points: NIST SP 800-63B, section 5.1.1.2. */
function normalise(password: string): string {
  return password.normalize('NFKC')
}

const shortest = 10
const longest = 200

/** One that is chosen: any characters, counted as code points. */
export const newPassword = z
  .string()
  .refine((value) => lengthOf(value) >= shortest, `must have at least ${shortest} characters`)
  .refine((value) => lengthOf(value) <= longest, `must have at most ${longest} characters`)
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')
  .openapi({ format: 'password', minLength: shortest, maxLength: longest })

/** One that is shown: whatever it is, it is right or wrong. */
export const shownPassword = z
  .string()
  .refine((value) => value !== '', 'must not be empty')
  .refine((value) => lengthOf(value) <= longest, `must have at most ${longest} characters`)
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')
  .openapi({ format: 'password', minLength: 1, maxLength: longest })

function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}
