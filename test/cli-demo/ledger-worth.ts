import Big from 'big.js'
import { addDays } from '../../src/calendar.ts'
import type { Household } from '../../src/cli/demo/household.ts'
import { type Asset, formatAmount, formatUnits, isCoin } from '../../src/cli/demo/units.ts'

/** Net worth in euros at the end of a day, from the ledgers and the market alone. */
export function worthOfLedgers({ books, market, today }: Household, day: string): Big {
  let worth = new Big(0)
  for (const ledger of Object.values(books)) {
    for (const asset of new Set(ledger.entries().map((entry) => entry.asset)))
      worth = worth.plus(inEuros(new Big(formatAmount(ledger.balance(asset, day), asset)), asset))
  }
  return worth

  function inEuros(amount: Big, asset: Asset): Big {
    if (asset === 'EUR' || amount.eq(0)) return amount
    if (asset === 'GBP') return amount.div(close('EUR', 'GBP'))
    const dollars = asset === 'USD' ? amount : amount.times(close(asset, 'USD'))
    return dollars.div(close('EUR', 'USD'))
  }

  /** What an exchange calls a close is known when the day has ended; the bank's rate comes in the afternoon. */
  function close(asset: string, currency: string): Big {
    const isLate = isCoin(asset) || asset === 'EUR'
    const known = isLate && day === today ? addDays(day, -1) : day
    const { price, decimals } = market.close(asset, currency, known)
    return new Big(formatUnits(price, decimals))
  }
}
