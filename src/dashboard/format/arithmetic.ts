/** Sums of decimal strings, exact. Nothing here divides but for a share to be shown. */

interface Scaled {
  digits: bigint
  /** Digits behind the point. */
  places: number
}

export function sum(amounts: Iterable<string>): string {
  let total: Scaled = { digits: 0n, places: 0 }
  for (const amount of amounts) total = plus(total, read(amount))
  return write(total)
}

export function subtract(minuend: string, subtrahend: string): string {
  const { digits, places } = read(subtrahend)
  return write(plus(read(minuend), { digits: -digits, places }))
}

/** Negative, zero or positive, as `a - b` is. */
export function compare(a: string, b: string): number {
  const difference = subtract(a, b)
  return difference.startsWith('-') ? -1 : difference === '0' ? 0 : 1
}

/** `part / whole` for display; undefined where the whole is not above zero, of which there are no shares. */
export function ratio(part: string, whole: string): number | undefined {
  return compare(whole, '0') > 0 ? Number(part) / Number(whole) : undefined
}

function plus(a: Scaled, b: Scaled): Scaled {
  const places = Math.max(a.places, b.places)
  const at = ({ digits, places: own }: Scaled) => digits * 10n ** BigInt(places - own)
  return { digits: at(a) + at(b), places }
}

function read(amount: string): Scaled {
  const [integer = '', fraction = ''] = amount.split('.')
  return { digits: BigInt(integer + fraction), places: fraction.length }
}

function write({ digits, places }: Scaled): string {
  const negative = digits < 0n
  const text = (negative ? -digits : digits).toString().padStart(places + 1, '0')
  const cut = text.length - places
  const fraction = text.slice(cut).replace(/0+$/, '')
  const magnitude = fraction === '' ? text.slice(0, cut) : `${text.slice(0, cut)}.${fraction}`
  return negative ? `-${magnitude}` : magnitude
}
