import { parseDecimal } from '../../decimal.ts'

export type ReadAmount = { amount: string; fault?: never } | { amount?: never; fault: string }

const notUnderstood = 'must be a number'

/**
 * What somebody typed, as a decimal string. The separator of the reader's language and the point are both taken; what
 * could be meant in two ways, such as `1.234` in German, is refused and never guessed. Undefined where nothing is typed.
 */
export function readAmount(typed: string): ReadAmount | undefined {
  const text = typed.replace(/[\s'’]/g, '').replace(/^−/, '-')
  if (text === '') return undefined
  const [, sign, digits] = /^([+-]?)([\d.,٫٬]+)$/.exec(text) ?? []
  if (digits === undefined) return { fault: notUnderstood }
  const plain = withPoint(digits)
  if (plain === 'ambiguous')
    return { fault: 'could be meant in two ways: leave out the separator of thousands' }
  const amount = plain === undefined ? undefined : parseDecimal(`${sign}${plain}`)
  return amount === undefined ? { fault: notUnderstood } : { amount }
}

/** A decimal string as the reader would type it. What is none stays as it is. */
export function typedAmount(amount: string): string {
  return parseDecimal(amount) === undefined ? amount : amount.replace('.', separators().decimal)
}

/** `12,50`, for a hint. */
export function exampleAmount(): string {
  return `12${separators().decimal}50`
}

function withPoint(digits: string): string | 'ambiguous' | undefined {
  const last = /[^\d](?=\d*$)/.exec(digits)
  if (!last) return digits
  const whole = digits.slice(0, last.index)
  const fraction = digits.slice(last.index + 1)
  const { decimal, group } = separators()
  if (/\D/.test(whole)) {
    const isGrouped = /^\d{1,3}(\D)(\d{3}\1)*\d{3}$/.exec(whole)
    if (!isGrouped) return undefined
    const all = whole.replace(/\D/g, '')
    if (isGrouped[1] !== last[0]) return `${all}.${fraction}`
    return fraction.length === 3 ? all + fraction : undefined
  }
  if (last[0] === decimal) return `${whole}.${fraction}`
  const couldBeGrouped = /^[1-9]\d{0,2}$/.test(whole) && fraction.length === 3
  if (last[0] === '.') return couldBeGrouped ? 'ambiguous' : `${whole}.${fraction}`
  return last[0] === group && couldBeGrouped ? whole + fraction : undefined
}

let known: { decimal: string; group: string } | undefined

function separators(): { decimal: string; group: string } {
  if (known) return known
  const parts = new Intl.NumberFormat(navigator.languages as string[], {
    numberingSystem: 'latn',
  }).formatToParts(1234567.8)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  known = { decimal: of('decimal') || '.', group: of('group') }
  return known
}
