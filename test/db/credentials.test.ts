import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Sql } from '../../src/db/client.ts'
import { credentialsIdentity, readCredentials, writeCredentials } from '../../src/db/credentials.ts'
import { countSealedByKey, rotateSealed } from '../../src/db/rotate-sealed.ts'
import { beginSecondFactor, openSecret, readPendingSecret } from '../../src/db/second-factor.ts'
import { NotFoundError } from '../../src/errors.ts'
import { replaceKeyFile } from '../../src/key-file.ts'
import { createKeyring, type Keyring, loadKeyring, UnknownKeyError } from '../../src/keyring.ts'
import { makeSealingKey, SealedValueError } from '../../src/sealing.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'

const key = () => randomBytes(32).toString('base64')
const [oldKey, newKey] = [key(), key()]
const old = createKeyring({ key: oldKey, oldKeys: [] })
const rotating = createKeyring({ key: newKey, oldKeys: [oldKey] })
const current = createKeyring({ key: newKey, oldKeys: [] })

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

beforeEach(async () => {
  await db.sql`UPDATE user_source SET credentials = NULL`
  await db.sql`UPDATE app_user SET totp_secret = NULL`
})

async function stored(sourceId: string): Promise<Uint8Array | null> {
  const [source] = await db.sql<{ credentials: Uint8Array | null }[]>`
    SELECT credentials FROM user_source WHERE id = ${sourceId}`
  return source!.credentials
}

/** Sources of one user, each with credentials of its own. */
async function manySources(count: number, keyring: Keyring): Promise<string[]> {
  const { user } = await newPerson(db)
  const rows = await db.sql<{ id: string }[]>`
    INSERT INTO user_source (user_id, source_type_id, name)
    SELECT ${user.id}, 'file', 'source ' || n FROM generate_series(1, ${count}) AS n RETURNING id`
  const ids = rows.map(({ id }) => id)
  const sealed = ids.map((id) =>
    Buffer.from(keyring.seal({ of: id }, credentialsIdentity(id))).toString('hex'),
  )
  await db.sql`
    UPDATE user_source SET credentials = decode(given.sealed, 'hex')
    FROM unnest(${ids}::bigint[], ${sealed}::text[]) AS given (id, sealed) WHERE user_source.id = given.id`
  return ids
}

/** Runs `act` before the statement that `isIt` tells by its text is sent. */
function before(sql: Sql, isIt: (text: string) => boolean, act: () => Promise<unknown>): Sql {
  return new Proxy(sql, {
    apply(target, _, [strings, ...values]: [TemplateStringsArray | string, ...unknown[]]) {
      const query = Reflect.apply(target, undefined, [strings, ...values])
      // A name that stands in a statement is made by the same function.
      return typeof strings === 'object' && isIt(strings.join('?')) ? act().then(() => query) : query
    },
  })
}
const isUpdate = (text: string) => /^\s*UPDATE /.test(text)

describe('writing and reading', () => {
  test('what was written is read, and stands nowhere in the database', async () => {
    const { sourceId } = await newPerson(db)
    const credentials = { accessToken: canary(), expires: { at: '2024-06-15' }, scopes: ['a', 'b'] }
    await writeCredentials(db.sql, current, sourceId, credentials)
    expect(await readCredentials(db.sql, current, sourceId)).toEqual(credentials)
    const rows = await db.sql`SELECT s::text AS row FROM user_source s`
    expectNoCanary(rows.map(({ row }) => row))
    expectNoCanary((await stored(sourceId))!)
  })

  test('a later write takes the place of the former', async () => {
    const { sourceId } = await newPerson(db)
    await writeCredentials(db.sql, current, sourceId, { token: 1 })
    const first = await stored(sourceId)
    await writeCredentials(db.sql, current, sourceId, { token: 2 })
    expect(await readCredentials(db.sql, current, sourceId)).toEqual({ token: 2 })
    expect(await stored(sourceId)).not.toEqual(first)
  })

  test('a source without credentials has none; one that is not there is told', async () => {
    const { sourceId } = await newPerson(db)
    expect(await readCredentials(db.sql, current, sourceId)).toBeUndefined()
    await expect(readCredentials(db.sql, current, '999999999')).rejects.toThrow(NotFoundError)
    await expect(writeCredentials(db.sql, current, '999999999', {})).rejects.toThrow(NotFoundError)
  })

  test('credentials that were copied to another row do not open there', async () => {
    const [{ sourceId: one }, { sourceId: two }] = [await newPerson(db), await newPerson(db)]
    await writeCredentials(db.sql, current, one, { token: 'of one' })
    await db.sql`
      UPDATE user_source SET credentials = (SELECT credentials FROM user_source WHERE id = ${one})
      WHERE id = ${two}`
    await expect(readCredentials(db.sql, current, two)).rejects.toThrow(SealedValueError)
    expect(await readCredentials(db.sql, current, one)).toEqual({ token: 'of one' })
  })

  test('credentials under a key that is not here say so', async () => {
    const { sourceId } = await newPerson(db)
    await writeCredentials(db.sql, old, sourceId, {})
    await expect(readCredentials(db.sql, current, sourceId)).rejects.toThrow(UnknownKeyError)
  })

  test('a key that is retired while credentials are written does not keep them', async () => {
    const { sourceId } = await newPerson(db)
    const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-credentials-test-'))
    const config = { key: undefined, oldKeys: [], databaseUrl: undefined, dataDir }
    const worker = loadKeyring(config)
    const sealedUnder = worker.currentKeyId()
    const next = makeSealingKey()
    // They are sealed by then, and a rotation that looks for rows finds none.
    const sql = before(db.sql, isUpdate, async () => {
      replaceKeyFile(join(dataDir, 'credentials.key'), { current: next, old: [] })
    })
    await writeCredentials(sql, worker, sourceId, { token: 1 })
    expect(next.id).not.toBe(sealedUnder)
    expect(worker.keyIdOf((await stored(sourceId))!)).toBe(next.id)
    expect(await readCredentials(db.sql, loadKeyring(config), sourceId)).toEqual({ token: 1 })
    await rm(dataDir, { recursive: true })
  })
})

describe('rotation', () => {
  test('puts every row under the current key, in batches, and then has nothing to do', async () => {
    const ids = await manySources(2345, old)
    const [{ sourceId: without }, told] = [await newPerson(db), [] as [number, number][]]
    const onProgress = (rewrapped: number, total: number) => told.push([rewrapped, total])
    expect(await rotateSealed(db.sql, rotating, { onProgress })).toEqual({
      rewrapped: 2345,
      faults: [],
      faultCount: 0,
    })
    expect(told).toEqual([
      [1000, 2345],
      [2000, 2345],
      [2345, 2345],
    ])
    for (const id of [ids[0]!, ids[1000]!, ids[2344]!])
      expect(await readCredentials(db.sql, current, id)).toEqual({ of: id })
    expect(await countSealedByKey(db.sql)).toEqual(new Map([[current.currentKeyId(), 2345]]))
    expect(await stored(without)).toBeNull()
    const before = await stored(ids[7]!)
    expect(await rotateSealed(db.sql, rotating)).toMatchObject({ rewrapped: 0 })
    expect(await stored(ids[7]!)).toEqual(before)
  })

  test('that stops at any statement leaves everything openable, and goes on where it was', async () => {
    const ids = await manySources(1500, old)
    for (const sent of [false, true]) {
      for (let statement = 0; ; statement++) {
        let n = 0
        const failing = new Proxy(db.sql, {
          apply(target, _, given) {
            const query = Reflect.apply(target, undefined, given)
            if (!isSent(given[0]) || n++ !== statement) return query
            const fault = () => Promise.reject(new Error('the power fails'))
            return sent ? query.then(fault) : fault()
          },
        }) as Sql
        const outcome = await rotateSealed(failing, rotating).catch((error: Error) => error.message)
        const opened = await Promise.all(
          [ids[0]!, ids[999]!, ids[1000]!, ids[1499]!].map((id) => readCredentials(db.sql, rotating, id)),
        )
        expect(opened.map((each) => (each as { of: string }).of)).toEqual([
          ids[0],
          ids[999],
          ids[1000],
          ids[1499],
        ])
        if (outcome !== 'the power fails') {
          expect(statement).toBeGreaterThan(3)
          break
        }
      }
      expect(await countSealedByKey(db.sql)).toEqual(new Map([[current.currentKeyId(), 1500]]))
      await rotateSealed(db.sql, createKeyring({ key: oldKey, oldKeys: [newKey] }))
    }
  })

  test('does not overwrite what is written at the same time, and looks at it again', async () => {
    const [one, two] = (await manySources(2, old)) as [string, string]
    let met = false
    const sql = before(db.sql, isUpdate, async () => {
      if (met) return
      met = true
      await writeCredentials(db.sql, current, one, { token: 'newer' })
      await writeCredentials(db.sql, old, two, { token: 'newer, under the old key' })
    })
    expect(await rotateSealed(sql, rotating)).toEqual({ rewrapped: 0, faults: [], faultCount: 0 })
    expect(await readCredentials(db.sql, current, one)).toEqual({ token: 'newer' })
    expect(await readCredentials(db.sql, old, two)).toEqual({ token: 'newer, under the old key' })
  })

  test('leaves what does not open as it is, names it, and does the rest', async () => {
    const ids = await manySources(30, old)
    const [foreign, moved, garbage] = ids as [string, string, string]
    const nobodys = createKeyring({ key: key(), oldKeys: [] })
    await writeCredentials(db.sql, nobodys, foreign, { token: 1 })
    await db.sql`
      UPDATE user_source SET credentials = (SELECT credentials FROM user_source WHERE id = ${ids[5]!})
      WHERE id = ${moved}`
    await db.sql`UPDATE user_source SET credentials = 'x' WHERE id = ${garbage}`
    const left = await Promise.all([foreign, moved, garbage].map(stored))
    const report = await rotateSealed(db.sql, rotating)
    expect(report).toMatchObject({ rewrapped: 27, faultCount: 3 })
    expect(report.faults).toEqual([
      { row: `source ${foreign}`, reason: expect.stringContaining(`not here (${nobodys.currentKeyId()})`) },
      { row: `source ${moved}`, reason: expect.stringContaining('belongs to another row') },
      { row: `source ${garbage}`, reason: expect.stringContaining('not a sealed value') },
    ])
    expect(await Promise.all([foreign, moved, garbage].map(stored))).toEqual(left)
    expect(await readCredentials(db.sql, current, ids[29]!)).toEqual({ of: ids[29] })
  })

  test('takes the secrets of second factors along, and tells them from credentials', async () => {
    const [sourceId] = (await manySources(1, old)) as [string]
    const people = await Promise.all([1, 2, 3].map(() => newPerson(db)))
    for (const { user } of people)
      await beginSecondFactor(db.sql, old, user.id, { secret: `OF${user.id}` }, undefined)
    const [, moved] = people.map(({ user }) => user.id)
    await db.sql`
      UPDATE app_user SET totp_secret = (SELECT totp_secret FROM app_user WHERE id = ${people[0]!.user.id})
      WHERE id = ${moved!}`
    expect(await countSealedByKey(db.sql)).toEqual(new Map([[old.currentKeyId(), 4]]))
    const report = await rotateSealed(db.sql, rotating)
    expect(report).toEqual({
      rewrapped: 3,
      faultCount: 1,
      faults: [
        { row: `second factor of user ${moved}`, reason: expect.stringContaining('belongs to another row') },
      ],
    })
    expect(await countSealedByKey(db.sql)).toEqual(
      new Map([
        [old.currentKeyId(), 1],
        [current.currentKeyId(), 3],
      ]),
    )
    expect(await readCredentials(db.sql, current, sourceId)).toEqual({ of: sourceId })
    for (const { user } of people.filter(({ user }) => user.id !== moved)) {
      const sealed = (await readPendingSecret(db.sql, user.id))!
      expect(openSecret(current, user.id, sealed)).toBe(`OF${user.id}`)
    }
  })

  test('a secret that is stored while its key is retired does not keep it', async () => {
    const { user } = await newPerson(db)
    // What a process seals under the key that it has for the current one, and learns better after writing.
    let sealing = old
    const worker: Keyring = {
      ...rotating,
      seal: (plain, identity) => sealing.seal(plain, identity),
      rewrap: (sealed, identity) => {
        sealing = rotating
        return rotating.rewrap(sealed, identity)
      },
    }
    await beginSecondFactor(db.sql, worker, user.id, { secret: 'LATE' }, undefined)
    expect(openSecret(current, user.id, (await readPendingSecret(db.sql, user.id))!)).toBe('LATE')
  })

  test('by several processes at once ends under the current key', async () => {
    const ids = await manySources(3000, old)
    const reports = await Promise.all([1, 2, 3].map(() => rotateSealed(db.sql, rotating)))
    expect(reports.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBe(3000)
    expect(await countSealedByKey(db.sql)).toEqual(new Map([[current.currentKeyId(), 3000]]))
    expect(await readCredentials(db.sql, current, ids[1234]!)).toEqual({ of: ids[1234] })
  })
})

/** A statement of its own; fragments of others are made by the same function. */
function isSent(strings: unknown): boolean {
  return Array.isArray(strings) && 'raw' in strings && /^\s*(SELECT|UPDATE)/.test(String(strings[0]))
}
