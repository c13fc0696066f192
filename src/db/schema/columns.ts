import { sql } from 'drizzle-orm'
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core'

/**
 * Column types of the plain tables, which are the same on both engines. The hypertable `transaction` and the flows
 * over it are not in this folder: they are handwritten in sql/hypertables, sql/aggregates and sql/plain, because
 * drizzle-kit knows neither.
 */

export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
export const id = () => bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity()
export const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })
/** A transaction id of the server that never wraps around. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

export const quotedList = (values: readonly string[]) =>
  sql.raw(values.map((value) => `'${value}'`).join(', '))
