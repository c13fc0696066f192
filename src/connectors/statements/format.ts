import type { StatementEvent } from '../../statement.ts'
import type { CsvMapping } from './csv-mapping.ts'

export const statementFormats = ['tidemark-csv', 'csv', 'ofx', 'qif', 'camt053', 'mt940'] as const
export type StatementFormat = (typeof statementFormats)[number]

export interface ReadOptions {
  /** Read as this format; without it, the format is decided by content. */
  format?: StatementFormat
  /** How to read a CSV that is not Tidemark's own. */
  mapping?: CsvMapping
  /** IANA zone in which an instant without a booking date gets its day. */
  timeZone: string
  /** Asset of records that name none; without it, such a record is a fault. */
  defaultAsset?: string
}

export type Emit = (event: StatementEvent) => void

/**
 * A format's reader: takes decoded text in pieces of any size and emits events as soon as they are complete.
 * Both methods throw a StatementError where the file as a whole cannot be read; what was emitted before stands.
 */
export interface StatementParser {
  write(text: string): void
  end(): void
}
