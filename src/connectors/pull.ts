import { isDay } from '../calendar.ts'
import { parseDecimal } from '../decimal.ts'
import type { Delete, PageAccount, PriceQuote, ReportedBalance, Upsert } from '../page.ts'
import { transactionStatuses } from '../page.ts'
import type { PageProblem, SyncPage } from './connector.ts'
import { ConnectorBugError } from './errors.ts'
import type { JsonValue } from './json.ts'

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

/**
 * The pages of one pull, each checked. A row that is none becomes a problem and does not take the others with it.
 * Throws a ConnectorBugError where the pull cannot be followed: a cursor that goes in a circle, a page without its
 * parts.
 */
export async function* checkPages(pages: AsyncIterable<SyncPage>): AsyncGenerator<CheckedPage> {
  const checker = createPageChecker()
  for await (const page of pages) yield checker.check(page)
  checker.end()
}

export interface PageChecker {
  check(page: SyncPage): CheckedPage
  /** Throws where the last page was not the end of its group. */
  end(): void
}

/** Checks the pages of one pull as they come, as `checkPages` does. */
export function createPageChecker(): PageChecker {
  const accounts = new Map<string, PageAccount>()
  /** Days of the rows that were said since the group began, by account and id. */
  let said = new Map<string, Map<string, string>>()
  /** Accounts of which something could not be read since the group began; '' where it is not known whose it was. */
  let faulty = new Set<string>()
  const cursors = new Set<string>()
  let circle = false
  let groupEnded = true

  function check(page: SyncPage): CheckedPage {
    if (circle) throw new ConnectorBugError('the provider’s cursor goes in a circle')
    const cursor = JSON.stringify(page.cursor)
    if (cursor === undefined || cursor.length > maxCursorLength)
      throw new ConnectorBugError(`a cursor must be JSON of at most ${maxCursorLength} characters`)
    // A last page may well end where it began; what must not come is a page behind it.
    circle = page.cursor !== null && cursors.has(cursor)
    cursors.add(cursor)

    for (const account of page.accounts) {
      if (account.externalId === '') throw new ConnectorBugError('an account has no externalId')
      accounts.set(account.externalId, account)
    }
    const checked: CheckedPage = {
      accounts: [],
      changes: [],
      balances: [],
      prices: [],
      completed: [],
      problems: [...(page.problems ?? [])],
      cursor: page.cursor,
      groupEnd: page.groupEnd,
    }
    const used = new Set(page.accounts.map((account) => account.externalId))
    for (const change of page.changes) {
      if (!accounts.has(change.account))
        throw new ConnectorBugError(`no page named the account "${change.account}"`)
      used.add(change.account)
      if (change.type === 'window-complete') {
        const rows = said.get(change.account) ?? new Map<string, string>()
        const { account, from, to } = change
        const ids = [...rows].filter(([, day]) => day >= from && day <= to).map(([id]) => id)
        checked.completed.push({ account, from, to, ids })
        continue
      }
      const fault =
        change.type === 'upsert' ? faultOfRow(change) : change.id === '' ? 'it has no id' : undefined
      if (change.type === 'upsert' && change.id !== '') {
        const rows = said.get(change.account) ?? new Map<string, string>()
        // A faulty row was said, too: its window is not complete without it.
        rows.set(change.id, isDay(change.bookedOn) ? change.bookedOn : '')
        said.set(change.account, rows)
      }
      if (fault === undefined) checked.changes.push(change)
      else
        checked.problems.push({
          account: change.account,
          message: `transaction ${quote(change.id)}: ${fault}`,
        })
    }
    for (const balance of page.balances) {
      if (!accounts.has(balance.account))
        throw new ConnectorBugError(`no page named the account "${balance.account}"`)
      used.add(balance.account)
      const fault = isDay(balance.day)
        ? (faultOfAmount(balance.amount) ?? faultOfAsset(balance.asset))
        : 'its day is none'
      if (fault === undefined) checked.balances.push(balance)
      else checked.problems.push({ account: balance.account, message: `a balance: ${fault}` })
    }
    for (const price of page.prices ?? []) {
      const fault = faultOfPrice(price)
      if (fault === undefined) checked.prices.push(price)
      else checked.problems.push({ message: `the price of ${quote(price.asset)}: ${fault}` })
    }
    checked.accounts = [...used].map((externalId) => accounts.get(externalId)!)
    for (const { account = '' } of checked.problems) faulty.add(account)
    // Where a row of an account could not be read, nothing of it is taken for gone.
    checked.completed = checked.completed.filter(({ account }) => !faulty.has(account) && !faulty.has(''))
    groupEnded = page.groupEnd
    if (groupEnded) {
      said = new Map()
      faulty = new Set()
    }
    return checked
  }

  return {
    check,
    end() {
      if (!groupEnded) throw new ConnectorBugError('the pull ended in the middle of a page group')
    },
  }
}

function faultOfRow(row: Upsert): string | undefined {
  if (typeof row.id !== 'string' || row.id === '') return 'it has no id'
  if (!isDay(row.bookedOn)) return `${quote(row.bookedOn)} is not a day`
  if (row.occurredAt !== undefined && Number.isNaN(Date.parse(row.occurredAt)))
    return `${quote(row.occurredAt)} is not an instant`
  if (!(transactionStatuses as readonly string[]).includes(row.status))
    return `${quote(row.status)} is not a status`
  if (row.kind === '') return 'it has no kind'
  return faultOfAmount(row.amount) ?? faultOfAsset(row.asset)
}

function faultOfAmount(amount: unknown): string | undefined {
  if (typeof amount === 'string' && parseDecimal(amount) !== undefined) return undefined
  return `${quote(amount)} is not a decimal amount`
}

function faultOfAsset(asset: unknown): string | undefined {
  if (typeof asset === 'string' && /^[\x21-\x7e]{1,32}$/.test(asset)) return undefined
  return `${quote(asset)} is not the code of an asset`
}

function faultOfPrice({ asset, currency, day, price }: PriceQuote): string | undefined {
  if (!isDay(day)) return `${quote(day)} is not a day`
  const amount = faultOfAmount(price)
  if (amount !== undefined) return amount
  if (price.startsWith('-') || parseDecimal(price) === '0') return 'it is not above zero'
  return faultOfAsset(asset) ?? faultOfAsset(currency)
}

/** What a provider said, short enough to be told. */
function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return `"${text.length > 40 ? `${text.slice(0, 39)}…` : text}"`
}
