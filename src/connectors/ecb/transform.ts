import { isDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import type { PriceQuote } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import type { ReferenceRate } from './wire.ts'

/** The price of one euro in the rate's currency, or what is wrong with it; undefined where there is no rate. */
export function priceOf({ day, currency, rate }: ReferenceRate): PriceQuote | PageProblem | undefined {
  if (rate === '' || rate === 'N/A') return undefined
  const fault = (reason: string) => ({
    message: `the rate of ${quote(currency)} on ${quote(day)}: ${reason}`,
    row: true,
  })
  if (!isDay(day)) return fault('its day is none')
  if (!/^[A-Z]{3}$/.test(currency)) return fault('its currency is none')
  const price = parseDecimal(rate)
  if (price === undefined || price === '0' || price.startsWith('-'))
    return fault(`${quote(rate)} is not a decimal number above zero`)
  return { asset: 'EUR', currency, day, price }
}

function quote(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 39)}…` : text}"`
}
