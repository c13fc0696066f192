import type { TransactionStatus, Upsert } from '../page.ts'
import type { Account } from './accounts.ts'
import { retryWrite } from './archived-places.ts'
import { instantOf, type Sql } from './client.ts'
import type { Completion } from './idempotency.ts'
import { ingestByHand } from './manual-source.ts'
import { transactionId } from './page-encoding.ts'

/** A transaction as it is listed, see sql/functions/0021_transaction_page.sql. */
export interface Transaction {
  id: string
  accountId: string
  /** The reporting day. */
  date: string
  /** The instant, ISO 8601 in UTC, to the microsecond where it has more than milliseconds. */
  time: string | null
  /** An exact decimal, positive into the account. */
  amount: string
  asset: string
  kind: string
  status: TransactionStatus
  description: string | null
  counterparty: string | null
  /** The user's own, else the provider's. */
  category: string | null
  note: string | null
  tags: string[]
  transfer: boolean | null
  excluded: boolean
  manual: boolean
  groupId: string | null
  recordedAt: string
}

/** What a query of listed transactions selects, for `toTransaction`. */
export function transactionColumns(sql: Sql) {
  return sql`id, account_id, booked_on,
    to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
    trim_scale(amount) AS amount, asset, kind, status, description, counterparty, category, note, tags, transfer,
    excluded, manual, group_id, recorded_at`
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function toTransaction(row: any): Transaction {
  return {
    id: row.id,
    accountId: row.account_id,
    date: row.booked_on,
    time: row.occurred_at === null ? null : row.occurred_at.replace(/000Z$/, 'Z'),
    amount: row.amount,
    asset: row.asset,
    kind: row.kind,
    status: row.status,
    description: row.description,
    counterparty: row.counterparty,
    category: row.category,
    note: row.note,
    tags: row.tags,
    transfer: row.transfer,
    excluded: row.excluded,
    manual: row.manual,
    groupId: row.group_id,
    recordedAt: instantOf(row.recorded_at).toISOString(),
  }
}

/** Undefined where the caller may see none of that id. */
export async function findTransaction(
  sql: Sql,
  callerId: string,
  id: string,
): Promise<Transaction | undefined> {
  const [row] = await sql`SELECT ${transactionColumns(sql)} FROM find_transaction(${callerId}, ${id})`
  return row && toTransaction(row)
}

/** What a user enters of a transaction. Texts are single lines; the time has milliseconds at most. */
export type TransactionEntry = Pick<
  Transaction,
  | 'date'
  | 'time'
  | 'amount'
  | 'asset'
  | 'kind'
  | 'description'
  | 'counterparty'
  | 'category'
  | 'note'
  | 'tags'
>

/** The transaction that an entry will be; of equal references of an account, the same one. */
export function asTransaction(
  account: Account,
  reference: string,
  entry: TransactionEntry,
  now: Date,
): Transaction {
  const hex = transactionId(account.sourceId, account.externalId, reference)
  return {
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    accountId: account.id,
    ...entry,
    status: 'posted',
    transfer: null,
    excluded: false,
    manual: true,
    groupId: null,
    recordedAt: now.toISOString(),
  }
}

/**
 * Writes a transaction of `asTransaction` together with the answer of its request: one statement. False where the
 * account is gone by now; then nothing is done.
 */
export function enterTransaction(
  sql: Sql,
  userId: string,
  account: Account,
  reference: string,
  transaction: Transaction,
  completion: Completion | undefined,
  now: Date,
): Promise<boolean> {
  const { id, date, time, amount, asset, kind, status, description, counterparty, category } = transaction
  const upsert: Upsert = {
    type: 'upsert',
    account: account.externalId,
    id: reference,
    bookedOn: date,
    amount,
    asset,
    kind,
    status,
    ...(time !== null && { occurredAt: time }),
    ...(description !== null && { description }),
    ...(counterparty !== null && { counterparty }),
    ...(category !== null && { category }),
  }
  const page = { accounts: [{ externalId: account.externalId }], changes: [upsert], balances: [] }
  const annotation = { id, note: transaction.note, tags: transaction.tags }
  return ingestByHand(sql, { userId, account, page, annotation, completion }, now)
}

/** Takes a transaction away that was entered by hand; `provided`: it was not. */
export async function removeTransaction(
  sql: Sql,
  userId: string,
  id: string,
  now: Date,
): Promise<'removed' | 'missing' | 'provided'> {
  const [row] = await retryWrite(
    sql,
    () => sql<{ outcome: 'removed' | 'missing' | 'provided' }[]>`
      SELECT remove_manual_transaction(${userId}, ${id}, ${now.toISOString()}) AS outcome`,
  )
  return row!.outcome
}
