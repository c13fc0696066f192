import { randomBytes } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keysRotateCommand } from '../../src/cli/keys-rotate.ts'
import type { CommandContext } from '../../src/cli/terminal.ts'
import { readConfig } from '../../src/config.ts'
import type { Sql } from '../../src/db/client.ts'
import { readCredentials, writeCredentials } from '../../src/db/credentials.ts'
import { countSealedByKey } from '../../src/db/rotate-sealed.ts'
import { beginSecondFactor, openSecret, readPendingSecret } from '../../src/db/second-factor.ts'
import { readKeyFile, replaceKeyFile } from '../../src/key-file.ts'
import { createKeyring, type Keyring, loadKeyring } from '../../src/keyring.ts'
import { createLogger } from '../../src/logger.ts'
import { makeSealingKey } from '../../src/sealing.ts'
import { createShutdown } from '../../src/shutdown.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson, now } from '../setup/people.ts'
import { makeFolder } from './command.ts'

const folder = makeFolder()
const file = join(folder, 'credentials.key')
let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

beforeEach(async () => {
  await db.sql`UPDATE user_source SET credentials = NULL`
  await db.sql`UPDATE app_user SET totp_secret = NULL`
  await rm(file, { force: true })
})

function configured(environment: Record<string, string> = {}) {
  return readConfig({ TIDEMARK_DATA_DIR: folder, PATH: process.env.PATH, ...environment }, folder)
}

async function rotate(
  config = configured(),
  sql: Sql = db.sql,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk)
        done()
      },
    }) as unknown as NodeJS.WriteStream
  const shutdown = createShutdown()
  const context: CommandContext = {
    config,
    log: createLogger('silent'),
    clock: () => now,
    machineClock: false,
    sleep: async () => {},
    signal: shutdown.signal,
    shutdown,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: Readable.from([]),
    workingDirectory: folder,
    openDatabase: async () => ({ ...db, sql }),
  }
  const code = await keysRotateCommand(context)
  return { code, ...written }
}

async function sealedSources(keyring: Keyring, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const { sourceId } = await newPerson(db)
    await writeCredentials(db.sql, keyring, sourceId, { of: sourceId })
    ids.push(sourceId)
  }
  return ids
}

async function expectAllOpen(ids: string[], keyring = loadKeyring(configured())): Promise<void> {
  for (const id of ids) expect(await readCredentials(db.sql, keyring, id)).toEqual({ of: id })
}

/** Fails at the statement of this number, before it is sent or after it was carried out. */
function failingAt(statement: number, sent: boolean): Sql {
  let n = 0
  return new Proxy(db.sql, {
    apply(target, _, given) {
      const query = Reflect.apply(target, undefined, given)
      if (!/^\s*(SELECT|UPDATE)/.test(String(given[0]?.[0])) || n++ !== statement) return query
      const fail = () => Promise.reject(new Error('killed'))
      return sent ? query.then(fail) : fail()
    },
  }) as Sql
}

describe('with a key file', () => {
  test('a new key is made, every row put under it, and the old one retired', async () => {
    const worker = loadKeyring(configured())
    const ids = await sealedSources(worker, 3)
    const before = readKeyFile(file)!.current.id
    const { code, stdout, stderr } = await rotate()
    const { current, old } = readKeyFile(file)!
    expect(current.id).not.toBe(before)
    expect(old).toEqual([])
    expect(stdout).toBe(
      `key ${current.id} is the current one: 3 credentials are under it, 3 of them were rewrapped now\n` +
        `key ${before} is retired: nothing is under it; a copy of the database from before still needs a copy of it\n`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await expectAllOpen(ids)
    await expectAllOpen(ids, worker)
  })

  test('a second factor keeps opening once the old key is retired', async () => {
    const { user } = await newPerson(db)
    await beginSecondFactor(db.sql, loadKeyring(configured()), user.id, { secret: 'SECRET' }, undefined)
    const { code, stdout } = await rotate()
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('1 of them were rewrapped') })
    expect(readKeyFile(file)!.old).toEqual([])
    const sealed = (await readPendingSecret(db.sql, user.id))!
    expect(openSecret(loadKeyring(configured()), user.id, sealed)).toBe('SECRET')
  })

  test('stopped at any step, everything opens, and the next run completes it without another key', async () => {
    const ids = await sealedSources(loadKeyring(configured()), 3)
    let faults = 0
    for (const sent of [false, true]) {
      for (let statement = 0; ; statement++) {
        const before = readKeyFile(file)!.current.id
        const outcome = await rotate(configured(), failingAt(statement, sent)).catch((error) => error.message)
        await expectAllOpen(ids)
        if (outcome !== 'killed') break
        faults++
        const begun = readKeyFile(file)!
        expect(begun.current.id).not.toBe(before)
        expect(begun.old.map(({ id }) => id)).toEqual([before])
        const { code, stdout } = await rotate()
        expect(code).toBe(0)
        expect(stdout).toContain('this completed a rotation that had been interrupted')
        const completed = readKeyFile(file)!
        expect([completed.current.id, completed.old]).toEqual([begun.current.id, []])
        expect(await countSealedByKey(db.sql)).toEqual(new Map([[begun.current.id, 3]]))
        await expectAllOpen(ids)
      }
    }
    expect(faults).toBeGreaterThanOrEqual(10)
  })

  test('workers go on reading and writing all the while, each with what it had loaded', async () => {
    const workers = [1, 2, 3].map(() => loadKeyring(configured()))
    const ids = await sealedSources(workers[0]!, 12)
    for (const worker of workers) expect(await readCredentials(db.sql, worker, ids[0]!)).toBeDefined()
    let running = true
    const working = workers.map(async (worker, nth) => {
      let rounds = 0
      for (; running || rounds < 3; rounds++) {
        for (const [index, id] of ids.entries()) {
          if (index % workers.length === nth) await writeCredentials(db.sql, worker, id, { of: id })
          expect(await readCredentials(db.sql, worker, id)).toEqual({ of: id })
        }
      }
      return rounds
    })
    for (let time = 0; time < 5; time++) expect((await rotate()).code).toBe(0)
    running = false
    for (const rounds of await Promise.all(working)) expect(rounds).toBeGreaterThanOrEqual(3)
    await expectAllOpen(ids)
    expect((await rotate()).code).toBe(0)
    expect(readKeyFile(file)!.old).toEqual([])
  })

  test('two rotations at once lose no key', async () => {
    const ids = await sealedSources(loadKeyring(configured()), 20)
    const outcomes = await Promise.all([rotate(), rotate(), rotate()])
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0])
    await expectAllOpen(ids)
    await rotate()
    await expectAllOpen(ids)
    expect(readKeyFile(file)!.old).toEqual([])
  })

  test('a row that does not open keeps its key in the file, is named, and does not stand in the way', async () => {
    const [whole, damaged] = (await sealedSources(loadKeyring(configured()), 2)) as [string, string]
    await db.sql`UPDATE user_source SET credentials = set_byte(credentials, 30, 255 - get_byte(credentials, 30)) WHERE id = ${damaged}`
    const first = readKeyFile(file)!.current.id
    for (let time = 0; time < 2; time++) {
      const before = readKeyFile(file)!.current.id
      const { code, stderr } = await rotate()
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^tidemark: 1 credentials were left as they are:\n {2}source \d+: credentials of/,
      )
      expect(stderr).toContain(`source ${damaged}: `)
      expect(readKeyFile(file)!.current.id).not.toBe(before)
      expect(readKeyFile(file)!.old.map(({ id }) => id)).toEqual([first])
    }
    await expectAllOpen([whole])
  })

  test('where there is no key yet there is nothing to do; where it was lost, that is refused', async () => {
    expect(await rotate()).toMatchObject({ code: 0, stdout: expect.stringContaining('there is no key yet') })
    await sealedSources(loadKeyring(configured()), 1)
    await rm(file)
    await expect(rotate()).rejects.toThrow(`${file} is gone, and there are credentials sealed under it`)
  })

  test('keys of TIDEMARK_OLD_KEYS may be taken out afterwards', async () => {
    const key = randomBytes(32).toString('base64')
    const ids = await sealedSources(createKeyring({ key, oldKeys: [] }), 2)
    replaceKeyFile(file, { current: makeSealingKey(), old: [] })
    const { code, stdout } = await rotate(configured({ TIDEMARK_OLD_KEYS: key }))
    expect({ code, last: stdout.trim().split('\n').at(-1) }).toEqual({
      code: 0,
      last: expect.stringMatching(/^number 1 of TIDEMARK_OLD_KEYS \(key [0-9a-f]{16}\) may be taken out/),
    })
    await expectAllOpen(ids)
  })

  test('nothing that it prints is a key', async () => {
    await sealedSources(loadKeyring(configured()), 1)
    const keys = async () =>
      [...(await readFile(file, 'utf8')).matchAll(/[A-Za-z0-9+/]{43}=/g)].map(([key]) => key)
    const before = await keys()
    const { stdout, stderr } = await rotate()
    const all = [...before, ...(await keys())]
    expect(all).toHaveLength(2)
    for (const key of all) expect(stdout + stderr).not.toContain(key)
  })
})

describe('with TIDEMARK_KEY', () => {
  const [oldKey, newKey, idleKey] = [1, 2, 3].map(() => randomBytes(32).toString('base64')) as [
    string,
    string,
    string,
  ]
  const rotating = configured({ TIDEMARK_KEY: newKey, TIDEMARK_OLD_KEYS: `${oldKey},${idleKey},${newKey}` })

  test('rows come under it, and it says which old keys may be taken out', async () => {
    const ids = await sealedSources(createKeyring({ key: oldKey, oldKeys: [] }), 3)
    const current = createKeyring({ key: newKey, oldKeys: [] })
    const outcome = await rotate(rotating)
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout.split('\n')).toEqual([
      `key ${current.currentKeyId()} is the current one: 3 credentials are under it, 3 of them were rewrapped now`,
      expect.stringMatching(
        /^number 1 of .* may be taken out once every process runs with the new TIDEMARK_KEY$/,
      ),
      expect.stringMatching(/^number 2 of .* may be taken out once/),
      expect.stringMatching(/^number 3 of .* is TIDEMARK_KEY itself: it may be taken out$/),
      '',
    ])
    await expectAllOpen(ids, current)
    expect((await rotate(rotating)).stdout).toContain(
      '3 credentials are under it, 0 of them were rewrapped now',
    )
  })

  test('stopped at any step, everything opens', async () => {
    const ids = await sealedSources(createKeyring({ key: oldKey, oldKeys: [] }), 3)
    let faults = 0
    for (let statement = 0; ; statement++) {
      const outcome = await rotate(rotating, failingAt(statement, true)).catch((error) => error.message)
      await expectAllOpen(ids, loadKeyring(rotating))
      if (outcome !== 'killed') break
      faults++
    }
    expect(faults).toBeGreaterThanOrEqual(4)
    await expectAllOpen(ids, createKeyring({ key: newKey, oldKeys: [] }))
  })

  test('an old key that a row is left under is still needed', async () => {
    const [damaged] = await sealedSources(createKeyring({ key: oldKey, oldKeys: [] }), 1)
    await db.sql`UPDATE user_source SET credentials = set_byte(credentials, 30, 255 - get_byte(credentials, 30)) WHERE id = ${damaged!}`
    const { code, stdout } = await rotate(rotating)
    expect(code).toBe(1)
    expect(stdout).toMatch(/number 1 of .* is still needed: 1 credentials are under it\n/)
  })

  test('a database of somebody else’s without TIDEMARK_KEY is refused', async () => {
    await expect(rotate(configured({ DATABASE_URL: 'postgres://localhost/x' }))).rejects.toThrow(
      /^TIDEMARK_KEY is not set/,
    )
  })
})
