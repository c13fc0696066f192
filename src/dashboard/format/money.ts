import { isCurrency, minorDigits } from './minor-unit.ts'
import { readersLocales } from './readers-locales.ts'

/** Decimal strings as the reader writes numbers. Nothing becomes a JavaScript number on its way to the page. */

export interface MoneyStyle {
  /** A plus before what is above zero. */
  signed?: boolean
  /** All digits, however many: for what somebody booked or reported, in which none may be lost. */
  exact?: boolean
}

/**
 * An amount in a currency by its minor unit (ISO 4217), rounded half away from zero; with `exact` at least those digits
 * and every one that it has. Of any other asset all its digits.
 */
export function formatMoney(
  amount: string,
  asset: string,
  { signed, exact }: MoneyStyle = {},
  locales = readersLocales(),
): string {
  const sign = signed ? ({ signDisplay: 'exceptZero' } as const) : {}
  if (!isCurrency(asset))
    return `${formatter({ ...fractionDigits(placesOf(amount)), ...sign }, locales).format(amount as never)} ${asset}`
  const digits = fractionDigits(Math.max(minorDigits(asset), exact ? placesOf(amount) : 0))
  const style = { style: 'currency', currency: asset, ...digits, ...sign } as const
  return formatter(style, locales).format(amount as never)
}

/** All digits, without a unit. */
export function formatQuantity(amount: string, locales = readersLocales()): string {
  return formatter(fractionDigits(placesOf(amount)), locales).format(amount as never)
}

/** In few letters, for an axis: 12K, 1.5M. */
export function formatShort(amount: number, asset: string): string {
  const style = isCurrency(asset) ? ({ style: 'currency', currency: asset } as const) : {}
  return formatter({ notation: 'compact', maximumFractionDigits: 2, ...style }).format(amount)
}

/** `ratio` 0.042 is 4.2 %. */
export function formatPercent(ratio: number): string {
  const digits = Math.abs(ratio) < 0.1 ? 2 : 1
  return formatter({ style: 'percent', maximumFractionDigits: digits, signDisplay: 'exceptZero' }).format(
    ratio,
  )
}

/** Digits behind the point. */
function placesOf(amount: string): number {
  return amount.split('.')[1]?.length ?? 0
}

function fractionDigits(count: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: count, maximumFractionDigits: count }
}

const formatters = new Map<string, Intl.NumberFormat>()

function formatter(options: Intl.NumberFormatOptions, locales = readersLocales()): Intl.NumberFormat {
  const key = JSON.stringify([options, locales])
  let made = formatters.get(key)
  if (!made) {
    made = new Intl.NumberFormat(locales as string[], options)
    formatters.set(key, made)
  }
  return made
}
