import { Big } from 'big.js'
import { z } from 'zod'
import type { Delete, Upsert } from '../../page.ts'
import type { PageProblem, SyncPage } from '../connector.ts'
import { accountOf, parseAnswer, parseRows, type Reader, startOfDay } from './reading.ts'
import { ledgerRows, reportedBalances, tradeRows, transactionRows } from './transform.ts'
import { balance, type LedgerEntry, ledgerEntry, trade, transaction } from './wire.ts'

/** By source: everything before that millisecond was read. */
const cursorSchema = z.record(z.string(), z.number().int().positive())

interface Source {
  name: string
  fetch(since: number): Promise<unknown>
  parse(answer: unknown[]): { rows: (Upsert | Delete)[]; problems: PageProblem[] }
}

/**
 * Any other exchange, by what ccxt makes alike of them all: the ledger, or else deposits, withdrawals and trades,
 * each forward in time from where it was read. How far back an exchange answers is its own affair, and one that gives
 * the newest rows whatever it is asked from gives no more than those: such an exchange needs a reader of its own.
 */
export const readAnyExchange: Reader = async function* ({ client, cursor, from, now, symbols }) {
  const known = cursorSchema.safeParse(cursor)
  const state = known.success ? { ...known.data } : {}
  const account = accountOf(client)
  const seen = new Set<string>()
  const asIs = (row: unknown) => row
  const byMarket: Source[] = (symbols ?? [undefined]).map((symbol) => ({
    name: `trades ${symbol ?? ''}`,
    fetch: (since) => client.call((exchange) => exchange.fetchMyTrades(symbol, since)),
    parse: (answer) => parseRows(answer, asIs, trade, tradeRows),
  }))
  const sources: Source[] =
    client.exchange.has.fetchLedger === true
      ? [
          {
            name: 'ledger',
            fetch: (since) => client.call((exchange) => exchange.fetchLedger(undefined, since)),
            parse: (answer) =>
              parseRows(answer, asIs, ledgerEntry, (entry) =>
                ledgerRows(entry, { feeInAmount: hasLostItsFee(entry) }),
              ),
          },
        ]
      : [
          {
            name: 'deposits',
            fetch: (since) => client.call((exchange) => exchange.fetchDeposits(undefined, since)),
            parse: (answer) => parseRows(answer, asIs, transaction, transactionRows),
          },
          {
            name: 'withdrawals',
            fetch: (since) => client.call((exchange) => exchange.fetchWithdrawals(undefined, since)),
            parse: (answer) => parseRows(answer, asIs, transaction, transactionRows),
          },
          ...byMarket,
        ]

  for (const source of sources) {
    let since = Math.min(state[source.name] ?? startOfDay(from), startOfDay(from), now.getTime())
    const ids = new Set<string>()
    for (;;) {
      const answer = parseAnswer(z.array(z.unknown()), await source.fetch(since))
      const { rows, problems } = source.parse(answer)
      const news = rows.filter(({ id }) => !ids.has(id))
      if (news.length === 0 && problems.length === 0) break
      for (const row of rows) {
        ids.add(row.id)
        if (row.type === 'upsert') seen.add(row.asset)
      }
      const times = answer.map(timeOf).filter((time) => time > since)
      const before = since
      since = Math.max(since, ...times)
      state[source.name] = since
      yield pageOf(news, problems)
      // Within one moment there is no way on, and a page of faults alone would come again.
      if (since === before) break
    }
    state[source.name] = now.getTime()
  }

  const { total } = parseAnswer(balance, await client.call((exchange) => exchange.fetchBalance()))
  const held = reportedBalances(total, now.toISOString().slice(0, 10), seen)
  yield { ...pageOf([], held.problems), balances: held.balances }

  function pageOf(changes: (Upsert | Delete)[], problems: PageProblem[]): SyncPage {
    return { accounts: [account], changes, balances: [], problems, cursor: { ...state }, groupEnd: true }
  }
}

function timeOf(row: unknown): number {
  const time = row !== null && typeof row === 'object' && 'timestamp' in row ? row.timestamp : undefined
  return typeof time === 'number' ? time : 0
}

/** Where the balance before and after are told, they tell; otherwise what is said to have moved is all that did. */
function hasLostItsFee({ before, after, amount }: LedgerEntry): boolean {
  if (before == null || after == null) return true
  return new Big(after).minus(before).abs().eq(new Big(amount).abs())
}
