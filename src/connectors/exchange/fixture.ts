import type { ConnectorFixture } from '../conformance/fixture.ts'
import type { World } from '../emulator/world.ts'
import { startKraken } from './emulator.ts'
import { startBinance } from './emulator-binance.ts'
import { connector } from './index.ts'
import { mainAccount } from './transform.ts'

/** Kraken: everything is in one ledger. */
export const fixture: ConnectorFixture = {
  connector,
  start(options) {
    const emulated = startKraken(options)
    emulated.world.openAccount({ id: mainAccount, name: 'Kraken', kind: 'crypto', asset: 'USD' })
    if (options.seeded !== false) seed(emulated.world, options.clock(), 'USD', (trade) => trade)
    return emulated
  },
}

/** Binance: trades by market, deposits and withdrawals apart. */
export const binanceFixture: ConnectorFixture = {
  connector,
  start(options) {
    const emulated = startBinance(options)
    emulated.world.openAccount({ id: mainAccount, name: 'Binance', kind: 'crypto', asset: 'USDT' })
    if (options.seeded !== false)
      // Trades have numbers there, which rise within a market.
      seed(emulated.world, options.clock(), 'USDT', (trade) => trade.replace(/\D/g, ''))
    return emulated
  },
  lacks: {
    removed:
      'Binance goes on listing what came to nothing, saying that it failed; nothing that was booked is taken back',
    limits:
      'Binance’s own limits (6,000 weight a minute) are far above those of the manifest, which are Kraken’s: no request that keeps to the manifest can meet them',
  },
}

const day = 86_400_000

/** Fifty days of an account that is paid in, buys coins, pays fees, earns rewards and pays out. */
function seed(world: World, now: Date, cash: string, tradeId: (id: string) => string): void {
  const at = (days: number, minutes: number) =>
    new Date(Math.floor(now.getTime() / day) * day - days * day + minutes * 60_000 + 123).toISOString()
  const put = (id: string, days: number, amount: string, asset: string, kind: string, group?: string) =>
    world.put({
      account: mainAccount,
      id,
      occurredAt: at(days, 300 + (days % 7) * 13),
      amount,
      asset,
      kind,
      ...(group !== undefined && { group }),
    })

  for (let week = 0; week < 7; week++)
    put(`deposit-${week}`, 49 - week * 7, `${1500 + week}`, cash, 'deposit')
  const coins = [
    ['BTC', '0.012345678901234567', '-740.123456789', '-1.184197530864'],
    ['ETH', '0.200000000000000001', '-510.5', '-0.8168'],
  ] as const
  for (let index = 0; index < 10; index++) {
    const [coin, amount, cost, fee] = coins[index % 2]!
    const trade = tradeId(`trade-${100 + index}`)
    put(`${trade}-base`, 46 - index * 4, amount, coin, 'trade', trade)
    put(`${trade}-quote`, 46 - index * 4, cost, cash, 'trade', trade)
    put(`${trade}-fee`, 46 - index * 4, fee, cash, 'fee', trade)
  }
  put('withdrawal-1', 20, '-0.01', 'BTC', 'withdrawal', 'payout-1')
  put('withdrawal-1-fee', 20, '-0.00015', 'BTC', 'fee', 'payout-1')
  for (let week = 0; week < 6; week++)
    put(`reward-${week}`, 44 - week * 7, '0.000123456789012345', 'ETH', rewardKind(cash))
  // Two that are alike in everything.
  put('twin-1', 6, '0.5', 'DOT', rewardKind(cash))
  put('twin-2', 6, '0.5', 'DOT', rewardKind(cash))
  put('arrived', 2, '75.25', cash, 'deposit')
  world.put({
    account: mainAccount,
    id: 'on-its-way',
    occurredAt: at(1, 720),
    amount: '0.050000000000000001',
    asset: 'BTC',
    kind: 'deposit',
    status: 'pending',
  })
}

/** What Binance pays out is none of its deposits and withdrawals; there the coins come from outside. */
function rewardKind(cash: string): string {
  return cash === 'USDT' ? 'deposit' : 'reward'
}
