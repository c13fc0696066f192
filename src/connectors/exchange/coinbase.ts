import { z } from 'zod'
import { addDays } from '../../calendar.ts'
import type { Delete, PageAccount, Upsert } from '../../page.ts'
import type { CcxtClient } from '../ccxt-client.ts'
import type { CcxtExchange } from '../ccxt-module.ts'
import type { JsonValue } from '../json.ts'
import { mutableDays, parseAnswer, parseRows, type Reader, startOfDay } from './reading.ts'
import { ledgerRows, reportedBalances } from './transform.ts'
import { coinbaseList, coinbaseWallet, type LedgerEntry, ledgerEntry } from './wire.ts'

interface CoinbaseExchange extends CcxtExchange {
  v2PrivateGetAccounts(params: object): Promise<unknown>
  v2PrivateGetAccountsAccountIdTransactions(params: object): Promise<unknown>
}

/** `since`: everything before was read. `wallet` and `after`: how far, wallet by wallet, the way there has come. */
const cursorSchema = z.object({
  since: z.number().int().positive().optional(),
  wallet: z.string().optional(),
  after: z.string().optional(),
})

/** The largest page. */
const limit = 100

/**
 * Coinbase keeps a wallet for each asset, with transactions of its own, the newest first. What a transaction cost is
 * in its amount already.
 */
export const readCoinbase: Reader = async function* ({ client, cursor, from, now }) {
  const known = cursorSchema.safeParse(cursor)
  const { since, wallet: reached = '', after: resumeAfter } = known.success ? known.data : {}
  const last = new Date(Math.min(since ?? now.getTime(), now.getTime())).toISOString().slice(0, 10)
  const earliest = addDays(last, -mutableDays)
  const start = since === undefined ? 0 : startOfDay(from > earliest && from < last ? from : earliest)
  const { wallets, problems } = await readWallets(client)
  const today = now.toISOString().slice(0, 10)
  const kept = since === undefined ? {} : { since }

  for (const wallet of wallets.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (wallet.id < reached || (wallet.id === reached && resumeAfter === 'all')) continue
    let after = wallet.id === reached ? resumeAfter : undefined
    const { amount, currency } = wallet.balance
    const account = accountOfWallet(wallet)
    for (;;) {
      const answer = await client.call((exchange) =>
        (exchange as CoinbaseExchange).v2PrivateGetAccountsAccountIdTransactions({
          account_id: wallet.id,
          limit,
          ...(after !== undefined && { starting_after: after }),
        }),
      )
      const { data, pagination } = parseAnswer(coinbaseList, answer)
      const parse = (entry: unknown) => client.exchange.parseLedgerEntry(entry)
      let oldest = Number.POSITIVE_INFINITY
      const toRows = (entry: LedgerEntry) => {
        oldest = Math.min(oldest, entry.timestamp)
        return rowsOfEntry(entry, wallet.id)
      }
      const page = parseRows(data, parse, ledgerEntry, toRows, wallet.id)
      after = pagination?.next_starting_after ?? undefined
      if (oldest < start) after = undefined
      const seen = new Set([currency])
      const held = reportedBalances({ [currency]: amount }, today, seen, wallet.id)
      yield {
        accounts: [account],
        changes: page.rows,
        balances: after === undefined ? held.balances : [],
        problems: page.problems,
        cursor: { ...kept, wallet: wallet.id, after: after ?? 'all' },
        groupEnd: true,
      }
      if (after === undefined) break
    }
  }
  const done: JsonValue = { since: now.getTime() }
  yield { accounts: [], changes: [], balances: [], problems, cursor: done, groupEnd: true }
}

export async function coinbaseWallets(client: CcxtClient): Promise<PageAccount[]> {
  return (await readWallets(client)).wallets.map(accountOfWallet)
}

type Wallet = z.infer<typeof coinbaseWallet>

async function readWallets(client: CcxtClient) {
  const wallets: Wallet[] = []
  const problems: { message: string }[] = []
  for (let after: string | undefined; ; ) {
    const answer = await client.call((exchange) =>
      (exchange as CoinbaseExchange).v2PrivateGetAccounts({
        limit,
        ...(after !== undefined && { starting_after: after }),
      }),
    )
    const { data, pagination } = parseAnswer(coinbaseList, answer)
    for (const each of data) {
      const parsed = coinbaseWallet.safeParse(each)
      if (parsed.success) wallets.push(parsed.data)
      else problems.push({ message: 'a wallet of Coinbase could not be read' })
    }
    const next = pagination?.next_starting_after ?? undefined
    if (next === undefined || next === after) return { wallets, problems }
    after = next
  }
}

function accountOfWallet({ id, name, balance }: Wallet): PageAccount {
  return { externalId: id, kind: 'crypto', name: name ?? `${balance.currency} wallet` }
}

/** The wallets of what was bought and of what was paid tell of a trade apart: its own id, or its order's, ties them. */
export function rowsOfEntry(entry: LedgerEntry, account: string): (Upsert | Delete)[] {
  const info = entry.info ?? {}
  const tie = idIn(info.advanced_trade_fill, 'order_id') ?? idIn(info.trade, 'id') ?? idIn(info.buy, 'id')
  const group = tie ?? idIn(info.sell, 'id') ?? entry.referenceId
  return ledgerRows({ ...entry, referenceId: group }, { account, feeInAmount: true })
}

function idIn(value: unknown, key: string): string | undefined {
  const id = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}
