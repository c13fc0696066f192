import { parse } from 'lossless-json'
import { parseDecimal } from '../decimal.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/**
 * JSON with every number as the text that it was written as, because a JavaScript number loses digits of an amount.
 * Of a key that comes twice the last value counts, as with JSON.parse. Throws a SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  try {
    return parse(text, undefined, {
      parseNumber: (number) => number,
      onDuplicateKey: ({ newValue }) => newValue,
    })
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw new SyntaxError('the JSON is nested too deep', { cause: error })
    throw error
  }
}

/**
 * A JSON number's text, which may bear an exponent, as a canonical decimal: `1.5e-7` -> `0.00000015`, `-0.0` -> `0`.
 * Undefined where it is none, or has more digits than an amount can bear.
 */
export function decimalOfNumber(text: string): string | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent)
  const digits = whole + fraction
  if (!/[1-9]/.test(digits)) return '0'
  // Far beyond what an amount bears, and before so many zeros are written.
  if (Math.abs(shift) > 1_000) return undefined
  const point = whole.length + shift
  if (point <= 0) return parseDecimal(`${sign}0.${'0'.repeat(-point)}${digits}`)
  if (point >= digits.length) return parseDecimal(`${sign}${digits}${'0'.repeat(point - digits.length)}`)
  return parseDecimal(`${sign}${digits.slice(0, point)}.${digits.slice(point)}`)
}
