import { parseDecimal } from '../../decimal.ts'

/** The sum of decimal strings, to the last digit. */
export function sum(amounts: readonly string[]): string {
  const digits = Math.max(0, ...amounts.map((amount) => fractionOf(amount).length))
  const total = amounts.reduce((sum, amount) => sum + unitsOf(amount, digits), 0n)
  const text = String(total < 0n ? -total : total).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return parseDecimal(`${total < 0n ? '-' : ''}${whole}.${text.slice(whole.length)}`)!
}

/** How many units of 10^-digits it is. */
function unitsOf(amount: string, digits: number): bigint {
  const [whole = ''] = amount.split('.')
  return BigInt(whole + fractionOf(amount).padEnd(digits, '0'))
}

function fractionOf(amount: string): string {
  return amount.split('.')[1] ?? ''
}
