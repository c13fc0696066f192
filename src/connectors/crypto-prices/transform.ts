import { parseDecimal } from '../../decimal.ts'
import type { PriceQuote } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import { type Candle, candle } from './wire.ts'

/** The closes of days before `today`, whose candle goes on changing. The days of candles, in order. */
export function pricesOf(
  pair: string,
  answer: unknown[],
  today: string,
): { prices: PriceQuote[]; problems: PageProblem[] } {
  const [asset = '', currency = ''] = pair.split('/')
  const closed: Candle[] = []
  const problems: PageProblem[] = []
  for (const each of answer) {
    const parsed = candle.safeParse(each)
    if (!parsed.success)
      problems.push({
        message: `a daily price of ${pair} could not be read: ${parsed.error.issues[0]?.message}`,
        row: true,
      })
    else if (parsed.data.day < today) closed.push(parsed.data)
  }
  const prices = closed.map(({ day, close }) => ({
    asset,
    currency,
    day,
    price: parseDecimal(close) ?? close,
  }))
  return { prices, problems }
}
