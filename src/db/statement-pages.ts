import { hash } from 'node:crypto'
import { Big } from 'big.js'
import { addDays } from '../calendar.ts'
import { RefusedError } from '../errors.ts'
import type { AccountKind, Page, PageAccount, ReportedBalance, Upsert } from '../page.ts'
import type {
  StatementBalance,
  StatementEntry,
  StatementEvent,
  StatementFault,
  StatementStart,
} from '../statement.ts'
import { createOccurrenceCounter } from './occurrence-counter.ts'

/** Rows of a page: enough that the cost of a statement is shared, few enough that a retry is cheap. */
export const rowsPerPage = 5000

/** Whether a statement's opening balance and its entries give its closing balance. */
export interface StatementCheck {
  account: string
  asset: string
  line: number
  opening: string
  openingDay: string
  /** Sum of the entries between. */
  entries: string
  closing: string
  closingDay: string
  /** closing - (opening + entries); '0' where they balance. */
  difference: string
  /** Closing balance of the statement of this account before it in the file, where it is not this one's opening. */
  previousClosing?: string
}

export interface StatementPages {
  pages: AsyncIterable<Page>
  /** Filled while `pages` is read. */
  checks: StatementCheck[]
  faults: StatementFault[]
  accounts: Map<string, PageAccount>
}

/**
 * Cuts the events of a statement file into pages of normalised rows. Rows without an id of the provider's own are
 * identified by their content and an ordinal among equal ones of the same account and day, so that two identical
 * purchases stay two and the same file gives the same ids again.
 *
 * A faulty record is noted and left out; the caller decides what becomes of the file. Throws what reading throws,
 * and a RefusedError where the file names no account and none is given.
 */
export function pageStatement(
  batches: AsyncIterable<StatementEvent[]>,
  {
    accountName,
    accountKind,
    rows = rowsPerPage,
  }: { accountName?: string | undefined; accountKind?: AccountKind | undefined; rows?: number },
): StatementPages {
  const accounts = new Map<string, PageAccount>()
  const checks: StatementCheck[] = []
  const faults: StatementFault[] = []
  const occurrences = createOccurrenceCounter()
  const lastClosing = new Map<string, string>()

  let changes: Upsert[] = []
  let balances: ReportedBalance[] = []
  let current: Statement | undefined

  const takePage = (): Page => {
    const used = new Set([
      ...changes.map((change) => change.account),
      ...balances.map((balance) => balance.account),
    ])
    const page = { accounts: [...used].map((externalId) => accounts.get(externalId)!), changes, balances }
    changes = []
    balances = []
    return page
  }

  function begin(start: StatementStart): Statement {
    const externalId = start.account.externalId ?? accountName
    if (externalId === undefined) {
      throw new RefusedError('the file names no account: say which one it is with --account NAME')
    }
    const name = start.account.externalId === undefined ? undefined : (accountName ?? start.account.name)
    const known = accounts.get(externalId)
    const kind = start.account.kind ?? known?.kind ?? accountKind
    const shownName = name ?? known?.name
    accounts.set(externalId, {
      externalId,
      ...(kind !== undefined && { kind }),
      ...(shownName !== undefined && { name: shownName }),
    })
    return {
      account: externalId,
      line: start.line,
      sequence: start.sequence,
      entrySum: undefined,
      others: [],
    }
  }

  /** What the statement's balances hold for, known once its last entry was read. */
  function end(statement: Statement): void {
    const { open, close, account, sequence } = statement
    const report = (balance: StatementBalance, edge: 'open' | 'close', day: string) =>
      balances.push({
        account,
        asset: balance.asset,
        day,
        edge,
        amount: balance.amount,
        ...(sequence !== undefined && { sequence }),
      })
    const firstDay = statement.firstDay ?? open?.day
    // An opening balance stands before the statement's first entry, whatever day is printed beside it, and a
    // closing one that has an opening after its last.
    if (open && statement.firstDay !== undefined) report(open, 'open', addDays(statement.firstDay, -1))
    if (open && !close && statement.firstDay === undefined) report(open, 'close', open.day)
    if (close) {
      const covers = open && statement.lastDay !== undefined && statement.lastDay > close.day
      report(close, 'close', covers ? statement.lastDay! : close.day)
    }
    for (const balance of statement.others) report(balance, 'close', balance.day)
    if (open && close && open.asset === close.asset && firstDay !== undefined) {
      const entries = statement.entrySum ?? new Big(0)
      const key = `${account}\x1f${open.asset}`
      const previous = lastClosing.get(key)
      checks.push({
        account,
        asset: open.asset,
        line: statement.line,
        opening: open.amount,
        openingDay: open.day,
        entries: entries.toFixed(),
        closing: close.amount,
        closingDay: close.day,
        difference: new Big(close.amount).minus(open.amount).minus(entries).toFixed(),
        ...(previous !== undefined && previous !== open.amount && { previousClosing: previous }),
      })
      lastClosing.set(key, close.amount)
    }
  }

  function addEntry(statement: Statement, entry: StatementEntry): void {
    if (statement.firstDay === undefined || entry.bookedOn < statement.firstDay)
      statement.firstDay = entry.bookedOn
    if (statement.lastDay === undefined || entry.bookedOn > statement.lastDay)
      statement.lastDay = entry.bookedOn
    if (statement.open && entry.asset === statement.open.asset && entry.status === 'posted') {
      statement.entrySum = (statement.entrySum ?? new Big(0)).plus(entry.amount)
    }
    changes.push({
      type: 'upsert',
      account: statement.account,
      id: entry.id !== undefined ? `id ${entry.id}` : contentId(statement.account, entry),
      bookedOn: entry.bookedOn,
      amount: entry.amount,
      asset: entry.asset,
      kind: entry.kind,
      status: entry.status,
      ...(entry.occurredAt !== undefined && { occurredAt: entry.occurredAt }),
      ...(entry.description !== undefined && { description: entry.description }),
      ...(entry.counterparty !== undefined && { counterparty: entry.counterparty }),
      ...(entry.category !== undefined && { category: entry.category }),
      ...(entry.group !== undefined && { group: `${statement.account}\x1f${entry.group}` }),
    })
  }

  function contentId(account: string, entry: StatementEntry): string {
    const said = entry.reference ?? `${entry.description ?? ''}\x1f${entry.counterparty ?? ''}`
    const content = `${account}\x1f${entry.bookedOn}\x1f${entry.amount}\x1f${entry.asset}\x1f${said}`
    const digest = hash('md5', content)
    // 52 bits tell the rows of one file apart; the id itself carries all 128.
    const ordinal = occurrences.count(Number.parseInt(digest.slice(0, 13), 16))
    return `content ${digest} ${ordinal}`
  }

  function take(event: StatementEvent): void {
    if (event.type === 'statement') {
      if (current) end(current)
      current = begin(event)
      return
    }
    if (event.type === 'fault') {
      faults.push(event)
      return
    }
    current ??= begin({ type: 'statement', line: event.line, account: {} })
    if (event.type === 'entry') addEntry(current, event)
    else if (event.edge === 'open') current.open ??= event
    else if (!current.close && (!current.open || current.open.asset === event.asset)) current.close = event
    else current.others.push(event)
  }

  async function* read(): AsyncIterable<Page> {
    for await (const events of batches) {
      for (const event of events) {
        take(event)
        if (changes.length >= rows) yield takePage()
      }
    }
    if (current) end(current)
    if (changes.length > 0 || balances.length > 0) yield takePage()
  }

  return { pages: read(), checks, faults, accounts }
}

interface Statement {
  account: string
  line: number
  sequence: number | undefined
  entrySum: Big | undefined
  open?: StatementBalance
  close?: StatementBalance
  /** Balances of further assets (an account in several currencies, a brokerage's positions). */
  others: StatementBalance[]
  firstDay?: string
  lastDay?: string
}
