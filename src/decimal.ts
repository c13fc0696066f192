/**
 * Decimal strings: `-?digits[.digits]`, no exponent, no sign on zero, no needless zeros. Money is never a
 * JavaScript number; arithmetic is the database's, or big.js where a file is checked before it is stored.
 */

/** Digits allowed before and after the point; far above any real quantity, far below what numeric holds. */
const maxIntegerDigits = 40
const maxFractionDigits = 30

const plain = /^([+-]?)(\d*)(?:\.(\d*))?$/

/**
 * The canonical form of a decimal written with a point, e.g. `+007.50` -> `7.5`, `.5` -> `0.5`, `-0` -> `0`.
 * Undefined where the text is not a plain decimal (NaN, an exponent, grouping, blanks inside) or is out of bounds.
 */
export function parseDecimal(text: string): string | undefined {
  const match = plain.exec(text)
  if (!match) return undefined
  const [, sign, integerDigits = '', fractionDigits = ''] = match
  if (integerDigits === '' && fractionDigits === '') return undefined
  const integer = integerDigits.replace(/^0+(?=\d)/, '') || '0'
  const fraction = fractionDigits.replace(/0+$/, '')
  if (integer.length > maxIntegerDigits || fraction.length > maxFractionDigits) return undefined
  const magnitude = fraction === '' ? integer : `${integer}.${fraction}`
  return sign === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude
}

export function negate(decimal: string): string {
  if (decimal === '0') return decimal
  return decimal.startsWith('-') ? decimal.slice(1) : `-${decimal}`
}
