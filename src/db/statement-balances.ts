import { Big } from 'big.js'
import { addDays } from '../calendar.ts'
import type { ReportedBalance } from '../page.ts'
import type { StatementBalance, StatementEntry, StatementStart } from '../statement.ts'

/** Whether a statement's opening balance and its entries give its closing balance. */
export interface StatementCheck {
  account: string
  asset: string
  line: number
  opening: string
  openingDay: string
  /** Sum of the entries between. */
  entries: string
  /** Null where the statement has none, e.g. because the file was cut. */
  closing: string | null
  closingDay: string | null
  /** closing - (opening + entries): '0' where they balance, null where there is no closing balance. */
  difference: string | null
  /** Closing balance of the statement of this account before it in the file, where it is not this one's opening. */
  previousClosing?: string
}

/** What is known of a statement while its events arrive. */
export interface OpenStatement {
  account: string
  line: number
  sequence: number | undefined
  /** Sums of the posted entries by asset. */
  sums: Map<string, Big>
  firstDay?: string
  lastDay?: string
  open?: StatementBalance
  close?: StatementBalance
  /** Balances of further assets (an account in several currencies, a brokerage's positions). */
  others: StatementBalance[]
}

export function openStatement(account: string, start: StatementStart): OpenStatement {
  return { account, line: start.line, sequence: start.sequence, sums: new Map(), others: [] }
}

/** True for a statement whose end is in sight: what follows for its account belongs to another one. */
export function hasBalances(statement: OpenStatement): boolean {
  return statement.open !== undefined || statement.close !== undefined || statement.others.length > 0
}

export function addEntry(
  statement: OpenStatement,
  { bookedOn, amount, asset, status }: StatementEntry,
): void {
  if (status !== 'posted') return
  if (statement.firstDay === undefined || bookedOn < statement.firstDay) statement.firstDay = bookedOn
  if (statement.lastDay === undefined || bookedOn > statement.lastDay) statement.lastDay = bookedOn
  statement.sums.set(asset, (statement.sums.get(asset) ?? zero).plus(amount))
}
const zero = new Big(0)

export function addBalance(statement: OpenStatement, balance: StatementBalance): void {
  if (balance.edge === 'open') statement.open ??= balance
  else if (!statement.close && (!statement.open || statement.open.asset === balance.asset))
    statement.close = balance
  else statement.others.push(balance)
}

/**
 * The balances that the statements of one account in one file report, on the days that they hold for, and whether
 * each statement adds up.
 *
 * An opening balance stands before the first entry, and no later than the printed day: banks print the date of the
 * statement before, the first day of the period, or that of the export. The closing balance that belongs to it
 * stands after the last entry. Where one statement closes with what the next one opens with, they are one chain: its
 * opening is the first one's, and a closing balance in the middle of a day is none of that day's end.
 */
export function settleStatements(statements: OpenStatement[]): {
  balances: ReportedBalance[]
  checks: StatementCheck[]
} {
  const inOrder = isNewestFirst(statements) ? statements.toReversed() : statements
  // Numbers order the statements of a day only where every statement has one.
  const numbered = inOrder.every((statement) => statement.sequence !== undefined)
  const balances: ReportedBalance[] = []
  const checks: StatementCheck[] = []
  const lastClosing = new Map<string, StatementBalance>()
  for (const [index, statement] of inOrder.entries()) {
    const { account, sequence, open, close, firstDay, lastDay, others } = statement
    const report = ({ asset, amount }: StatementBalance, edge: 'open' | 'close', day: string) =>
      balances.push({
        account,
        asset,
        day,
        edge,
        amount,
        ...(numbered && sequence !== undefined && { sequence }),
      })

    const previous = open && lastClosing.get(open.asset)
    const continues = previous !== undefined && previous.amount === open?.amount
    if (open && firstDay !== undefined && !continues)
      report(open, 'open', earlier(addDays(firstDay, -1), open.day))
    if (open && firstDay === undefined && !close && !continues) report(open, 'close', open.day)
    if (close) {
      const day = open && lastDay !== undefined && lastDay > close.day ? lastDay : close.day
      const next = inOrder[index + 1]
      const goesOn = next?.open?.asset === close.asset && next.open.amount === close.amount
      const inMidDay = goesOn && next.firstDay !== undefined && next.firstDay <= day
      if (!inMidDay) report(close, 'close', day)
    }
    for (const balance of others) report(balance, 'close', balance.day)

    const check = checkStatement(statement, previous?.amount)
    if (check) checks.push(check)
    if (close) lastClosing.set(close.asset, close)
  }
  return { balances, checks }
}

function isNewestFirst(statements: OpenStatement[]): boolean {
  const day = (statement: OpenStatement | undefined) => statement?.close?.day ?? statement?.lastDay ?? ''
  return day(statements[0]) > day(statements.at(-1))
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}

/** Undefined where the statement has no opening balance, or a closing one of another asset only. */
function checkStatement(
  statement: OpenStatement,
  previousClosing: string | undefined,
): StatementCheck | undefined {
  const { open, close } = statement
  if (!open || (close && close.asset !== open.asset) || (!close && statement.others.length > 0))
    return undefined
  const entries = statement.sums.get(open.asset) ?? zero
  return {
    account: statement.account,
    asset: open.asset,
    line: statement.line,
    opening: open.amount,
    openingDay: open.day,
    entries: entries.toFixed(),
    closing: close?.amount ?? null,
    closingDay: close?.day ?? null,
    difference: close ? new Big(close.amount).minus(open.amount).minus(entries).toFixed() : null,
    ...(previousClosing !== undefined && previousClosing !== open.amount && { previousClosing }),
  }
}
