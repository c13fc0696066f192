/**
 * Digits of a currency's minor unit, by ISO 4217 (list one). What browsers know by themselves is CLDR's, which leaves
 * those out that are not used in shops: none of HUF, RSD or IDR, of which banks keep two, and none of IQD's three.
 */
export function minorDigits(currency: string): number {
  return digits.get(currency) ?? 2
}

const byDigits: [number, string][] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
]

const digits = new Map(byDigits.flatMap(([count, codes]) => codes.split(' ').map((code) => [code, count])))

/** Codes of ISO 4217 for which it names no minor unit: metals, funds, and those that are no money. */
const unitless = new Set('XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' '))

let currencies: Set<string> | undefined

/** Whether amounts of an asset are written as money is. */
export function isCurrency(asset: string): boolean {
  currencies ??= new Set(Intl.supportedValuesOf('currency').filter((code) => !unitless.has(code)))
  return currencies.has(asset)
}
