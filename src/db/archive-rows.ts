import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { Sql } from './client.ts'
import { jsonbText } from './jsonb-text.ts'

/** Transactions of the archive as a parameter of type archived_transaction[] (sql/functions/0020_archived_transaction.sql). */
export function archivedRows(sql: Sql, rows: readonly ArchivedTransaction[]) {
  return sql`ARRAY(
    SELECT r FROM json_populate_recordset(NULL::archived_transaction, ${jsonbText(rows.map(toRecord))}::text::json) AS r
  )`
}

function toRecord(row: ArchivedTransaction) {
  return {
    user_id: row.userId,
    account_id: row.accountId,
    id: row.id,
    booked_on: row.bookedOn,
    occurred_at: row.occurredAt?.toString(),
    amount: row.amount,
    asset: row.asset,
    kind: row.kind,
    status: row.status,
    description: row.description,
    counterparty: row.counterparty,
    category: row.category,
    group_id: row.groupId,
    recorded_at: row.recordedAt.toString(),
    version: row.version,
    digest: row.digest,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a row of the driver
export function toArchivedTransaction(row: any): ArchivedTransaction {
  return {
    userId: row.user_id,
    accountId: row.account_id,
    id: row.id,
    bookedOn: row.booked_on,
    occurredAt: row.occurred_at === null ? null : BigInt(row.occurred_at),
    amount: row.amount,
    asset: row.asset,
    kind: row.kind,
    status: row.status,
    description: row.description,
    counterparty: row.counterparty,
    category: row.category,
    groupId: row.group_id,
    recordedAt: BigInt(row.recorded_at),
    version: row.version,
    digest: row.digest,
  }
}
