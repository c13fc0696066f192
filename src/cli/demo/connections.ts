import { addDays } from '../../calendar.ts'
import type { World } from '../../connectors/emulator/world.ts'
import type { Household } from './household.ts'
import type { Books } from './month.ts'
import { holdAccounts, quoteCoins, quoteRates } from './provider-worlds.ts'

/** A connection of the household, or of everybody, to a provider. */
export interface Connection {
  /** Of the connector. */
  id: string
  /** Of the source: by its end it is known that no real provider is behind it. */
  name: string
  /** What it brings. */
  brings: string
  scope: 'user' | 'platform'
  accounts: (keyof Books)[]
  /** In place of what the emulator says. */
  config?: object
  fill(world: World, household: Household): void
}

/** How the names of sources end that the demo makes. */
export const nameEnding = ' (demo)'

/** Days of prices that Kraken gives at most; older ones are in the file of prices. */
const krakenDays = 720

/** Behind this day a provider tells the prices of coins. */
export function coinPricesAfter({ today }: Household): string {
  return addDays(today, -krakenDays - 1)
}

export const connections: Connection[] = [
  {
    id: 'plaid',
    name: `Hausbank${nameEnding}`,
    brings: 'checking, savings and credit card',
    scope: 'user',
    accounts: ['checking', 'savings', 'card'],
    fill: (world, { books: { checking, savings, card } }) =>
      holdAccounts(world, [
        {
          id: 'checking',
          ledger: checking,
          name: checking.name,
          kind: 'checking',
          asset: 'EUR',
          prefix: 'CHK',
        },
        { id: 'savings', ledger: savings, name: savings.name, kind: 'savings', asset: 'EUR', prefix: 'SAV' },
        { id: 'card', ledger: card, name: card.name, kind: 'card', asset: 'EUR', prefix: 'CC' },
      ]),
  },
  {
    id: 'simplefin',
    name: `SimpleFIN${nameEnding}`,
    brings: 'joint account and London account',
    scope: 'user',
    accounts: ['joint', 'pounds'],
    fill: (world, { books: { joint, pounds } }) =>
      holdAccounts(world, [
        { id: 'ACT-joint', ledger: joint, name: joint.name, kind: 'checking', asset: 'EUR', prefix: 'J' },
        {
          id: 'ACT-london',
          ledger: pounds,
          name: pounds.name,
          kind: 'checking',
          asset: 'GBP',
          prefix: 'LON',
        },
      ]),
  },
  {
    id: 'exchange',
    name: `Kraken${nameEnding}`,
    brings: 'coins, their trades and rewards',
    scope: 'user',
    accounts: ['coins'],
    fill: (world, { books: { coins } }) =>
      // One account is all that an exchange has.
      holdAccounts(world, [
        { id: 'main', ledger: coins, name: 'Kraken', kind: 'crypto', asset: 'EUR', prefix: 'CO' },
      ]),
  },
  {
    id: 'ecb',
    name: `European Central Bank${nameEnding}`,
    brings: 'rates of the euro',
    scope: 'platform',
    accounts: [],
    fill: (world, { market }) => quoteRates(world, market),
  },
  {
    id: 'crypto-prices',
    name: `Kraken daily closes${nameEnding}`,
    brings: 'prices of coins',
    scope: 'platform',
    accounts: [],
    config: { pairs: ['BTC/USD', 'ETH/USD'] },
    fill: (world, household) =>
      quoteCoins(world, household.market, coinPricesAfter(household), household.today),
  },
]
