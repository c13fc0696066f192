import { randomBytes, randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { addApiKey, listApiKeys, mostApiKeys, type NewApiKey, nextApiKeyId } from '../../src/db/api-keys.ts'
import { connect, type Sql } from '../../src/db/client.ts'
import { changePassword } from '../../src/db/passwords.ts'
import { openSession } from '../../src/db/sessions.ts'
import { giveBackTries, takeTries } from '../../src/db/try-counts.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson, now } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

/**
 * Does `first` in a transaction that stays open until `second`, on another connection, waits for it; gives what both
 * came to.
 */
async function overlapping<First, Second>(
  first: (sql: Sql) => Promise<First>,
  second: (sql: Sql) => Promise<Second>,
): Promise<[First, Second]> {
  const holding = connect(db.url, { max: 1 })
  const waiting = connect(db.url, { max: 1 })
  try {
    const [{ pid }] = (await waiting`SELECT pg_backend_pid() AS pid`) as unknown as [{ pid: number }]
    await holding`BEGIN`
    const done = await first(holding)
    let ended = false
    const other = second(waiting).finally(() => {
      ended = true
    })
    // One that does not wait is not kept waiting for.
    while (!ended) {
      const [blocked] = await db.sql`SELECT cardinality(pg_blocking_pids(${pid})) > 0 AS yes`
      if (blocked!.yes) break
    }
    await holding`COMMIT`
    return [done, await other]
  } finally {
    await holding.end()
    await waiting.end()
  }
}

describe('a log-in and a change of its password at the same time', () => {
  async function userWith(passwordHash: string): Promise<string> {
    const { user } = await newPerson(db)
    await db.sql`UPDATE app_user SET password_hash = ${passwordHash} WHERE id = ${user.id}`
    return user.id
  }
  const logIn = (userId: string, passwordHash: string) => (sql: Sql) =>
    openSession(
      sql,
      {
        id: randomUUID(),
        userId,
        tokenHash: randomBytes(32),
        createdAt: now,
        expiresAt: new Date(now.getTime() + 86_400_000),
      },
      { passwordHash, codeStep: undefined },
    )
  const change = (userId: string, before: string, after: string) => (sql: Sql) =>
    changePassword(sql, { userId, before, after }, now)
  const live = async (userId: string) =>
    (await db.sql`SELECT 1 FROM session WHERE user_id = ${userId} AND revoked_at IS NULL`).length

  test('that changes first lets nobody in with the former one', async () => {
    const userId = await userWith('former')
    expect(await overlapping(change(userId, 'former', 'new'), logIn(userId, 'former'))).toEqual([true, false])
    expect(await live(userId)).toBe(0)
    expect(await logIn(userId, 'new')(db.sql)).toBe(true)
  })

  test('that logs in first is ended by the change', async () => {
    const userId = await userWith('former')
    expect(await overlapping(logIn(userId, 'former'), change(userId, 'former', 'new'))).toEqual([true, true])
    expect(await live(userId)).toBe(0)
  })

  test('that changes twice changes once', async () => {
    const userId = await userWith('former')
    const both = await overlapping(change(userId, 'former', 'one'), change(userId, 'former', 'two'))
    expect(both).toEqual([true, false])
  })

  test('that turns a second factor on first lets nobody in without a code', async () => {
    const userId = await userWith('hash')
    const confirm = (sql: Sql) => sql`UPDATE app_user SET totp_confirmed_at = now() WHERE id = ${userId}`
    const [, opened] = await overlapping(confirm, logIn(userId, 'hash'))
    expect(opened).toBe(false)
  })
})

test('of two API keys for one place, added at the same time, one is added', async () => {
  const { user } = await newPerson(db)
  const key = async (): Promise<NewApiKey> => ({
    id: await nextApiKeyId(db.sql),
    userId: user.id,
    name: 'key',
    scopes: ['read'],
    hint: 'tmk_xxxx',
    hash: randomBytes(32),
    createdAt: now,
    expiresAt: null,
  })
  for (let count = 1; count < mostApiKeys; count++) expect(await addApiKey(db.sql, await key())).toBe(true)
  const [one, two] = [await key(), await key()]
  const both = await overlapping(
    (sql) => addApiKey(sql, one),
    (sql) => addApiKey(sql, two),
  )
  expect(both).toEqual([true, false])
  expect(await listApiKeys(db.sql, user.id, now)).toHaveLength(mostApiKeys)
})

describe('tries', () => {
  const subject = () => randomBytes(32).toString('hex')
  const bound = (of: string, most: number) => ({ subject: of, most, seconds: 900 })
  const countOf = async (of: string) =>
    (await db.sql`SELECT count FROM try_count WHERE subject = decode(${of}, 'hex')`)[0]?.count

  test('that are taken and given back at the same time are all counted', async () => {
    const [account, address] = [subject(), subject()]
    const bounds = [bound(account, 1000), bound(address, 1000)]
    // In one order and in the other.
    const others = [bounds[1]!, bounds[0]!]
    await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        expect(await takeTries(db.sql, n % 2 === 0 ? bounds : others, now)).toBeNull()
        if (n % 3 === 0) return
        await giveBackTries(db.sql, { one: n % 2 === 0 ? [account, address] : [address, account], all: [] })
      }),
    )
    expect([await countOf(account), await countOf(address)]).toEqual([100, 100])
  })

  test('are counted for every bound or for none', async () => {
    const [full, free] = [subject(), subject()]
    expect(await takeTries(db.sql, [bound(full, 1)], now)).toBeNull()
    const until = await takeTries(db.sql, [bound(free, 5), bound(full, 1)], now)
    expect(until).toEqual(new Date(now.getTime() + 900_000))
    expect([await countOf(full), await countOf(free)]).toEqual([1, 0])
    // What was refused does not put off the end.
    const later = new Date(now.getTime() + 600_000)
    expect(await takeTries(db.sql, [bound(full, 1)], later)).toEqual(until)
    expect(await takeTries(db.sql, [bound(full, 1)], new Date(now.getTime() + 900_000))).toBeNull()
  })

  test('are never given back below none, and all of them at once', async () => {
    const [one, all, absent] = [subject(), subject(), subject()]
    for (let time = 0; time < 3; time++) await takeTries(db.sql, [bound(all, 9)], now)
    await takeTries(db.sql, [bound(one, 9)], now)
    for (let time = 0; time < 2; time++) await giveBackTries(db.sql, { one: [one, absent], all: [all] })
    expect([await countOf(one), await countOf(all), await countOf(absent)]).toEqual([0, 0, undefined])
  })
})
