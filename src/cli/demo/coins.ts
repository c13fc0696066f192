import { transfer } from './ledger.ts'
import type { Month } from './month.ts'
import { multiply } from './units.ts'

const scales = { BTC: 8, ETH: 18 } as const
type Coin = keyof typeof scales

/** From the second summer on: two coins a month, a weekly reward for staked ether, one sale before the flat. */
export function postCoins(month: Month): void {
  const { books, yearsIn, number } = month
  if (yearsIn < 1 || (yearsIn === 1 && number < 6)) return
  const invest = yearsIn < 8 ? 120_00n : 200_00n
  transfer(books.checking, books.coins, {
    day: month.day(11),
    amount: invest,
    asset: 'EUR',
    description: 'Coins',
  })
  buy(month, 'BTC', multiply(invest, 65n, 100n))
  buy(month, 'ETH', multiply(invest, 35n, 100n))
  if (yearsIn >= 3) stake(month)
  if (yearsIn === 5 && number === 4) sell(month, 'BTC', 40n)
}

/** Spends `cents`, of which one percent is the exchange's fee. */
function buy(month: Month, coin: Coin, cents: bigint): void {
  const day = month.day(12)
  const fee = multiply(cents, 1n, 100n)
  const group = `buy ${coin} ${month.label}`
  trade(month, coin, day, unitsFor(month, coin, cents - fee, day), -(cents - fee), -fee, group)
}

/** Sells so many percent of what is held, and sends the money to savings. */
function sell(month: Month, coin: Coin, percent: bigint): void {
  const { books } = month
  const day = month.day(13)
  const units = multiply(books.coins.balance(coin, day), percent, 100n)
  const { numerator, denominator } = centsPerUnit(month, coin, day)
  const cents = multiply(units, numerator, denominator)
  const fee = multiply(cents, 1n, 100n)
  trade(month, coin, day, -units, cents, -fee, `sell ${coin} ${month.label}`)
  const leg = {
    day: month.day(15),
    amount: cents - fee,
    asset: 'EUR',
    description: 'Proceeds of coins',
  } as const
  transfer(books.coins, books.savings, leg)
}

function trade(
  { books }: Month,
  coin: Coin,
  day: string,
  units: bigint,
  cents: bigint,
  fee: bigint,
  group: string,
): void {
  const description = `${units > 0n ? 'Buy' : 'Sell'} ${coin}`
  const leg = { day, description, counterparty: 'Coinhafen', category: 'Investments', group }
  books.coins.post({ ...leg, amount: units, asset: coin, kind: 'trade' })
  books.coins.post({ ...leg, amount: cents, asset: 'EUR', kind: 'trade' })
  books.coins.post({ ...leg, amount: fee, asset: 'EUR', kind: 'fee', description: `Fee: ${description}` })
}

/** About three percent a year, credited on Mondays, to the last of the eighteen decimals. */
function stake(month: Month): void {
  const { books } = month
  const random = month.random('staking')
  for (const { day, weekday } of month.days) {
    if (weekday !== 1) continue
    const reward = multiply(
      books.coins.balance('ETH', day),
      BigInt(random.integer(480_000, 690_000)),
      1_000_000_000n,
    )
    books.coins.post({
      day,
      amount: reward,
      asset: 'ETH',
      kind: 'reward',
      description: 'Staking reward ETH',
      counterparty: 'Coinhafen',
      category: 'Interest',
    })
  }
}

function unitsFor(month: Month, coin: Coin, cents: bigint, day: string): bigint {
  const { numerator, denominator } = centsPerUnit(month, coin, day)
  return (cents * denominator) / numerator
}

/** Euro cents for the smallest unit of a coin, over the dollar. */
function centsPerUnit({ market }: Month, coin: Coin, day: string) {
  const dollars = market.close(coin, 'USD', day)
  const euro = market.close('EUR', 'USD', day)
  return {
    numerator: dollars.price * 100n * 10n ** BigInt(euro.decimals),
    denominator: euro.price * 10n ** BigInt(dollars.decimals + scales[coin]),
  }
}
