import { z } from 'zod'
import { addDays } from '../../calendar.ts'
import type { Delete, Upsert } from '../../page.ts'
import type { PageProblem, SyncPage } from '../connector.ts'
import type { JsonValue } from '../json.ts'
import { type LedgerPosition, readDeposits, readLedgerPage } from './kraken-ledger.ts'
import {
  accountOf,
  dayLength,
  mutableDays,
  parseAnswer,
  parseRows,
  type Reader,
  startOfDay,
} from './reading.ts'
import { ledgerRows, mainAccount, reportedBalances, transactionRows } from './transform.ts'
import { balance, krakenBalance, ledgerEntry, transaction } from './wire.ts'

/**
 * `since`: everything before that millisecond was read. `history`: the way back through the ledger has come so far
 * and ends at `from`; `top` is where it set out.
 */
const cursorSchema = z.object({
  since: z.number().int().positive().optional(),
  history: z
    .object({
      top: z.number().int().positive(),
      from: z.number().int().positive().optional(),
      until: z.number().int(),
      skip: z.number().int().nonnegative(),
    })
    .optional(),
})
type Cursor = z.infer<typeof cursorSchema>

/** Seconds for which a deposit may be on its way. */
const longestPending = 30 * 86_400
/** More than this is read as history is: in many page groups, which need not begin anew when one fails. */
const longestGroup = 31 * dayLength

/**
 * Kraken's ledger tells everything: legs of trades and their fees under one reference, deposits, withdrawals,
 * transfers, rewards. Only deposits that have not arrived are told elsewhere.
 */
export const readKraken: Reader = async function* ({ client, cursor, from, now }) {
  const seconds = Math.ceil(now.getTime() / 1000)
  const { since, history } = readCursor(cursor, now)
  const account = accountOf(client)
  const seen = new Set<string>()
  const page = (rows: (Upsert | Delete)[], problems: PageProblem[], next: Cursor): SyncPage => {
    for (const row of rows) if (row.type === 'upsert') seen.add(row.asset)
    return {
      accounts: [account],
      changes: rows,
      balances: [],
      problems,
      cursor: next as JsonValue,
      groupEnd: false,
    }
  }

  async function* readPages(
    start: number | undefined,
    first: LedgerPosition,
    cursorAt: (position: LedgerPosition | undefined) => Cursor,
    tell: (rows: (Upsert | Delete)[], problems: PageProblem[], count: number | undefined) => void = () => {},
  ) {
    for (let position: LedgerPosition | undefined = first; position; ) {
      const { entries, count, next } = await readLedgerPage(client, start, position)
      const parse = (entry: unknown) => client.exchange.parseLedgerEntry(entry)
      const { rows, problems } = parseRows(entries, parse, ledgerEntry, rowsOfEntry)
      tell(rows, problems, count)
      yield page(rows, problems, cursorAt(next))
      position = next
    }
  }

  let readUpTo = since
  let way = history
  if (!way && (since === undefined || now.getTime() - since > longestGroup))
    way = {
      top: now.getTime(),
      until: seconds,
      skip: 0,
      ...(since !== undefined && { from: startOfDay(addDays(dayOf(since), -mutableDays)) / 1000 }),
    }
  if (way) {
    const { top, from: end, until, skip } = way
    const bounds = { top, ...(end !== undefined && { from: end }) }
    const pages = readPages(end, { until, skip }, (next) =>
      next ? { history: { ...bounds, ...next } } : { since: top },
    )
    for await (const each of pages) yield { ...each, groupEnd: true }
    readUpTo = top
  }

  // What is recent is said whole, in one group: what is stored there and was not said is gone.
  const last = dayOf(readUpTo ?? now.getTime())
  const earliest = addDays(last, -mutableDays)
  // What the scheduler wants read again, of what one group holds.
  const wanted = from < last ? from : last
  const first = wanted < earliest ? earliest : wanted
  const start = startOfDay(first) / 1000
  const keys = new Set<string>()
  const references = new Set<string>()
  let expected: number | undefined
  let faulty = false
  const recent = readPages(
    start,
    { until: seconds, skip: 0 },
    (next) => ({ since: readUpTo ?? now.getTime(), recent: next ?? 'read' }) as Cursor,
    (rows, problems, count) => {
      expected ??= count
      faulty ||= problems.length > 0
      for (const row of rows) {
        keys.add(row.id.replace(/:fee$/, ''))
        if (row.type === 'upsert' && row.group !== undefined) references.add(`deposit:${row.group}`)
      }
    },
  )
  yield* recent
  // Entries that came or went between two pages: what is missing may only have been skipped.
  const whole = !faulty && expected === keys.size

  const raw = await readDeposits(client, Math.min(start, seconds - longestPending))
  const parse = (deposit: unknown) => client.exchange.parseTransaction(deposit)
  const deposits = parseRows(raw, parse, transaction, (deposit) =>
    // One that has arrived is told by the ledger.
    transactionRows(deposit).filter(
      (row) => row.type === 'delete' || (row.status === 'pending' && !references.has(row.group ?? '')),
    ),
  )
  const done: Cursor = { since: now.getTime() }
  const answer = await client.call((exchange) => exchange.fetchBalance())
  parseAnswer(z.object({ info: krakenBalance }), answer)
  const today = dayOf(now.getTime())
  const held = reportedBalances(parseAnswer(balance, answer).total, today, seen)
  const pending = page(deposits.rows, [...deposits.problems, ...held.problems], done)
  yield {
    ...pending,
    changes: [
      ...pending.changes,
      ...(whole && deposits.problems.length === 0
        ? [{ type: 'window-complete' as const, account: mainAccount, from: first, to: addDays(today, 1) }]
        : []),
    ],
    balances: held.balances,
    groupEnd: true,
  }
}

function readCursor(cursor: unknown, now: Date): Cursor {
  const known = cursorSchema.safeParse(cursor)
  if (!known.success) return {}
  const { since = 0, history } = known.data
  const latest = Math.max(since, history?.top ?? 0, ((history?.until ?? 0) - 1) * 1000)
  return latest > now.getTime() ? {} : known.data
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}

/** A deposit's entry names it by its reference, and takes the place of the row that it was while it was pending. */
function rowsOfEntry(entry: z.infer<typeof ledgerEntry>): (Upsert | Delete)[] {
  const rows = ledgerRows(entry)
  if (entry.info?.type !== 'deposit' || !entry.referenceId) return rows
  const pending = `deposit:${entry.referenceId}`
  return rows.map((row) =>
    row.type === 'upsert' ? { ...row, replaces: [row.kind === 'fee' ? `${pending}:fee` : pending] } : row,
  )
}
