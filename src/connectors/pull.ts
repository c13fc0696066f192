import type { Delete, PageAccount, PriceQuote, ReportedBalance, Upsert, WindowComplete } from '../page.ts'
import type { Connector, PageProblem, SyncPage } from './connector.ts'
import { ConnectorBugError } from './errors.ts'
import type { JsonValue } from './json.ts'
import {
  faultOfAccount,
  faultOfBalance,
  faultOfChange,
  faultOfPrice,
  faultOfWindow,
  isDayText,
  isObject,
  quote,
} from './page-faults.ts'

/** A page that can be stored: every row of it is what it should be, and what was not is among the problems. */
export interface CheckedPage {
  accounts: PageAccount[]
  changes: (Upsert | Delete)[]
  balances: ReportedBalance[]
  prices: PriceQuote[]
  /** All rows of the account that lie between both days, by their ids: others that are stored there are gone. */
  completed: { account: string; from: string; to: string; ids: string[] }[]
  problems: PageProblem[]
  cursor: JsonValue
  groupEnd: boolean
}

/** A cursor is kept with the source; beyond this it is no cursor any more. */
const maxCursorLength = 64 * 1024

/** Problems of one page group that are told one by one. */
const mostProblems = 20
/** So many rows of a page may be at fault, whatever their share is. */
const fewFaults = 10

export interface CheckOptions {
  /** The connector's: on a platform-wide connection every account says whose it is. */
  scope?: Connector['scope']
}

/**
 * The pages of one pull, each checked. A row that is none becomes a problem and does not take the others with it; an
 * account that is none takes its own rows alone. Throws a ConnectorBugError where the pull cannot be followed: a
 * cursor that goes in a circle, a page without its parts, or one most of whose rows cannot be used.
 */
export async function* checkPages(
  pages: AsyncIterable<SyncPage>,
  options?: CheckOptions,
): AsyncGenerator<CheckedPage> {
  const checker = createPageChecker(options)
  for await (const page of pages) yield checker.check(page)
  checker.end()
}

export interface PageChecker {
  check(page: SyncPage): CheckedPage
  /** Throws where the last page was not the end of its group. */
  end(): void
}

/** Checks the pages of one pull as they come, as `checkPages` does. */
export function createPageChecker({ scope = 'user' }: CheckOptions = {}): PageChecker {
  const accounts = new Map<string, PageAccount>()
  /** What stands for the identity of accounts that cannot be stored. */
  const unusable = new Set<unknown>()
  /** Days of the rows that were said since the group began, by account and id. */
  let said = new Map<string, Map<string, string>>()
  /** Accounts of which something could not be read since the group began; '' where it is not known whose it was. */
  let faulty = new Set<string>()
  /** Problems since the group began. */
  let problems = 0
  const cursors = new Set<string>()
  let circle = false
  let groupEnded = true

  function check(page: SyncPage): CheckedPage {
    followCursor(page.cursor)
    const { prices = [], problems: told = [] } = page
    if (![page.accounts, page.changes, page.balances, prices, told].every(Array.isArray))
      throw new ConnectorBugError('a page lacks its lists of accounts, changes and balances')
    const checked: CheckedPage = {
      accounts: [],
      changes: [],
      balances: [],
      prices: [],
      completed: [],
      problems: told.map((problem) => ({
        ...(typeof problem?.account === 'string' && { account: problem.account }),
        message: typeof problem?.message === 'string' ? problem.message : 'something could not be used',
      })),
      cursor: page.cursor,
      groupEnd: page.groupEnd,
    }
    let faultyRows = told.filter((problem) => problem?.row === true).length
    const addProblem = (account: unknown, message: string) =>
      checked.problems.push({ ...(typeof account === 'string' && account !== '' && { account }), message })
    const addFaultyRow = (account: unknown, message: string) => {
      faultyRows++
      addProblem(account, message)
    }

    const used = new Set<string>()
    for (const account of page.accounts) {
      const fault = faultOfAccount(account, scope)
      const id: unknown = isObject(account) ? account.externalId : undefined
      if (fault === undefined) {
        accounts.set(account.externalId, account)
        used.add(account.externalId)
        continue
      }
      addProblem(id, `account ${quote(id)}: ${fault}`)
      if (!accounts.has(account?.externalId)) unusable.add(id)
    }
    /** Whether what is said of the account can be stored; the problem of one that cannot is told already. */
    const isStored = (account: string) => {
      if (!accounts.has(account)) {
        if (unusable.has(account)) return false
        throw new ConnectorBugError(`no page named the account ${quote(account)}`)
      }
      used.add(account)
      return true
    }

    for (const change of page.changes) {
      if (!isObject(change) || (typeof change.account !== 'string' && !unusable.has(change.account))) {
        addFaultyRow(undefined, 'a transaction names no account')
        continue
      }
      if (!isStored(change.account)) {
        faultyRows++
        continue
      }
      if (change.type === 'window-complete') {
        const fault = faultOfWindow(change)
        if (fault === undefined) checked.completed.push(completedBy(change))
        else addProblem(change.account, `what is complete: ${fault}`)
        continue
      }
      const fault = faultOfChange(change)
      // A faulty row was said, too: its window is not complete without it.
      if (change.type === 'upsert' && typeof change.id === 'string') noteSaid(change)
      if (fault === undefined) checked.changes.push(change)
      else addFaultyRow(change.account, `transaction ${quote(change.id)}: ${fault}`)
    }
    for (const balance of page.balances) {
      if (!isObject(balance) || (typeof balance.account !== 'string' && !unusable.has(balance.account))) {
        addProblem(undefined, 'a balance names no account')
        continue
      }
      if (!isStored(balance.account)) continue
      const fault = faultOfBalance({ ...balance })
      if (fault === undefined) checked.balances.push(balance)
      else addProblem(balance.account, `a balance: ${fault}`)
    }
    for (const price of prices) {
      const fault = faultOfPrice(price)
      if (fault === undefined) checked.prices.push(price)
      else addFaultyRow(undefined, `the price of ${quote(price?.asset)}: ${fault}`)
    }

    const rows = faultyRows + checked.changes.length + checked.prices.length
    // So much is no accident of single rows: the provider speaks another format, and the cursor must not move on.
    if (faultyRows > fewFaults && faultyRows > rows / 2)
      throw new ConnectorBugError(
        `${faultyRows} of ${rows} rows of a page could not be used; the first: ${checked.problems[0]?.message}`,
      )

    checked.accounts = [...used].map((externalId) => accounts.get(externalId)!)
    for (const { account = '' } of checked.problems) faulty.add(account)
    // Where a row of an account could not be read, nothing of it is taken for gone.
    checked.completed = checked.completed.filter(({ account }) => !faulty.has(account) && !faulty.has(''))
    limitProblems(checked)
    groupEnded = page.groupEnd
    if (groupEnded) {
      said = new Map()
      faulty = new Set()
      problems = 0
    }
    return checked
  }

  function followCursor(cursor: JsonValue): void {
    if (circle) throw new ConnectorBugError('the provider’s cursor goes in a circle')
    const text = JSON.stringify(cursor)
    if (text === undefined || text.length > maxCursorLength)
      throw new ConnectorBugError(`a cursor must be JSON of at most ${maxCursorLength} characters`)
    // A last page may well end where it began; what must not come is a page behind it.
    circle = cursor !== null && cursors.has(text)
    cursors.add(text)
  }

  function noteSaid({ account, id, bookedOn }: Upsert): void {
    const rows = said.get(account) ?? new Map<string, string>()
    rows.set(id, isDayText(bookedOn) ? bookedOn : '')
    said.set(account, rows)
  }

  function completedBy({ account, from, to }: WindowComplete): CheckedPage['completed'][number] {
    const rows = [...(said.get(account) ?? [])]
    return { account, from, to, ids: rows.filter(([, day]) => day >= from && day <= to).map(([id]) => id) }
  }

  /** Leaves out what the group has too much of, and says at its end how many they were. */
  function limitProblems(checked: CheckedPage): void {
    const left = Math.max(0, mostProblems - problems)
    problems += checked.problems.length
    checked.problems = checked.problems.slice(0, left)
    if (checked.groupEnd && problems > mostProblems)
      checked.problems.push({ message: `and ${problems - mostProblems} more that could not be used` })
  }

  return {
    check,
    end() {
      if (!groupEnded) throw new ConnectorBugError('the pull ended in the middle of a page group')
    },
  }
}
