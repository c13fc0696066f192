import { parse } from 'lossless-json'

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/**
 * JSON with every number as the text that it was written as, because a JavaScript number loses digits of an amount.
 * Throws a SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  return parse(text, undefined, { parseNumber: (number) => number })
}

/**
 * A JSON number's text, which may bear an exponent, as a plain decimal: `1.5e-7` -> `0.00000015`. Undefined where it
 * is none, or its exponent is beyond what an amount can bear.
 */
export function decimalOfNumber(text: string): string | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent)
  if (Math.abs(shift) > 60) return undefined
  const digits = whole + fraction
  const point = whole.length + shift
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
