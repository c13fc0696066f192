import type { Sql } from '../src/db/client.ts'
import { credentialsIdentity } from '../src/db/credentials.ts'
import { createKeyring, type Keyring } from '../src/keyring.ts'

/** The connectors of the million, which nothing claims but the benchmark itself: id, share in percent. */
export const crowdConnectors = [
  ['crowd-bank', 60],
  ['crowd-bridge', 20],
  ['crowd-exchange', 20],
] as const

export const benchKeyring = (): Keyring =>
  createKeyring({ key: Buffer.alloc(32, 7).toString('base64'), oldKeys: [] })

/**
 * Sources as an installation has them a while after midday: each synced within the last day and due within the next
 * one, one percent due right now, six percent waiting for their owner, paused or removed, a few asked for by somebody
 * who waits, some with history left to read. Made in one statement, in no order of their due times.
 */
export async function makeCrowd(sql: Sql, sources: number, now: Date): Promise<void> {
  const sealed = benchKeyring().seal(
    { accessToken: `access-production-${'0'.repeat(36)}` },
    credentialsIdentity('0'),
  )
  await makeTypes(sql, [...crowdConnectors.map(([id]) => id)])
  await makeUsers(sql, Math.ceil(sources / 3))
  const [bank, bridge] = crowdConnectors
  await sql`
    INSERT INTO user_source (
      user_id, source_type_id, name, external_id, credentials, config, status, cursor, last_sync_time, next_sync_at,
      lane, backfill_from, backfill_to, backfill_at
    )
    SELECT u.first + (n - 1) / 3, t.id, 'connection ' || n,
      CASE WHEN t.id = ${bank[0]} THEN md5('external ' || n) END, ${sealed}, '{"institution": "ins_109508"}',
      CASE WHEN h.state < 94 THEN 'active' WHEN h.state < 97 THEN 'reauth' WHEN h.state < 98 THEN 'paused'
        WHEN h.state < 99 THEN 'revoked' ELSE 'removed' END,
      jsonb_build_object('cursor', md5('cursor ' || n) || md5('more ' || n)),
      d.due - INTERVAL '1 day', d.due,
      CASE WHEN h.place < 0.0005 THEN 0 ELSE 1 END,
      CASE WHEN h.history < 2 THEN date '2024-01-01' END, CASE WHEN h.history < 2 THEN date '2025-06-01' END,
      CASE WHEN h.history < 2 THEN ${now.toISOString()}::timestamptz END
    FROM generate_series(1, ${sources}) AS n
    CROSS JOIN (SELECT min(id) AS first FROM app_user WHERE email LIKE 'crowd%') AS u
    CROSS JOIN LATERAL (
      SELECT mod(hashint8(n)::bigint + 2147483648, 100) AS type, mod(hashint8(n + 5000000)::bigint + 2147483648, 100) AS state,
        mod(hashint8(n + 10000000)::bigint + 2147483648, 1000000) / 1e6 AS place,
        mod(hashint8(n + 20000000)::bigint + 2147483648, 100) AS history
    ) AS h
    CROSS JOIN LATERAL (
      SELECT CASE WHEN h.type < ${bank[1]} THEN ${bank[0]} WHEN h.type < ${bank[1] + bridge[1]} THEN ${bridge[0]}
        ELSE ${crowdConnectors[2][0]} END AS id
    ) AS t
    CROSS JOIN LATERAL (
      SELECT ${now.toISOString()}::timestamptz + (h.place - 0.01) * INTERVAL '1 day' AS due
    ) AS d`
  await sql`VACUUM (ANALYZE) user_source`
}

/** Sources of the benchmark's own connectors, with credentials that open; all due. */
export async function makeBenchSources(
  sql: Sql,
  {
    sources,
    users,
    connectors,
    baseUrl,
  }: { sources: number; users: number; connectors: string[]; baseUrl: string },
): Promise<void> {
  await makeTypes(sql, connectors)
  const firstUser = await makeUsers(sql, users)
  const made = await sql<{ id: string }[]>`
    INSERT INTO user_source (user_id, source_type_id, name, config)
    SELECT ${firstUser}::bigint + mod(n, ${users}), (${connectors}::text[])[1 + mod(n, ${connectors.length})],
      'connection ' || n, ${JSON.stringify({ baseUrl })}::text::jsonb
    FROM generate_series(1, ${sources}) AS n
    RETURNING id`
  const keyring = benchKeyring()
  for (let at = 0; at < made.length; at += 5_000) {
    const ids = made.slice(at, at + 5_000).map(({ id }) => id)
    const sealed = ids.map((id) =>
      Buffer.from(keyring.seal({ token: `token-${id}` }, credentialsIdentity(id))).toString('hex'),
    )
    await sql`
      UPDATE user_source s SET credentials = decode(t.sealed, 'hex'), next_sync_at = now() - INTERVAL '1 minute'
      FROM unnest(${ids}::bigint[], ${sealed}::text[]) AS t (id, sealed) WHERE s.id = t.id`
  }
  await sql`VACUUM (ANALYZE) user_source`
}

export async function makeTypes(sql: Sql, ids: string[]): Promise<void> {
  await sql`
    INSERT INTO source_type (id, title) SELECT id, id FROM unnest(${ids}::text[]) AS t (id) ON CONFLICT DO NOTHING`
}

/** Returns the id of the first; the others follow it. */
async function makeUsers(sql: Sql, users: number): Promise<string> {
  const [made] = await sql<{ first: string }[]>`
    WITH made AS (
      INSERT INTO app_user (email, last_seen_at)
      SELECT 'crowd' || n || '-' || gen_random_uuid() || '@example.org', now() FROM generate_series(1, ${users}) AS n
      RETURNING id
    )
    SELECT min(id) AS first FROM made`
  return made!.first
}
