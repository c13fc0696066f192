/** Amounts as integers of an asset's smallest unit (cents, satoshi, wei). */

/** Decimals of each asset; prices have the decimals of their series. */
const decimals = { EUR: 2, GBP: 2, USD: 2, VWRD: 4, AGGG: 4, BTC: 8, ETH: 18 } as const
export type Asset = keyof typeof decimals

export function decimalsOf(asset: Asset): number {
  return decimals[asset]
}

/** Cryptocurrencies, whose prices an exchange tells. */
export function isCoin(asset: string): boolean {
  return asset === 'BTC' || asset === 'ETH'
}

/** `-1234` with two decimals as `-12.34`. */
export function formatUnits(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const point = digits.length - places
  const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return units < 0n ? `-${text}` : text
}

export function formatAmount(units: bigint, asset: Asset): string {
  return formatUnits(units, decimals[asset])
}

/** units x numerator / denominator, rounded half away from zero. The denominator is positive. */
export function multiply(units: bigint, numerator: bigint, denominator: bigint): bigint {
  const product = units * numerator * 2n
  const half = product < 0n ? -denominator : denominator
  return (product + half) / (denominator * 2n)
}

/** `units` after a number of yearly rises of `percent`. */
export function raise(units: bigint, percent: number, years: number): bigint {
  let raised = units
  for (let year = 0; year < years; year++) raised = multiply(raised, BigInt(100 + percent), 100n)
  return raised
}
