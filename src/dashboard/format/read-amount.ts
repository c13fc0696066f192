import { parseDecimal } from '../../decimal.ts'
import { type Notation, notationOf } from './notation.ts'
import { readersLocales } from './readers-locales.ts'

export type ReadAmount = { amount: string; fault?: never } | { amount?: never; fault: string }

const notUnderstood = 'must be a number'
/** Blanks, apostrophes between thousands, and the marks of direction that stand beside signs in Arabic and Persian. */
const ignored = /[\s'’\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * What somebody typed, as a decimal string. The digits and separators of the reader's language are taken, and the point;
 * what could be meant in two ways, such as `1.234` in German, is refused and never guessed. Undefined where nothing is
 * typed.
 */
export function readAmount(typed: string, locales = readersLocales()): ReadAmount | undefined {
  const notation = notationOf(locales)
  const text = [...typed.replace(ignored, '').replace(/^−/, '-')]
    .map((letter) => notation.ascii.get(letter) ?? letter)
    .join('')
  if (text === '') return undefined
  const [, sign, digits] = /^([+-]?)([\d.,]+)$/.exec(text) ?? []
  if (digits === undefined) return { fault: notUnderstood }
  const plain = withPoint(digits, notation)
  if (plain === 'ambiguous')
    return { fault: 'could be meant in two ways: leave out the separator of thousands' }
  const amount = plain === undefined ? undefined : parseDecimal(`${sign}${plain}`)
  return amount === undefined ? { fault: notUnderstood } : { amount }
}

/** A decimal string as the reader would type it. What is none stays as it is. */
export function typedAmount(amount: string): string {
  const { decimal } = notationOf(readersLocales())
  return parseDecimal(amount) === undefined ? amount : amount.replace('.', decimal)
}

/** `12,50`, for a hint. */
export function exampleAmount(): string {
  return `12${notationOf(readersLocales()).decimal}50`
}

function withPoint(digits: string, notation: Notation): string | 'ambiguous' | undefined {
  const separators = digits.match(/\D/g) ?? []
  const [first = '', last = ''] = [separators[0], separators.at(-1)]
  if (separators.length === 0) return digits
  if (separators.length === 1) return withOneSeparator(digits, last, notation)
  // Several: those before the last one part thousands, and so does the last one where it is like them.
  const end = first === last ? digits.length : digits.lastIndexOf(last)
  const whole = digits.slice(0, end).split(first)
  return isGrouped(whole, notation.groupSize) ? `${whole.join('')}.${digits.slice(end + 1)}` : undefined
}

function withOneSeparator(digits: string, separator: string, { decimal, group }: Notation) {
  const [whole = '', fraction = ''] = digits.split(separator)
  if (separator === decimal) return `${whole}.${fraction}`
  const couldBeGrouped = /^[1-9]\d{0,2}$/.test(whole) && fraction.length === 3
  if (separator === '.') return couldBeGrouped ? 'ambiguous' : `${whole}.${fraction}`
  return separator === group && couldBeGrouped ? whole + fraction : undefined
}

/** `1`, `234`, `567`; in India `12`, `34`, `567` as well. */
function isGrouped(groups: string[], ownSize: number): boolean {
  const [head = '', middle, tail] = [groups[0], groups.slice(1, -1), groups.at(-1)]
  const by = (size: number) =>
    head.length > 0 && head.length <= size && middle.every((each) => each.length === size)
  return groups.every((each) => /^\d+$/.test(each)) && tail?.length === 3 && (by(3) || by(ownSize))
}
