import type { PriceRow } from './price-reader.ts'

/**
 * The European Central Bank's eurofxref-hist.csv: `Date,USD,JPY,…`, each cell the price of one euro in the
 * column's currency, `N/A` or empty where there is none. Undefined where the header is another.
 */
export function createEcbRow(names: string[]): PriceRow | undefined {
  if (names[0] !== 'Date' || names.length < 2 || !names.slice(1).every((name) => /^[A-Z]{3}$/.test(name)))
    return undefined
  return (cells, line, price) => {
    for (let at = 1; at < names.length; at++) {
      const text = cells[at]!
      if (text === '' || text === 'N/A') continue
      price({ asset: 'EUR', currency: names[at]!, day: cells[0]!, price: text, provider: 'ecb' }, line)
    }
  }
}
