import { addDays } from '../../calendar.ts'
import type { Upsert } from '../../page.ts'
import type { PageProblem, SyncPage } from '../connector.ts'
import { ReauthError, TransientError } from '../errors.ts'
import { accountsOf } from './accounts-of.ts'
import { type Owner, readAccount } from './read-account.ts'
import { errorsOf, type ServerError } from './server-errors.ts'
import type { Account, AccountSet } from './wire.ts'

export interface Asked extends Owner {
  /** Days, both included, all of which the answer is about; undefined where only accounts were asked for. */
  window?: { from: string; to: string }
  /** How long after its day a row may change. */
  mutableDays: number
}

export interface Answer {
  page: SyncPage
  /** Names of the institutions. */
  institutions: string[]
  /** What is for the developer of the connector alone. */
  notices: string[]
}

/** What an answer says. Throws where it says nothing but errors. */
export function answerOf(set: AccountSet, asked: Asked): Answer {
  const errors = errorsOf(set)
  const faults = errors.filter(({ concerns }) => concerns !== 'request')
  if (set.accounts.length === 0 && faults.length > 0) throw nothingCame(faults)

  const { accounts, problems: unread } = accountsOf(set)
  const problems: PageProblem[] = [...unread]
  // An error without an account, or a notice that the range was cut, leaves unknown which rows are missing.
  const whole = errors.every(({ concerns }) => concerns === 'account' || concerns === 'connection')
  const page: SyncPage = {
    accounts: [],
    changes: [],
    balances: [],
    problems,
    cursor: null,
    groupEnd: true,
  }
  const told = new Set<ServerError>()
  for (const { found, item, institution } of accounts) {
    const own = faults.filter((error) => isAbout(error, found))
    for (const error of own) told.add(error)
    const read = readAccount(item, found, institution, asked)
    const failed = [...own.map(({ message }) => ({ message })), ...read.problems]
    problems.push(...failed.map((problem) => ({ account: found.id, ...problem })))
    page.accounts.push(read.account)
    page.balances.push(...read.balances)
    page.changes.push(...read.rows)
    const days = completeDays(read.rows, asked)
    if (days && whole && failed.length === 0)
      page.changes.push({ type: 'window-complete', account: found.id, ...days })
  }
  for (const error of faults) if (!told.has(error)) problems.push({ message: error.message })
  const names = accounts.map(({ institution }) => institution).filter((name) => name !== undefined)
  const notices = errors.filter(({ concerns }) => concerns === 'request').map(({ message }) => message)
  return { page, institutions: [...new Set(names)], notices }
}

function nothingCame(faults: ServerError[]): Error {
  const signIn = faults.find((fault) => fault.signIn)
  if (signIn) return new ReauthError(`SimpleFIN wants its owner to sign in again: ${signIn.message}`)
  return new TransientError(`SimpleFIN told no accounts: ${faults[0]!.message}`)
}

function isAbout(error: ServerError, { id, conn_id }: Account): boolean {
  if (error.concerns === 'account')
    return error.account === id && (!error.connection || !conn_id || error.connection === conn_id)
  return error.concerns === 'connection' && error.connection === conn_id
}

/**
 * The days of the window whose rows are all in the answer. That of old days some are missing may only be because the
 * bank keeps no longer history: there it is complete from its first row on, since history ends nowhere in between.
 */
function completeDays(rows: Upsert[], { window, today, mutableDays }: Asked): Asked['window'] {
  if (!window) return undefined
  let from = addDays(today, -mutableDays)
  for (const { bookedOn, status } of rows) if (status === 'posted' && bookedOn < from) from = bookedOn
  if (from < window.from) from = window.from
  return from <= window.to ? { from, to: window.to } : undefined
}
