import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** The columns of type archived_transaction (sql/functions/0020_archived_transaction.sql). */
const columns: Record<keyof ArchivedTransaction, string> = {
  userId: 'user_id',
  accountId: 'account_id',
  id: 'id',
  bookedOn: 'booked_on',
  occurredAt: 'occurred_at',
  amount: 'amount',
  asset: 'asset',
  kind: 'kind',
  status: 'status',
  description: 'description',
  counterparty: 'counterparty',
  category: 'category',
  groupId: 'group_id',
  recordedAt: 'recorded_at',
  version: 'version',
  digest: 'digest',
}
const fields = Object.entries(columns) as [keyof ArchivedTransaction, string][]

/** Transactions of the archive as a parameter of type archived_transaction[]. */
export function archivedRows(sql: Sql, rows: readonly ArchivedTransaction[]) {
  return sql`ARRAY(
    SELECT r FROM json_populate_recordset(NULL::archived_transaction, ${jsonbText(rows.map(toRecord))}::text::json) AS r
  )`
}

function toRecord(row: ArchivedTransaction) {
  return Object.fromEntries(
    fields.map(([name, column]) => {
      const value = row[name]
      return [column, typeof value === 'bigint' ? value.toString() : value]
    }),
  )
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function toArchivedTransaction(row: any): ArchivedTransaction {
  const values = Object.fromEntries(fields.map(([name, column]) => [name, row[column]]))
  return {
    ...values,
    occurredAt: row.occurred_at === null ? null : BigInt(row.occurred_at),
    recordedAt: BigInt(row.recorded_at),
  } as ArchivedTransaction
}
