import type { Sql } from '../src/db/client.ts'
import { refreshRollups } from '../src/db/rollups.ts'
import { cities, merchants } from './merchants.ts'
import type { BenchDatabase } from './server.ts'
import { type Sizes, sizeOf } from './sizes.ts'
import { time } from './timing.ts'

/** The population's first month and last day; queries end on that day too. */
export const firstMonth = '2016-01-01'
export const lastDay = '2025-12-17'
const months = 120
/** Ten transactions a day, for ten years. */
const meanRowsPerUser = 36_500
const measuredUsers = 5
const measuredRows = 20_000

export interface Population {
  db: BenchDatabase
  rows: number
  users: number
  /** Twelve accounts each, and about as many rows at any size of the population. */
  measured: { userId: string; rows: number; holdings: number }[]
  loadMs: number
  sizes: { rows: Sizes; columnstore?: Sizes }
}

/**
 * What each account of a user holds, and the share of the user's rows that goes there: two of them carry most.
 * The users beside the measured ones have the first ten.
 */
const holdings: [account: number, kind: string, asset: string, share: number][] = [
  [1, 'checking', 'EUR', 0.4],
  [2, 'card', 'EUR', 0.4],
  [3, 'savings', 'EUR', 0.02],
  [4, 'wallet', 'USD', 0.04],
  [4, 'wallet', 'GBP', 0.01],
  [5, 'brokerage', 'EUR', 0.01],
  [5, 'brokerage', 'VWCE', 0.01],
  [5, 'brokerage', 'AAPL', 0.01],
  [6, 'crypto', 'BTC', 0.02],
  [6, 'crypto', 'ETH', 0.01],
  [7, 'loan', 'EUR', 0.01],
  [8, 'cash', 'EUR', 0.01],
  [9, 'checking', 'CHF', 0.01],
  [10, 'property', 'EUR', 0.002],
  [11, 'card', 'USD', 0.03],
  [12, 'savings', 'JPY', 0.008],
]

/** asset, currency, level. Currencies are quoted as the European Central Bank does, coins and a share in dollars. */
const quotes: [string, string, number][] = [
  ['EUR', 'USD', 1.1],
  ['EUR', 'GBP', 0.86],
  ['EUR', 'CHF', 1.02],
  ['EUR', 'JPY', 140],
  ['EUR', 'SEK', 10.6],
  ['EUR', 'NOK', 10.9],
  ['EUR', 'DKK', 7.45],
  ['EUR', 'PLN', 4.4],
  ['EUR', 'AUD', 1.6],
  ['EUR', 'CAD', 1.5],
  ['EUR', 'CNY', 7.6],
  ['EUR', 'SGD', 1.5],
  ['VWCE', 'EUR', 90],
  ['AAPL', 'USD', 120],
  ['BTC', 'USD', 30000],
  ['ETH', 'USD', 1800],
]

/**
 * Fills a database with about `rows` transactions and leaves it as ingest, refresh and the columnstore policy do:
 * flows complete, nothing dirty, chunks older than 90 days converted. Rows are made inside the server by a hash of
 * their number, hence the same on every run, and come in the order of their days as syncs bring them.
 */
export async function loadPopulation(db: BenchDatabase, rows: number): Promise<Population> {
  let sizes: Population['sizes'] | undefined
  const loadMs = await time(async () => {
    await makeUsers(db.sql, rows)
    await makePrices(db.sql)
    await makeTransactions(db)
    const finish = db.connection()
    await finish`SET work_mem = '256MB'`
    await finish`SET maintenance_work_mem = '1GB'`
    await finish`ALTER TABLE transaction_ref ADD CONSTRAINT transaction_ref_user_id_id_pk PRIMARY KEY (user_id, id)`
    sizes = db.engine === 'timescale' ? await settleTimescale(db, finish) : await settlePlain(db, finish)
    await finish`VACUUM (ANALYZE)`
    await finish`CHECKPOINT`
  })
  const measured = await db.sql<{ userId: string; rows: number; holdings: number }[]>`
    SELECT m.user_id AS "userId", sum(m.transactions)::int AS rows,
      count(DISTINCT (m.account_id, m.asset))::int AS holdings
    FROM monthly_flow m JOIN app_user u ON u.id = m.user_id
    WHERE u.email LIKE 'measured%' GROUP BY 1 ORDER BY 1`
  const [total] = await db.sql<{ rows: number; users: number }[]>`
    SELECT sum(transactions)::float8 AS rows, count(DISTINCT user_id)::int AS users FROM monthly_flow`
  return { db, rows: total!.rows, users: total!.users, measured: [...measured], loadMs, sizes: sizes! }
}

async function makeUsers(sql: Sql, rows: number): Promise<void> {
  const others = Math.round((rows - measuredUsers * measuredRows) / meanRowsPerUser)
  if (others < 1) throw new RangeError(`a population has at least 200,000 rows, not ${rows}`)
  await sql`
    INSERT INTO app_user (email)
    SELECT CASE WHEN n <= ${measuredUsers} THEN 'measured' ELSE 'user' END || n || '@example.org'
    FROM generate_series(1, ${measuredUsers + others}::int) AS n ORDER BY n`
  await sql`INSERT INTO source_type (id, title) VALUES ('file', 'Statement files')`
  await sql`INSERT INTO user_source (user_id, source_type_id, name) SELECT id, 'file', 'files' FROM app_user ORDER BY id`
  const [account, kind, asset, share] = [0, 1, 2, 3].map((at) => holdings.map((each) => each[at]!))
  await sql`CREATE SCHEMA bench`
  await sql`
    CREATE TABLE bench.holding AS
    SELECT * FROM unnest(
      ${account as number[]}::int[], ${kind as string[]}::text[], ${asset as string[]}::text[], ${share as number[]}::float8[]
    ) AS h (account, kind, asset, share)`
  await sql`
    INSERT INTO account (user_id, source_id, external_id, kind, name)
    SELECT s.user_id, s.id, 'account ' || h.account, h.kind, initcap(h.kind) || ' ' || h.account
    FROM user_source s JOIN app_user u ON u.id = s.user_id
    CROSS JOIN (SELECT DISTINCT account, kind FROM bench.holding) AS h
    WHERE h.account <= CASE WHEN u.email LIKE 'measured%' THEN 12 ELSE 10 END
    ORDER BY s.user_id, h.account`
  // Activity by Zipf's law over the users' ranks, shifted so that no single user is most of a small population.
  await sql`
    CREATE TABLE bench.rate AS
    WITH activity AS (
      SELECT id AS user_id, CASE
        WHEN email LIKE 'measured%' THEN ${measuredRows}::float8
        ELSE ${rows - measuredUsers * measuredRows}::float8 * weight / sum(weight) OVER (PARTITION BY email LIKE 'measured%')
      END AS rows
      FROM (SELECT id, email, power(row_number() OVER (ORDER BY id) + 2, -0.8) AS weight FROM app_user) AS w
    )
    SELECT a.user_id, a.id AS account_id, h.kind, h.asset, row_number() OVER (ORDER BY a.id, h.asset) AS no,
      v.rows / ${months}::float8 * h.share / sum(h.share) OVER (PARTITION BY a.user_id) AS monthly
    FROM account a
    JOIN bench.holding h ON 'account ' || h.account = a.external_id
    JOIN activity v ON v.user_id = a.user_id`
}

async function makePrices(sql: Sql): Promise<void> {
  const [asset, currency, level] = [0, 1, 2].map((at) => quotes.map((each) => each[at]!))
  await sql`
    INSERT INTO price (asset, currency, day, price, provider)
    SELECT q.asset, q.currency, ${firstMonth}::date + n,
      round((q.level * (1 + 0.2 * sin(n / 97.0 + q.no) + (hashint8(n * 64 + q.no) & 1023) / 50000.0))::numeric, 6), 'bench'
    FROM unnest(${asset as string[]}::text[], ${currency as string[]}::text[], ${level as number[]}::float8[])
      WITH ORDINALITY AS q (asset, currency, level, no)
    CROSS JOIN generate_series(0, ${lastDay}::date - ${firstMonth}::date) AS n
    ORDER BY 1, 2, 3`
  await sql`INSERT INTO price_pair (asset, currency) SELECT DISTINCT asset, currency FROM price`
}

/** Month by month, on two connections. */
async function makeTransactions(db: BenchDatabase): Promise<void> {
  const { sql } = db
  await sql`
    SELECT ensure_transaction_partitions(ARRAY(
      SELECT d::date FROM generate_series(${firstMonth}::timestamp, ${lastDay}::timestamp, '1 month') AS d
    ))`
  if (db.engine === 'plain') await sql`ALTER TABLE transaction DISABLE TRIGGER USER`
  await sql`ALTER TABLE transaction_ref DROP CONSTRAINT transaction_ref_user_id_id_pk`
  let next = 0
  const work = async () => {
    const connection = db.connection()
    await connection`SET work_mem = '256MB'`
    while (next < months) await makeMonth(connection, next++)
  }
  await Promise.all([work(), work()])
}

async function makeMonth(sql: Sql, month: number): Promise<void> {
  await sql`
    WITH made AS (
      SELECT r.user_id, r.account_id, md5(r.no || ' ' || ${month}::int || ' ' || n)::uuid AS id,
        d.first + ((h >> 26 & 255) * d.days >> 8)::int AS booked_on,
        r.kind, r.asset, h,
        ${merchants}::text[] AS merchant, ${cities}::text[] AS city, (h >> 40 & 4095) * ${merchants.length}::int >> 12 AS m
      FROM bench.rate r
      CROSS JOIN LATERAL (
        SELECT x.first, (x.first + INTERVAL '1 month')::date - x.first AS days
        FROM (SELECT (${firstMonth}::date + make_interval(months => ${month}::int))::date AS first) AS x
      ) AS d
      CROSS JOIN LATERAL generate_series(
        1, floor(r.monthly + (hashint8extended(r.no, ${month}::int) & 65535) / 65536.0)::int
      ) AS n
      CROSS JOIN LATERAL (
        SELECT hashint8extended(r.no << 24 | n, ${month}::int) & 9223372036854775807 AS h
      ) AS hash
    ), new_row AS (
      INSERT INTO transaction (
        user_id, account_id, id, booked_on, occurred_at, amount, asset, kind, status, description, counterparty,
        group_id, recorded_at
      )
      SELECT user_id, account_id, id, booked_on,
        CASE WHEN kind IN ('card', 'crypto', 'wallet') THEN booked_on + make_interval(secs => h % 86400) END,
        CASE asset
          WHEN 'BTC' THEN ((h >> 8 & 65535) - 20000) * 0.00000137
          WHEN 'ETH' THEN ((h >> 8 & 65535) - 20000) * 0.0000191
          WHEN 'JPY' THEN (h >> 8 & 65535) - 20000
          WHEN 'VWCE' THEN (h >> 8 & 63) - 20
          WHEN 'AAPL' THEN (h >> 8 & 63) - 20
          ELSE CASE WHEN kind IN ('card', 'loan') THEN -(h >> 8 & 16383) ELSE (h >> 8 & 32767) - 8000 END * 0.01
        END,
        asset,
        CASE
          WHEN kind = 'card' THEN 'card'
          WHEN kind IN ('brokerage', 'crypto') THEN 'trade'
          WHEN h & 63 = 0 THEN 'fee'
          WHEN h & 7 = 1 THEN 'transfer'
          ELSE 'withdrawal'
        END,
        'posted',
        CASE
          WHEN kind IN ('brokerage', 'crypto') THEN 'Trade ' || asset
          WHEN kind = 'card' THEN upper(merchant[m + 1]) || ' ' || (h >> 50 & 127) || ' ' || city[(h >> 57 & 7) + 1]
          WHEN h & 3 = 0 THEN 'Rechnung ' || (h >> 34 & 1048575)
          ELSE 'SEPA ' || merchant[m + 1] || ' Kd-Nr ' || (h >> 50 & 1023)
        END,
        CASE WHEN kind NOT IN ('card', 'brokerage', 'crypto') THEN merchant[m + 1] END,
        CASE WHEN kind IN ('brokerage', 'crypto') THEN md5('group ' || id)::uuid END,
        booked_on + INTERVAL '1 day 4 hours' + make_interval(secs => user_id * 7 % 7200)
      FROM made WHERE booked_on <= ${lastDay}
      ORDER BY booked_on, user_id, account_id
    )
    INSERT INTO transaction_ref (user_id, id, booked_on, digest)
    SELECT user_id, id, booked_on, md5(h::text)::uuid FROM made WHERE booked_on <= ${lastDay}
    ORDER BY booked_on, user_id, account_id`
}

/** The aggregates by the maintenance pass, then what is older than 90 days into the columnstore. */
async function settleTimescale(db: BenchDatabase, sql: Sql): Promise<Population['sizes']> {
  await sql`SELECT mark_rollup_dirty(min(id), ${firstMonth}) FROM app_user`
  const pass = await refreshRollups(sql, db.engine)
  if (pass.cleared !== 1) throw new Error('the aggregates were not refreshed')
  const chunks = await sql<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks
    WHERE hypertable_name = 'transaction' AND range_end::date <= ${lastDay}::date - 90 ORDER BY range_end`
  const names = chunks.map(({ chunk }) => chunk)
  await sql`VACUUM (ANALYZE) transaction`
  const rows = await sizeOf(db, names)
  const waiting = [...names]
  const convert = async () => {
    const connection = db.connection()
    await connection`SET work_mem = '256MB'`
    for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) {
      await connection.unsafe(`CALL convert_to_columnstore('${chunk}')`)
    }
  }
  await Promise.all([convert(), convert()])
  return { rows, columnstore: await sizeOf(db, names) }
}

/** The triggers were off during the load; what they would have kept is made at once. */
async function settlePlain(db: BenchDatabase, sql: Sql): Promise<Population['sizes']> {
  await sql`
    INSERT INTO daily_flow (user_id, account_id, asset, day, amount, transactions)
    SELECT user_id, account_id, asset, booked_on, sum(amount), count(*) FROM transaction
    WHERE status = 'posted' GROUP BY 1, 2, 3, 4 ORDER BY 4, 1, 2, 3`
  await sql`
    INSERT INTO monthly_flow (user_id, account_id, asset, month, amount, transactions)
    SELECT user_id, account_id, asset, month_start(day), sum(amount), sum(transactions) FROM daily_flow
    GROUP BY 1, 2, 3, 4 ORDER BY 4, 1, 2, 3`
  await sql`ALTER TABLE transaction ENABLE TRIGGER USER`
  const partitions = await sql<{ name: string }[]>`
    SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'transaction'::regclass`
  return {
    rows: await sizeOf(
      db,
      partitions.map(({ name }) => name),
    ),
  }
}
