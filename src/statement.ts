import type { AccountKind, TransactionStatus } from './page.ts'

/**
 * A statement file as a stream of events, in file order. A file holds one or more statements; a statement is
 * about one account. `line` counts from 1 and names where in the file the event stands.
 */
export type StatementEvent = StatementStart | StatementEntry | StatementBalance | StatementFault

export interface StatementStart {
  type: 'statement'
  line: number
  account: {
    /** Identity of the account in the file; undefined where the format has none (QIF, most CSV). */
    externalId?: string
    kind?: AccountKind
    name?: string
  }
  /** Statement number where the format has one: orders statements of the same day. */
  sequence?: number
}

export interface StatementEntry {
  type: 'entry'
  line: number
  /** Identity that the provider guarantees to be unique in the account: the same id again is the same transaction. */
  id?: string
  /** Reference that may occur again for another transaction (OFX FITID, CAMT AcctSvcrRef, an MT940 reference). */
  reference?: string
  bookedOn: string
  occurredAt?: string
  amount: string
  asset: string
  kind: string
  status: TransactionStatus
  description?: string
  counterparty?: string
  category?: string
  /** Names the event whose legs belong together, within the file's account. */
  group?: string
}

export interface StatementBalance {
  type: 'balance'
  line: number
  /** `open`: before the statement's first entry; `close`: after its last one, or at the end of `day`. */
  edge: 'open' | 'close'
  day: string
  amount: string
  asset: string
}

/** A record that could not be read. Reading goes on behind it. */
export interface StatementFault {
  type: 'fault'
  line: number
  reason: string
}
