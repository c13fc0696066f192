import { requireAmount } from './record.ts'

/** Makes a reader of amounts as a mapping says they are written; blanks around and a trailing minus are accepted. */
export function createNumberReader(decimal: '.' | ',', thousands: string | undefined) {
  const point = decimal === '.' ? '\\.' : ','
  const grouped = thousands === undefined ? '' : `|\\d{1,3}(?:${blankOr(thousands)}\\d{3})+(?:${point}\\d*)?`
  const pattern = new RegExp(`^([+-]?)(\\d*(?:${point}\\d*)?${grouped})(-?)$`)
  const grouping = thousands === undefined ? undefined : new RegExp(blankOr(thousands), 'g')

  return (text: string, what = 'amount'): string => {
    const compact = text.trim().replace('\u2212', '-')
    const match = pattern.exec(compact)
    // What is not written as the mapping says goes to the fault as it stands.
    if (!match || (match[1] !== '' && match[3] !== '')) return requireAmount('', what, text)
    let digits = match[2]!
    if (grouping) digits = digits.replace(grouping, '')
    return requireAmount(`${match[1]}${match[3]}${digits.replace(decimal, '.')}`, what, text)
  }
}

function blankOr(thousands: string): string {
  if (thousands === ' ') return '[ \\u00a0\\u202f]'
  return thousands === '.' ? '\\.' : thousands
}
