import { addDays } from '../../calendar.ts'
import type { Month } from './month.ts'
import { type Asset, formatUnits, multiply, raise } from './units.ts'

const commission = 1_00n

/** A savings plan: euros become dollars and dollars two funds; both pay out, and the broker charges a little. */
export function postInvestments(month: Month): void {
  const { books, market, yearsIn } = month
  const day = month.workday(6)
  const euros = raise(310_00n, 5, yearsIn)
  const dollars = market.exchange(euros, 'EUR', 'USD', day)
  const leg = { day, kind: 'transfer', description: 'Savings plan', category: 'Transfers' }
  books.checking.post({ ...leg, amount: -euros, asset: 'EUR', counterparty: books.brokerage.name })
  books.brokerage.post({ ...leg, amount: dollars, asset: 'USD', counterparty: books.checking.name })

  buy(month, 'VWRD', multiply(dollars, 75n, 100n))
  buy(month, 'AGGG', multiply(dollars, 24n, 100n))
  if (month.number % 3 === 0) pay(month, 'VWRD', month.workday(22), 42n)
  if (month.number % 6 === 5) pay(month, 'AGGG', month.workday(20), 96n)
  if (month.number === 12) {
    books.brokerage.post({
      day: month.workday(29),
      amount: -6_00n,
      asset: 'USD',
      kind: 'fee',
      description: `Custody fee ${month.year}`,
    })
  }
}

/** Spends `dollars`, commission included, on as many units as they buy. */
function buy({ books, market, label, workday }: Month, asset: 'VWRD' | 'AGGG', dollars: bigint): void {
  const day = workday(8)
  const { price, decimals } = market.close(asset, 'USD', day)
  // Cents to units of four decimals; the price has as many.
  const units = ((dollars - commission) * 10n ** BigInt(decimals + 2)) / price
  const cost = multiply(units, price, 10n ** BigInt(decimals + 2))
  const leg = { day, kind: 'trade', description: `Buy ${asset}`, group: `${asset} ${label}` }
  books.brokerage.post({ ...leg, amount: units, asset })
  books.brokerage.post({
    ...leg,
    amount: -(cost + commission),
    asset: 'USD',
    security: { asset, units, price: formatUnits(price, decimals), fee: commission },
  })
}

/** A distribution of so many ten-thousandths of the price for each unit that was held the day before. */
function pay({ books, market }: Month, asset: Asset, day: string, tenThousandths: bigint): void {
  const held = books.brokerage.balance(asset, addDays(day, -1))
  const { price, decimals } = market.close(asset, 'USD', day)
  books.brokerage.post({
    day,
    amount: multiply(held, price * tenThousandths, 10n ** BigInt(decimals + 6)),
    asset: 'USD',
    kind: 'dividend',
    description: `Distribution ${asset}`,
    security: { asset, units: held, price: formatUnits(price, decimals), fee: 0n },
  })
}
