import { fileSource } from '../../src/db/file-source.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { addUser, type User } from '../../src/db/users.ts'
import type { Delete, Page, ReportedBalance, Upsert } from '../../src/page.ts'
import type { TestDatabase } from './database.ts'

export const now = new Date('2024-06-15T12:00:00Z')

let people = 0

/** A new user with a source to ingest into. */
export async function newPerson(
  db: TestDatabase,
  baseCurrency = 'EUR',
): Promise<{ user: User; sourceId: string }> {
  const user = await addUser(db, { email: `person${people++}@example.org`, timeZone: 'UTC', baseCurrency })
  return { user, sourceId: await fileSource(db.sql, user.id) }
}

/** A posted row of the account `A` in EUR, unless told otherwise. */
export function row(id: string, bookedOn: string, amount: string, rest: Partial<Upsert> = {}): Upsert {
  return {
    type: 'upsert',
    account: 'A',
    id,
    bookedOn,
    amount,
    asset: 'EUR',
    kind: 'card',
    status: 'posted',
    ...rest,
  }
}

export function pageOf(changes: (Upsert | Delete)[], balances: ReportedBalance[] = []): Page {
  const named = new Set([...changes, ...balances].map(({ account }) => account))
  return { accounts: [...named].map((externalId) => ({ externalId })), changes, balances }
}

export async function ingest(
  db: TestDatabase,
  sourceId: string,
  changes: (Upsert | Delete)[],
  balances: ReportedBalance[] = [],
): ReturnType<typeof ingestPage> {
  return ingestPage(db.sql, sourceId, pageOf(changes, balances), now)
}

/** A user's rows in the order of their days, without what the server adds. */
export async function storedRows(
  db: TestDatabase,
  userId: string,
): Promise<{ day: string; amount: string; kind: string; status: string }[]> {
  const rows = await db.sql<{ day: string; amount: string; kind: string; status: string }[]>`
    SELECT booked_on AS day, trim_scale(amount) AS amount, kind, status FROM transaction
    WHERE user_id = ${userId} ORDER BY booked_on, amount, kind`
  return rows.map((each) => ({ ...each }))
}
