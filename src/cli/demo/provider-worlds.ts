import { addDays } from '../../calendar.ts'
import type { World, WorldAccount } from '../../connectors/emulator/world.ts'
import type { Ledger } from './ledger.ts'
import type { Market } from './market.ts'
import { numberedEntries } from './statements.ts'
import { formatAmount, formatUnits, isCoin } from './units.ts'

/** An account of the household at a provider: its movements, and what their ids begin with. */
export interface HeldAccount extends WorldAccount {
  ledger: Ledger
  prefix: string
}

/**
 * Puts accounts into a provider's world. What they held before the household's first day is their opening there, of
 * which nothing but the balance tells. By day: what a later run of the demo adds comes behind what there was, as in
 * the feed of a provider that went on.
 */
export function holdAccounts(world: World, accounts: HeldAccount[]): void {
  const rows = accounts.flatMap(({ ledger, prefix, ...account }) => {
    world.openAccount(account)
    return numberedEntries(ledger, prefix).map((entry) => ({ account, entry }))
  })
  for (const { account, entry } of rows.toSorted((a, b) => compare(a.entry.day, b.entry.day))) {
    const amount = formatAmount(entry.amount, entry.asset)
    if (entry.kind === 'opening') {
      world.setOpening(account.id, entry.asset, amount)
      continue
    }
    const { kind, description, counterparty, group } = entry
    world.put({
      account: account.id,
      id: entry.reference,
      // The day alone is known: midnight is how providers say so.
      occurredAt: `${entry.day}T00:00:00Z`,
      amount,
      asset: entry.asset,
      kind: account.kind === 'crypto' && kind === 'transfer' ? cashKind(amount) : kind,
      description,
      ...(counterparty !== undefined && { counterparty }),
      ...(group !== undefined && { group }),
    })
  }
}

/** The rates of the euro. */
export function quoteRates(world: World, market: Market): void {
  quote(world, market, (asset) => asset === 'EUR', '')
}

/** The closes of coins on the days behind `after` that have ended. */
export function quoteCoins(world: World, market: Market, after: string, today: string): void {
  quote(world, market, isCoin, after, addDays(today, -1))
}

function quote(
  world: World,
  { series }: Market,
  isQuoted: (asset: string) => boolean,
  after: string,
  until = '9999-12-31',
): void {
  for (const { asset, currency, decimals, closes } of series) {
    if (!isQuoted(asset)) continue
    for (const [day, price] of closes)
      if (day > after && day <= until)
        world.putPrice({ asset, currency, day, price: formatUnits(price, decimals) })
  }
}

/** To an exchange, money that comes and goes is a deposit and a withdrawal. */
function cashKind(amount: string): string {
  return amount.startsWith('-') ? 'withdrawal' : 'deposit'
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
