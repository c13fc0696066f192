import { providers } from '../src/connectors/registry.ts'
import { type Claim, claimSources } from '../src/db/claims.ts'
import type { Sql } from '../src/db/client.ts'
import { type AreaReport, count, milliseconds } from './report.ts'
import { crowdConnectors } from './scheduler-sources.ts'
import type { BenchDatabase } from './server.ts'
import { median, quantile, time } from './timing.ts'

const leaseSeconds = 60
/** A worker asks for all connectors that it knows, whether or not something of them is due. */
const connectors = [...crowdConnectors.map(([id]) => id), ...Object.keys(providers)]

/** Batches of due sources, claimed by two workers at once, in several states of the table. */
export async function benchClaims(db: BenchDatabase, sources: number, now: Date): Promise<AreaReport> {
  const { sql } = db
  const workers = [db.connection(), db.connection()]
  // Statistics and dead rows are what is compared here, so nothing may tidy up in between.
  await sql`ALTER TABLE user_source SET (autovacuum_enabled = false)`
  const rows: string[][] = []
  const measure = async (state: string) => {
    const sizes = await sizesOf(sql)
    for (const [index, batch] of [16, 100].entries()) {
      const first = index === 0
      const { claims, trips, claimed } = await claimBatches(workers, batch, now)
      rows.push([
        first ? state : '',
        String(batch),
        count(claims.length),
        milliseconds(median(claims)),
        milliseconds(quantile(claims, 0.99)),
        milliseconds(median(trips)),
        milliseconds(quantile(trips, 0.99)),
        first ? mebibytes(sizes.index) : '',
        first ? mebibytes(sizes.table) : '',
        first ? mebibytes(sizes.total) : '',
      ])
      // As before, for the next measurement.
      await putOff(sql, claimed, new Date(now.getTime() - 60_000))
    }
  }

  await measure('1% due')
  // As syncs do it: the time of one source after the other, in no order.
  await sql`
    UPDATE user_source SET next_sync_at = next_sync_at + INTERVAL '1 minute', last_sync_time = ${now.toISOString()}
    WHERE id IN (SELECT id FROM user_source WHERE next_sync_at > ${now.toISOString()} ORDER BY hashint8(id) LIMIT 100000)`
  await measure('after 100,000 syncs')
  await sql`VACUUM user_source`
  await measure('and VACUUM')
  // A provider that was away comes back. The oldest are spread over the hours of its absence.
  await sql`
    UPDATE user_source SET next_sync_at = ${now.toISOString()}::timestamptz - mod(id, 14400) * INTERVAL '1 second'
    WHERE id IN (
      SELECT id FROM user_source WHERE status = 'active' AND next_sync_at > ${now.toISOString()}
      ORDER BY hashint8(id + 1) LIMIT 200000
    )`
  await measure('200,000 overdue')
  await sql`VACUUM ANALYZE user_source`
  await measure('and VACUUM ANALYZE')
  return {
    title: `Claims among ${count(sources)} sources`,
    about: [
      `data      ${count(sources)} sources of ${crowdConnectors.length} connectors and ${count(sources / 3)} users; 94% active, 2% with history left to read`,
      'measured  claim_sources by two workers at once, each on its own connection, asking as one with so',
      '          many places does; the sources are put off by a day after each batch, untimed; no vacuum but where named',
      '          update: of one row, in turns with the claims: what any write takes on this machine meanwhile',
    ],
    head: [
      'state',
      'batch',
      'batches',
      'claim, median',
      'p99',
      'update, median',
      'p99',
      'index of due',
      'table',
      'with all indexes',
    ],
    rows,
  }
}

/** Each worker claims batch after batch. */
async function claimBatches(workers: Sql[], batch: number, now: Date) {
  const claims: number[] = []
  const trips: number[] = []
  const claimed: Claim[] = []
  // As a worker does that has so many places, of which no connector gets more than half.
  const wanted = connectors.map((connector) => ({
    connector,
    most: batch / 2,
    mostBackfill: batch / 4,
    cap: 1_000,
  }))
  await Promise.all(
    workers.map(async (sql, index) => {
      for (let turn = 0; turn < (batch > 16 ? 45 : 250); turn++) {
        let batchClaims: Claim[] = []
        const taken = await time(async () => {
          batchClaims = await claimSources(sql, wanted, batch, now, leaseSeconds)
        })
        if (batchClaims.length < batch)
          throw new Error(`a claim of ${batch} found ${batchClaims.length} sources`)
        const trip = await time(
          () => sql`UPDATE source_type SET title = title WHERE id = ${crowdConnectors[index]![0]}`,
        )
        claimed.push(...batchClaims)
        // The first ones fill caches and prepare statements.
        if (turn >= 5) {
          claims.push(taken)
          trips.push(trip)
        }
        await putOff(sql, batchClaims, new Date(now.getTime() + 86_400_000))
      }
    }),
  )
  return { claims, trips, claimed }
}

/** Ends the leases: the heads, and what is left of backfills, go on at `at`. */
async function putOff(sql: Sql, claims: Claim[], at: Date): Promise<void> {
  const ids = (isBackfill: boolean) =>
    claims.filter(({ lane }) => (lane === 2) === isBackfill).map(({ sourceId }) => sourceId)
  await sql`
    UPDATE user_source SET lease_token = NULL, lease_until = NULL, running_lane = NULL, lane = 1,
      next_sync_at = CASE WHEN id = ANY (${ids(false)}::bigint[]) THEN ${at.toISOString()} ELSE next_sync_at END,
      backfill_at = CASE WHEN id = ANY (${ids(true)}::bigint[]) THEN ${at.toISOString()} ELSE backfill_at END
    WHERE id = ANY (${claims.map(({ sourceId }) => sourceId)}::bigint[])`
}

async function sizesOf(sql: Sql): Promise<{ index: number; table: number; total: number }> {
  const [sizes] = await sql<{ index: number; table: number; total: number }[]>`
    SELECT pg_relation_size('user_source_due')::float8 AS index, pg_table_size('user_source')::float8 AS "table",
      pg_total_relation_size('user_source')::float8 AS total`
  return sizes!
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}
