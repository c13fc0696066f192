import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { annotateTransaction } from '../../src/db/annotations.ts'
import { digestTable, textSettings } from '../../src/db/backup/digest.ts'
import { readTables } from '../../src/db/backup/tables.ts'
import { connect, type Sql } from '../../src/db/client.ts'
import { writeCredentials } from '../../src/db/credentials.ts'
import { type Database, prepareDatabase } from '../../src/db/database.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { putPrices } from '../../src/db/prices.ts'
import { createKeyring } from '../../src/keyring.ts'
import type { ReportedBalance, Upsert } from '../../src/page.ts'
import { apiKey } from './api-key.ts'
import { startArchive } from './archive.ts'
import { compressEverything } from './columnstore.ts'
import type { TestDatabase } from './database.ts'
import { ingest, newPerson, now, row } from './people.ts'

export const key = randomBytes(32).toString('base64')

/** What COPY has to escape. */
const texts = ['\\N', 'a\tb', 'two\nlines\r\n', 'back\\slash \\. \\t', '"quoted" \'so\'', 'naïve 東京 🏦', '']

/** The pages of one person: over twelve years, in chunks and out of them, pending and in two assets. */
export function pagesOf(seed: number): { changes: Upsert[]; balances: ReportedBalance[] }[] {
  const page = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => {
      const n = from + at
      const day = new Date(Date.UTC(2012, 0, 1 + ((n * 37 + seed) % 4540))).toISOString().slice(0, 10)
      return row(
        `t${n}`,
        day,
        `${n % 2 ? '-' : ''}${(n * 7919) % 1000}.${String(n % 100).padStart(2, '0')}0`,
        {
          account: n % 5 === 0 ? 'B' : 'A',
          asset: n % 11 === 0 ? 'USD' : 'EUR',
          status: n % 23 === 0 ? 'pending' : 'posted',
          ...(texts[n % 9] !== undefined && { description: texts[n % 9]! }),
          ...(n % 3 === 0 && { occurredAt: `${day}T10:00:00.123456Z` }),
        },
      )
    })
  const balances: ReportedBalance[] = [
    { account: 'A', asset: 'EUR', day: '2020-06-30', edge: 'close', amount: '1234.56' },
    { account: 'B', asset: 'EUR', day: '2021-03-31', edge: 'set', amount: '99000' },
  ]
  return [
    { changes: page(0, 400), balances },
    { changes: page(300, 500).map((each) => ({ ...each, amount: `${each.amount}1` })), balances: [] },
  ]
}

/** A database with rows in every table that a backup holds, some of them in columnstore chunks. */
export async function fillDatabase(db: TestDatabase): Promise<{
  userIds: string[]
  sourceIds: string[]
  /** Of the archive, which has a month of somebody else. */
  archive: string
}> {
  const { sql } = db
  const keyring = createKeyring({ key, oldKeys: [] })
  const userIds: string[] = []
  const sourceIds: string[] = []
  for (const seed of [0, 1, 2]) {
    const { user, sourceId } = await newPerson(db)
    userIds.push(user.id)
    sourceIds.push(sourceId)
    const [first, second] = pagesOf(seed)
    await ingest(db, sourceId, first!.changes, first!.balances)
    if (seed === 1) await compressEverything(db)
    // Into chunks that are compressed by now.
    await ingest(db, sourceId, second!.changes)
    await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: 't7' }])
    await writeCredentials(sql, keyring, sourceId, { token: `of ${sourceId}` })
  }
  const [first] = userIds
  const [{ id }] = (await sql`SELECT id FROM transaction WHERE user_id = ${first!} LIMIT 1`) as never as [
    { id: string },
  ]
  await annotateTransaction(sql, first!, id, { note: texts.join('|'), tags: ['a,b', 'c"d', '\\'] }, now)
  await putPrices(sql, 'test', [{ asset: 'USD', currency: 'EUR', day: '2012-01-01', price: '0.75' }])
  await apiKey(db, first!, 'read')
  const [source] = sourceIds
  await sql`
    UPDATE user_source SET lease_token = gen_random_uuid(), lease_until = '2024-06-15 12:05Z', running_lane = 1,
      cursor = '{"at": "\\\\ \\" 1e400"}', config = '{"a": [1.10, null]}' WHERE id = ${source!}`
  await sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${source!}, 'fetch', '{"mode": "backfill"}', gen_random_uuid(), 'transient', 'gone', 5, now(), now())`
  await sql`
    INSERT INTO sync_run (source_id, lease_token, started_at, subject) VALUES (${source!}, gen_random_uuid(), now(), 'incremental')`
  await sql`INSERT INTO platform_user (source_id, external_id, user_id) VALUES (${source!}, 'owner', ${first!})`
  await sql`INSERT INTO provider_quota VALUES ('vendor per 60000 ms', 1, now(), now(), 1), ('vendor per 60000 ms', 2, '-infinity', '-infinity', 0)`
  await sql`INSERT INTO provider_pause VALUES ('vendor', '2024-06-15 13:00Z', 2)`
  await sql`INSERT INTO webhook_event VALUES ('plaid', 'event', now())`
  await sql`
    INSERT INTO idempotency_key (owner, key, fingerprint, token, status, answer, created_at)
    VALUES ('user 1', 'k', '\\x00ff5c', gen_random_uuid(), 201, '\\x5c6e0a', now())`
  await sql`
    INSERT INTO session (id, user_id, created_at, expires_at)
    VALUES ('7d1a9a53-4b8e-4a36-9f4d-7d0b4a0c6f11', ${first!}, now(), now() + INTERVAL '1 day')`
  await sql`INSERT INTO refresh_token (hash, session_id) VALUES ('\\x01', '7d1a9a53-4b8e-4a36-9f4d-7d0b4a0c6f11')`
  await sql`INSERT INTO try_count VALUES ('\\x02', 3, now())`
  await sql`INSERT INTO policy (name, settings) VALUES ('runs', '{"keepDays": 60}')`
  const archived = await newPerson(db)
  await ingest(db, archived.sourceId, [row('1', '2005-01-03', '5'), row('2', '2005-01-03', '-2.50')])
  const archive = await startArchive(db)
  await archiveMonth(archive, '2005-01-01')
  await ingest(db, archived.sourceId, [row('late', '2005-01-04', '1')])
  // Ids that were given out and are gone.
  await sql`INSERT INTO app_user (email) VALUES ('gone@example.org')`
  await sql`DELETE FROM app_user WHERE email = 'gone@example.org'`
  return { userIds, sourceIds, archive: archive.folder }
}

/** Columns and tables that a restore changes on purpose. */
const settled: Record<string, string[]> = {
  user_source: ['lease_token', 'lease_until', 'running_lane'],
  policy: ['lease_token', 'lease_until'],
  user_version: ['version'],
  price_version: ['version'],
}

/** Counts and digests of all tables that a backup holds, without what a restore changes. */
export async function stateOf(url: string): Promise<Record<string, string>> {
  const sql = connect(url, { max: 1, applicationName: 'state' })
  try {
    await sql.unsafe(textSettings)
    const state: Record<string, string> = {}
    for (const { name, columns } of await readTables(sql)) {
      if (name === 'provider_pause') continue
      const kept = columns.filter((column) => !settled[name]?.includes(column))
      const { rows, digest } = await digestTable(sql, { name, columns: kept })
      state[name] = `${rows} ${digest}`
    }
    return state
  } finally {
    await sql.end()
  }
}

/** Each user's net worth, week by week. */
export async function seriesOf(sql: Sql, userIds: string[]): Promise<string[][]> {
  const all: string[][] = []
  for (const userId of userIds) {
    const { points } = await readNetWorth(sql, {
      userId,
      currency: 'EUR',
      from: '2012-01-01',
      to: '2024-06-15',
      interval: 'week',
    })
    all.push(points.map(({ date, netWorth, quality }) => `${date} ${netWorth} ${quality}`))
  }
  return all
}

/** A database without anything in it, on the server of the engine under test or another one; its URL. */
export async function emptyDatabase(serverUrl = inject('serverUrl')): Promise<string> {
  const name = `empty_${randomBytes(8).toString('hex')}`
  const administration = connect(serverUrl, { max: 1 })
  await administration.unsafe(`CREATE DATABASE ${name}`)
  await administration.end()
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** The database as Tidemark opens it, under a name that a restore does not take for a process of Tidemark. */
export async function opened<T>(url: string, use: (db: Database) => Promise<T>): Promise<T> {
  const sql = connect(url, { max: 2, applicationName: 'a test' })
  try {
    return await use(await prepareDatabase(sql, { url, rawRetentionDays: undefined, now }))
  } finally {
    await sql.end({ timeout: 2 })
  }
}

/** Resolves when a connection of that name to the same database waits for a lock. */
export async function untilWaiting(sql: Sql, application: string): Promise<void> {
  for (;;) {
    const [found] = await sql`
      SELECT 1 FROM pg_stat_activity
      WHERE application_name = ${application} AND datname = current_database() AND wait_event_type = 'Lock'`
    if (found) return
  }
}
