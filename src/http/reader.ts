import { createBatch } from '../db/batch.ts'
import { readVersions } from '../db/callers.ts'
import type { Sql } from '../db/client.ts'
import type { UserCaller } from './caller.ts'
import type { HttpParts } from './parts.ts'

/**
 * Where to read for a caller: from the replica, if it holds everything that the caller's version names, else from
 * the primary. A user reads their own writes, and everything that was ingested before they asked, whoever wrote it and
 * through whichever process.
 */
export function createReader({
  db,
  replica,
}: Pick<HttpParts, 'db' | 'replica'>): (caller: UserCaller) => Promise<Sql> {
  if (replica === undefined) return async () => db.sql
  const versions = createBatch<string, string>((userIds) => readVersions(replica, userIds))
  return async ({ userId, version }) => {
    // A replica that is away is no reason to fail.
    const there = await versions(userId).catch(() => undefined)
    return there === version ? replica : db.sql
  }
}
