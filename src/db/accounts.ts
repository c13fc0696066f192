import { ownSourceTypes } from '../own-source-types.ts'
import type { AccountKind } from '../page.ts'
import { instantOf, retryOnContention, type Sql } from './client.ts'
import { type Completion, finishing } from './idempotency.ts'
import { ingestByHand, manualType } from './manual-source.ts'

export interface Account {
  id: string
  name: string
  kind: AccountKind
  sourceId: string
  /** The type of its source. */
  connector: string
  /** The provider's identity of it, unique within its source. */
  externalId: string
  /** Kept by hand: no source fills it. */
  manual: boolean
  /** Syncs fill it: its source is a connection that has not been removed. */
  synced: boolean
  createdAt: Date
}

/** Whether the caller may see an account of that id. */
export async function hasAccount(sql: Sql, callerId: string, accountId: string): Promise<boolean> {
  const found = await sql`SELECT 1 FROM visible_account(${callerId}) WHERE account_id = ${accountId}`
  return found.length > 0
}

/** The accounts that the caller may see, by name, or the one of that id. */
export async function listAccounts(sql: Sql, callerId: string, accountId?: string): Promise<Account[]> {
  const rows = await sql`
    SELECT a.id, a.name, a.kind, a.source_id, s.source_type_id, s.status <> 'removed' AS connected, a.external_id,
      a.created_at
    FROM visible_account(${callerId}) v
    JOIN account a ON a.id = v.account_id
    JOIN user_source s ON s.id = a.source_id
    WHERE ${accountId ?? null}::bigint IS NULL OR a.id = ${accountId ?? null}
    ORDER BY a.name, a.id`
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    kind: row.kind,
    sourceId: row.source_id,
    connector: row.source_type_id,
    externalId: row.external_id,
    manual: row.source_type_id === manualType,
    synced: row.connected && !ownSourceTypes.includes(row.source_type_id),
    createdAt: instantOf(row.created_at),
  }))
}

/** An id for an account that is to be made, so that it can be told before. */
export async function nextAccountId(sql: Sql): Promise<string> {
  const [next] = await sql<{ id: string }[]>`SELECT nextval(pg_get_serial_sequence('account', 'id')) AS id`
  return next!.id
}

/** What the provider's identity is of an account that has no provider. As in add_manual_account. */
export function manualExternalId(accountId: string): string {
  return `manual ${accountId}`
}

/** Makes a manual account. False where another one of the user has the name; then nothing is done. */
export async function addManualAccount(
  sql: Sql,
  userId: string,
  { id, sourceId, kind, name }: Pick<Account, 'id' | 'sourceId' | 'kind' | 'name'>,
  completion: Completion | undefined,
  now: Date,
): Promise<boolean> {
  const [row] = await sql<{ added: boolean }[]>`
    SELECT CASE
      WHEN add_manual_account(${userId}, ${sourceId}, ${id}, ${kind}, ${name}, ${now.toISOString()})
      THEN ${finishing(sql, completion)}
      ELSE false
    END AS added`
  return row!.added
}

/** Gives an account another name or kind. `taken`: it is a manual one, and another one of these has the name. */
export async function updateAccount(
  sql: Sql,
  userId: string,
  accountId: string,
  { kind, name }: { kind?: AccountKind | undefined; name?: string | undefined },
): Promise<'updated' | 'missing' | 'taken'> {
  const [row] = await sql<{ outcome: 'updated' | 'missing' | 'taken' }[]>`
    SELECT update_account(${userId}, ${accountId}, ${kind ?? null}, ${name ?? null}) AS outcome`
  return row!.outcome
}

/** Takes an account away with everything that is known of it. False where the user has none of that id. */
export async function removeAccount(sql: Sql, userId: string, accountId: string): Promise<boolean> {
  const [row] = await retryOnContention(
    () => sql<{ removed: string }[]>`
      SELECT remove_accounts(${userId}, ARRAY[${accountId}::bigint]) AS removed`,
  )
  return row!.removed !== '0'
}

/** Sets what an account holds at the end of a day, by a revaluation. False where the account is gone by now. */
export function setBalance(
  sql: Sql,
  userId: string,
  account: Pick<Account, 'id' | 'sourceId' | 'externalId'>,
  { day, asset, amount }: { day: string; asset: string; amount: string },
  now: Date,
): Promise<boolean> {
  const page = {
    accounts: [{ externalId: account.externalId }],
    changes: [],
    balances: [{ account: account.externalId, day, asset, amount, edge: 'set' as const }],
  }
  return ingestByHand(sql, { userId, account, page }, now)
}

/** Takes back a balance that was set. False where there is none. */
export async function unsetBalance(
  sql: Sql,
  userId: string,
  accountId: string,
  { day, asset }: { day: string; asset: string },
  now: Date,
): Promise<boolean> {
  const [row] = await retryOnContention(
    () => sql<{ unset: boolean }[]>`
      SELECT unset_balance(${userId}, ${accountId}, ${asset}, ${day}, ${now.toISOString()}) AS unset`,
  )
  return row!.unset
}
