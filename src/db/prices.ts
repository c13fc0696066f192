import type { Sql } from './client.ts'

export interface Price {
  asset: string
  /** What one unit of the asset is priced in. */
  currency: string
  day: string
  price: string
}

export interface StoredPrices {
  added: number
  changed: number
  unchanged: number
}

/** Stores daily prices, all or none of one call. Where a day is given twice, the later one wins. */
export async function putPrices(sql: Sql, provider: string, prices: Price[]): Promise<StoredPrices> {
  const [stored] = await sql`SELECT * FROM put_prices(${provider}, ${JSON.stringify(prices)}::text::json)`
  return {
    added: Number(stored?.added),
    changed: Number(stored?.changed),
    unchanged: Number(stored?.unchanged),
  }
}
