import type { Sql } from './client.ts'
import { type Price, putPrices, type StoredPrices } from './prices.ts'
import { createSpool } from './spool.ts'

export interface PriceRecord extends Price {
  type: 'price'
  provider?: string
}

export interface PriceFault {
  type: 'fault'
  line: number
  reason: string
}

export interface PriceImportReport extends StoredPrices {
  prices: number
  faults: PriceFault[]
  /** All of them; `faults` holds the first hundred. */
  faultCount: number
  /** There were faults and `skipBad` was not asked for: nothing was stored. */
  refused: boolean
}

const pricesPerCall = 10_000

/**
 * Imports a file of prices: reads it to its end before the first one is written, then stores it in its order, so
 * that of two prices for a day the later one in the file holds. Running it again changes nothing.
 */
export async function importPrices(
  sql: Sql,
  events: AsyncIterable<PriceRecord | PriceFault>,
  { skipBad = false, onStored }: { skipBad?: boolean; onStored?: (prices: number, total: number) => void },
): Promise<PriceImportReport> {
  const spool = await createSpool()
  try {
    const faults: PriceFault[] = []
    let prices = 0
    let faultCount = 0
    let batch: Price[] = []
    let provider = 'file'
    const flush = async () => {
      if (batch.length === 0) return
      await spool.append(JSON.stringify({ provider, prices: batch }))
      batch = []
    }
    for await (const event of events) {
      if (event.type === 'fault') {
        faultCount++
        if (faults.length < 100) faults.push(event)
        continue
      }
      if ((event.provider ?? 'file') !== provider || batch.length === pricesPerCall) await flush()
      provider = event.provider ?? 'file'
      batch.push({ asset: event.asset, currency: event.currency, day: event.day, price: event.price })
      prices++
    }
    await flush()
    const report: PriceImportReport = {
      prices,
      faults,
      faultCount,
      refused: faults.length > 0 && !skipBad,
      added: 0,
      changed: 0,
      unchanged: 0,
    }
    if (report.refused) return report
    let stored = 0
    for await (const line of spool.read()) {
      const call = JSON.parse(line) as { provider: string; prices: Price[] }
      const outcome = await putPrices(sql, call.provider, call.prices)
      report.added += outcome.added
      report.changed += outcome.changed
      report.unchanged += outcome.unchanged
      stored += call.prices.length
      onStored?.(stored, prices)
    }
    return report
  } finally {
    await spool.close()
  }
}
