import { sql } from 'drizzle-orm'
import { check, date, index, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

/** Daily closes and exchange rates: one unit of `asset` costs `price` units of `currency`. */
export const price = pgTable(
  'price',
  {
    asset: text('asset').notNull(),
    currency: text('currency').notNull(),
    day: date('day').notNull(),
    price: numeric('price').notNull(),
    provider: text('provider').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.asset, table.currency, table.day] }),
    check('price_positive', sql`${table.price} > 0 and ${table.price} < 'infinity'`),
  ],
)

/** Which pairs have prices at all: the edges along which an asset reaches a currency. */
export const pricePair = pgTable(
  'price_pair',
  {
    asset: text('asset').notNull(),
    currency: text('currency').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.asset, table.currency] }),
    index('price_pair_currency').on(table.currency, table.asset),
  ],
)
