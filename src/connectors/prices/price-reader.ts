import { isDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import { StatementError } from '../../errors.ts'
import { isAsset } from '../statements/asset.ts'
import { cleanText } from '../statements/clean-text.ts'
import { createCsvRows } from '../statements/csv-rows.ts'
import { decodeText } from '../statements/decode.ts'
import { parseStream } from '../statements/parse-stream.ts'
import { assetReason, dayReason, quote } from '../statements/record.ts'
import { createEcbRow } from './ecb.ts'

export const priceFormats = ['prices-csv', 'ecb'] as const
export type PriceFormat = (typeof priceFormats)[number]

export type PriceEvent = Price | PriceFault

/** What one `asset` was worth in `currency` at the end of `day`. */
export interface Price {
  type: 'price'
  line: number
  asset: string
  currency: string
  day: string
  price: string
  provider?: string
}

export interface PriceFault {
  type: 'fault'
  line: number
  reason: string
}

export interface PriceFields {
  asset: string
  currency: string
  day: string
  price: string
  provider?: string | undefined
}

/** Reads one row below the header: `price` checks what it is given and emits a price or a fault. */
export type PriceRow = (
  cells: string[],
  line: number,
  price: (fields: PriceFields, line: number) => void,
) => void

/**
 * Reads prices as a stream: `asset,currency,date,price` with an optional column `provider`, or the European
 * Central Bank's eurofxref-hist.csv. `provider` holds for rows that name none.
 */
export async function* readPrices(
  open: () => AsyncIterable<Uint8Array>,
  { provider, format }: { provider?: string; format?: PriceFormat | undefined } = {},
): AsyncIterable<PriceEvent> {
  let events: PriceEvent[] = []
  let readRow: PriceRow | undefined
  let width = 0

  const price = (fields: PriceFields, line: number) => {
    const fault = (reason: string) => events.push({ type: 'fault', line, reason })
    const { asset, currency, day } = fields
    if (!isAsset(asset)) return fault(assetReason(asset))
    if (!isAsset(currency)) return fault(assetReason(currency).replace('asset', 'currency'))
    if (asset === currency) return fault(`the price of ${quote(asset)} in itself`)
    if (!isDay(day)) return fault(dayReason(day))
    const value = parseDecimal(fields.price)
    if (value === undefined) return fault(`price ${quote(fields.price)} is not a plain decimal number`)
    if (value === '0' || value.startsWith('-')) return fault(`price ${quote(fields.price)} is not above zero`)
    const from = cleanText(fields.provider ?? '') ?? provider
    events.push({
      type: 'price',
      line,
      asset,
      currency,
      day,
      price: value,
      ...(from !== undefined && { provider: from }),
    })
  }

  const rows = createCsvRows({
    row(cells, line) {
      // The ECB closes each row with a comma.
      const trimmed = (cells.at(-1)!.trim() === '' ? cells.slice(0, -1) : cells).map((cell) => cell.trim())
      if (!readRow) {
        width = trimmed.length
        readRow =
          (format === 'prices-csv' ? undefined : createEcbRow(trimmed)) ?? createPlainRow(trimmed, line)
        if (format === 'ecb' && !createEcbRow(trimmed))
          throw new StatementError('not the ECB’s eurofxref-hist.csv', line)
      } else if (cells.length < width || cells.length > width + 1) {
        events.push({ type: 'fault', line, reason: `${cells.length} columns where the header has ${width}` })
      } else
        readRow(
          cells.map((cell) => cell.trim()),
          line,
          price,
        )
    },
    fault: (reason, line) => events.push({ type: 'fault', line, reason }),
  })

  const drain = () => {
    const drained = events
    events = []
    return drained
  }
  for await (const batch of parseStream(decodeText(open(), 'utf-8'), rows, drain)) yield* batch
  if (!readRow) throw new StatementError('the file is empty')
}

const columns = ['asset', 'currency', 'date', 'price', 'provider']

function createPlainRow(names: string[], line: number): PriceRow {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new StatementError(`the header names the column ${quote(twice)} twice`, line)
  const missing = columns.slice(0, 4).filter((name) => !names.includes(name))
  if (missing.length > 0) {
    throw new StatementError(
      `neither asset,currency,date,price nor the ECB’s eurofxref-hist.csv: no column ${missing.map(quote).join(', ')}`,
      line,
    )
  }
  const unknown = names.find((name) => !columns.includes(name))
  if (unknown !== undefined)
    throw new StatementError(`the header names an unknown column ${quote(unknown)}`, line)
  const [asset, currency, date, price, provider] = columns.map((name) => names.indexOf(name)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return (cells, line, emit) =>
    emit(
      {
        asset: cells[asset]!,
        currency: cells[currency]!,
        day: cells[date]!,
        price: cells[price]!,
        provider: cells[provider],
      },
      line,
    )
}
