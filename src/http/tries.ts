import { createHmac } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { giveBackTries, takeTries } from '../db/try-counts.ts'
import { TooManyRequestsError } from '../errors.ts'
import type { HttpParts } from './parts.ts'

const minutes = 60
const hours = 60 * minutes

/** How often something may be tried, by one of whom. */
export interface Bound {
  /** What is tried, and by whom. */
  name: string
  most: number
  seconds: number
  /** What a success does: it counts as a try all the same, it counts as none, or it forgives those before as well. */
  success: 'counts' | 'counts not' | 'forgives'
}

export const bounds = {
  /** Whoever it is that has the email, if anybody. */
  logIn: (email: string): Bound => ({
    name: `log-in ${email}`,
    most: 10,
    seconds: 15 * minutes,
    success: 'forgives',
  }),
  /** Wrong passwords, and emails that are taken, from one network. */
  failures: (address: string): Bound => ({
    name: `failures ${networkOf(address)}`,
    most: 100,
    seconds: 15 * minutes,
    success: 'counts not',
  }),
  signUps: (address: string): Bound => ({
    name: `sign-ups ${networkOf(address)}`,
    most: 1000,
    seconds: hours,
    success: 'counts',
  }),
  /** Of somebody who is logged in: strangers who try to log in do not use these up. */
  ownPassword: (userId: string): Bound => ({
    name: `password ${userId}`,
    most: 10,
    seconds: 15 * minutes,
    success: 'forgives',
  }),
  /**
   * Of somebody who knows the password, or has a token. Three of a million codes are right at any moment: so many tries
   * a day find one in forty years on average.
   */
  code: (userId: string): Bound => ({
    name: `code ${userId}`,
    most: 20,
    seconds: 24 * hours,
    success: 'forgives',
  }),
}

/** A try that was counted. It counts as one that failed, until something else is said of it. */
export interface Attempt {
  /** Does what decides it; where that could not be done, nothing was tried. */
  decide<T>(work: () => Promise<T>): Promise<T>
  succeeded(): Promise<void>
  /** It was none after all. */
  withdraw(): Promise<void>
}

export interface Tries {
  /** Throws a TooManyRequestsError where one of the bounds is used up, whatever would be tried. */
  begin(...bounds: Bound[]): Promise<Attempt>
  /** Gives all tries back. */
  forgive(bound: Bound): Promise<void>
}

/** Counted in the database, for all processes together. */
export function createTries({ db, keyring, clock }: Pick<HttpParts, 'db' | 'keyring' | 'clock'>): Tries {
  /** There are so few addresses that a hash without a key would name them. */
  const subjectOf = ({ name }: Bound) =>
    createHmac('sha256', keyring.derive('tries')!.secret).update(name).digest('hex')

  return {
    forgive: (bound) => giveBackTries(db.sql, { one: [], all: [subjectOf(bound)] }),
    async begin(...bounds) {
      const counted = bounds.map((bound) => ({ ...bound, subject: subjectOf(bound) }))
      const now = clock()
      const until = await takeTries(
        db.sql,
        counted.map(({ subject, most, seconds }) => ({ subject, most, seconds })),
        now,
      )
      if (until !== null)
        throw new TooManyRequestsError(
          'this was tried too often: wait, then try again',
          (until.getTime() - now.getTime()) / 1000,
        )
      const subjects = (success?: Bound['success']) =>
        counted
          .filter((each) => success === undefined || each.success === success)
          .map((each) => each.subject)
      const withdraw = () => giveBackTries(db.sql, { one: subjects(), all: [] })
      return {
        withdraw,
        succeeded: () => giveBackTries(db.sql, { one: subjects('counts not'), all: subjects('forgives') }),
        async decide(work) {
          try {
            return await work()
          } catch (error) {
            await withdraw()
            throw error
          }
        },
      }
    },
  }
}

/** An IPv4 address, or the /64 that an IPv6 address lies in: whoever has one address there has all of them. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0')))
  const [head = '', tail = ''] = address.toLowerCase().replace(/%.*$/, '').split('::')
  const [before, after] = [groups(head), groups(tail)]
  // Of an IPv4 address at the end, which is two groups, nothing lies in the first half.
  const given = before.length + after.length + (address.includes('.') ? 1 : 0)
  const zeros = address.includes('::') ? Array<string>(8 - given).fill('0000') : []
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
