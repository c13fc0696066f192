import { z } from 'zod'
import { decimalOfNumber } from '../json.ts'

/** ccxt's candle: the moment at which it opens, open, high, low, close, volume. Prices are the texts of the answer. */
export const candle = z
  .tuple([z.number().int().positive(), z.unknown(), z.unknown(), z.unknown(), z.string()])
  .rest(z.unknown())
  .transform(([opensAt, , , , text], context) => {
    const close = decimalOfNumber(text)
    if (close !== undefined) return { day: new Date(opensAt).toISOString().slice(0, 10), close }
    context.addIssue({ code: 'custom', message: 'the close is no decimal' })
    return z.NEVER
  })
export type Candle = z.infer<typeof candle>

/** The last day of each pair that was read. `at` is what the page asked for, and only tells one page from another. */
export const cursor = z.object({ through: z.record(z.string(), z.string()), at: z.string() })
