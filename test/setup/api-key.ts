import { randomBytes } from 'node:crypto'
import { apiKeyPrefix, hashApiKey } from '../../src/http/authenticate.ts'
import type { Scope } from '../../src/http/caller.ts'
import type { TestDatabase } from './database.ts'
import { now } from './people.ts'

/** An API key of a user, or of a service where the user is null. */
export async function apiKey(db: TestDatabase, userId: string | null, ...scopes: Scope[]): Promise<string> {
  const key = `${apiKeyPrefix}${randomBytes(32).toString('base64url')}`
  await db.sql`
    INSERT INTO api_key (user_id, name, hash, hint, scopes, created_at)
    VALUES (${userId}, 'test', ${hashApiKey(key)}, ${key.slice(0, 8)}, ${scopes}::text[], ${now.toISOString()})`
  return key
}
