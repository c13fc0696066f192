/** Decimal strings as the reader writes numbers. Nothing becomes a JavaScript number on its way to the page. */

export interface MoneyStyle {
  /** A plus before what is above zero. */
  signed?: boolean
  /** Of an amount of money: whole units alone. */
  whole?: boolean
  /** All digits, however many. */
  exact?: boolean
}

/** An amount in an ISO 4217 currency by its minor unit, rounded half away from zero; of any other asset all its digits. */
export function formatMoney(
  amount: string,
  asset: string,
  { signed, whole, exact }: MoneyStyle = {},
): string {
  const sign = signed ? ({ signDisplay: 'exceptZero' } as const) : {}
  if (!isCurrency(asset))
    return `${formatter({ maximumFractionDigits: 20, ...sign }).format(amount as never)} ${asset}`
  const digits = whole ? { maximumFractionDigits: 0 } : exact ? { maximumFractionDigits: 20 } : {}
  return formatter({ style: 'currency', currency: asset, ...digits, ...sign }).format(amount as never)
}

/** All digits, without a unit. */
export function formatQuantity(amount: string): string {
  return formatter({ maximumFractionDigits: 20 }).format(amount as never)
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

let currencies: Set<string> | undefined

export function isCurrency(asset: string): boolean {
  currencies ??= new Set(Intl.supportedValuesOf('currency'))
  return currencies.has(asset)
}

const formatters = new Map<string, Intl.NumberFormat>()

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options)
  let made = formatters.get(key)
  if (!made) {
    made = new Intl.NumberFormat(navigator.languages as string[], options)
    formatters.set(key, made)
  }
  return made
}
