import { hash } from 'node:crypto'
import { StatementError } from '../errors.ts'
import type { AccountKind, Page, PageAccount, ReportedBalance, Upsert } from '../page.ts'
import type { StatementEntry, StatementEvent, StatementFault, StatementStart } from '../statement.ts'
import { createOccurrenceCounter } from './occurrence-counter.ts'
import {
  addBalance,
  addEntry,
  hasBalances,
  type OpenStatement,
  openStatement,
  type StatementCheck,
  settleStatements,
} from './statement-balances.ts'

/** Rows of a page: enough that the cost of a statement is shared, few enough that a retry is cheap. */
export const rowsPerPage = 5000

/** Faulty records that are kept to be told. */
const mostFaults = 100

export interface StatementPages {
  pages: AsyncIterable<Page>
  /** Filled while `pages` is read. */
  checks: StatementCheck[]
  /** The first of them; a file of nothing else does not have to fit into memory. */
  faults: StatementFault[]
  countFaults: () => number
  accounts: Map<string, PageAccount>
}

/**
 * Cuts the events of a statement file into pages of normalised rows. Rows without an id of the provider's own are
 * identified by their content and an ordinal among equal ones of the same account and day, so that two identical
 * purchases stay two and the same file gives the same ids again.
 *
 * A faulty record is noted and left out; the caller decides what becomes of the file. Throws what reading throws,
 * and a StatementError where the file names no account and none is given.
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
  /** The statement of each account that entries belong to now, and all of them in file order. */
  const statements = new Map<string, OpenStatement>()
  const finished = new Map<string, OpenStatement[]>()

  let changes: Upsert[] = []
  let balances: ReportedBalance[] = []
  let current: OpenStatement | undefined
  let faultCount = 0

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

  function begin(start: StatementStart): OpenStatement {
    const externalId = start.account.externalId ?? accountName
    if (externalId === undefined) {
      throw new StatementError('the file names no account', 0, {
        needs: 'account',
        hint: ': say which one it is with --account NAME',
      })
    }
    // Where a file comes back to an account, the same statement goes on, unless its balances said that it was over.
    const earlier = statements.get(externalId)
    if (earlier && !hasBalances(earlier)) return earlier
    const name = start.account.externalId === undefined ? undefined : (accountName ?? start.account.name)
    const known = accounts.get(externalId)
    const kind = start.account.kind ?? known?.kind ?? accountKind
    const shownName = name ?? known?.name
    accounts.set(externalId, {
      externalId,
      ...(kind !== undefined && { kind }),
      ...(shownName !== undefined && { name: shownName }),
    })
    const statement = openStatement(externalId, start)
    statements.set(externalId, statement)
    const all = finished.get(externalId)
    if (all) all.push(statement)
    else finished.set(externalId, [statement])
    return statement
  }

  function addChange(account: string, entry: StatementEntry): void {
    changes.push({
      type: 'upsert',
      account,
      id: entry.id !== undefined ? `id ${entry.id}` : contentId(account, entry),
      bookedOn: entry.bookedOn,
      amount: entry.amount,
      asset: entry.asset,
      kind: entry.kind,
      status: entry.status,
      ...(entry.occurredAt !== undefined && { occurredAt: entry.occurredAt }),
      ...(entry.description !== undefined && { description: entry.description }),
      ...(entry.counterparty !== undefined && { counterparty: entry.counterparty }),
      ...(entry.category !== undefined && { category: entry.category }),
      ...(entry.group !== undefined && { group: `${account}\x1f${entry.group}` }),
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
      current = begin(event)
      return
    }
    if (event.type === 'fault') {
      faultCount++
      if (faults.length < mostFaults) faults.push(event)
      return
    }
    current ??= begin({ type: 'statement', line: event.line, account: {} })
    if (event.type === 'balance') {
      addBalance(current, event)
      return
    }
    addEntry(current, event)
    addChange(current.account, event)
  }

  async function* read(): AsyncIterable<Page> {
    for await (const events of batches) {
      for (const event of events) {
        take(event)
        if (changes.length >= rows) yield takePage()
      }
    }
    for (const each of finished.values()) {
      const settled = settleStatements(each)
      balances.push(...settled.balances)
      checks.push(...settled.checks)
    }
    if (changes.length > 0 || balances.length > 0) yield takePage()
  }

  return { pages: read(), checks, faults, countFaults: () => faultCount, accounts }
}
