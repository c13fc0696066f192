import { appendFile, copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Archive } from '../../src/archive/archive.ts'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { decodeDetailFile, encodeDetailFile } from '../../src/archive/detail-file.ts'
import { removeUnused } from '../../src/archive/renew-files.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import type { ArchiveStore } from '../../src/archive/store.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { writeFile as writeDetail } from '../../src/archive/write-file.ts'
import { dropArchived, readArchivable } from '../../src/db/archive-detail.ts'
import { listArchiveFiles } from '../../src/db/archive-files.ts'
import { connect } from '../../src/db/client.ts'
import { ArchiveDamagedError, ArchiveUnavailableError } from '../../src/errors.ts'
import { startArchive } from '../setup/archive.ts'
import { listAll, placesOf, seen } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
let people: string[]

const month = '2024-01-01'
const days = 90

/** Two people, and at the beginning and end of each test nothing is archived of them. */
beforeEach(() => restoreMonth(archive, month))

/** Two people with 20 rows in each of two months, of which one month is old enough. */
beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
  people = []
  for (let person = 0; person < 2; person++) {
    const { user, sourceId } = await newPerson(db)
    people.push(user.id)
    await ingest(
      db,
      sourceId,
      ['01', '05'].flatMap((of) =>
        Array.from({ length: 20 }, (_, n) =>
          row(`${of} ${n}`, `2024-${of}-${String(1 + (n % 9)).padStart(2, '0')}`, `${n - 10}.${person}1`, {
            account: n % 3 ? 'A' : 'B',
            description: `row ${n}`,
          }),
        ),
      ),
      [{ account: 'A', asset: 'EUR', day: '2024-01-20', edge: 'close', amount: '100' }],
    )
  }
})

const everybody = () => Promise.all(people.map((userId) => seen(db, archive.store, userId)))

/** Every transaction is in the database, or in a file that the database knows and that reads back. */
async function expectNothingLost(whole: Awaited<ReturnType<typeof everybody>>): Promise<void> {
  expect(await everybody()).toEqual(whole)
  for (const userId of people) {
    const { here, archived, summed } = await placesOf(db, userId)
    expect(archived).toBe(summed)
    expect(here + archived).toBe(41)
  }
  expect((await verifyArchive(archive)).faults).toEqual([])
}

const run = (each: Archive = archive) => runArchive(each, { afterDays: days })

/** Runs with sessions of its own, of which one waits for a table, is killed there, and the table opened. */
async function killedAt(table: string, work: (db: TestDatabase) => Promise<unknown>): Promise<string> {
  const victim = connect(db.url, { max: 1, applicationName: `victim ${table}` })
  const jailer = connect(db.url, { max: 1 })
  const reserved = await jailer.reserve()
  await reserved`BEGIN`
  await reserved.unsafe(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  const ended = work({ ...db, sql: victim }).then(
    () => 'done',
    (error: Error) => error.message,
  )
  const stop = new AbortController()
  const killing = killWhenWaiting(`victim ${table}`, stop.signal)
  await Promise.race([ended, killing])
  stop.abort()
  await reserved`ROLLBACK`
  reserved.release()
  const outcome = await ended
  await Promise.all([victim.end({ timeout: 1 }), jailer.end(), killing])
  return outcome
}

async function killWhenWaiting(applicationName: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const [killed] = await db.sql<{ count: number }[]>`
      SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
      WHERE application_name = ${applicationName} AND wait_event_type = 'Lock'`
    if (killed!.count > 0) return
  }
}

const tables = ['archive_month', 'account', 'transaction', 'transaction_ref', 'archive_file', 'archive_part']

describe('the session killed', () => {
  test('at each table that a run comes to, it leaves everything as it was, and the next run completes it', async () => {
    const whole = await everybody()
    for (const table of tables) {
      expect(await killedAt(table, (held) => run({ ...archive, db: held })), table).not.toBe('done')
      await expectNothingLost(whole)
      expect(await run(), table).toMatchObject({ files: 1, transactions: 40 })
      expect((await placesOf(db, people[0]!)).archived).toBe(20)
      await restoreMonth(archive, month)
    }
    await expectNothingLost(whole)
  })

  test('at each table that a restored month comes to, it is whole or not moved, and the next one completes it', async () => {
    const whole = await everybody()
    for (const table of tables) {
      await run()
      const outcome = await killedAt(table, (held) => restoreMonth({ ...archive, db: held }, month))
      expect(outcome, table).not.toBe('done')
      await expectNothingLost(whole)
      await restoreMonth(archive, month)
      expect((await placesOf(db, people[1]!)).archived, table).toBe(0)
    }
    await expectNothingLost(whole)
  })

  test('before any statement of a run, the next run completes it', async () => {
    const whole = await everybody()
    let n = 0
    for (let done = false; !done; n++) {
      const victim = connect(db.url, { max: 1, applicationName: 'counted victim' })
      let statements = 0
      const killed = new Proxy(victim, {
        // Statements and their pieces alike: the n-th of them is not heard of any more.
        apply(target, _, given: [TemplateStringsArray, ...never[]]) {
          if (statements++ === n) void target.end({ timeout: 0 })
          return target(...given)
        },
      })
      done = await run({ ...archive, db: { ...db, sql: killed } }).then(
        () => true,
        () => false,
      )
      await victim.end({ timeout: 0 })
      await expectNothingLost(whole)
      await run()
      expect((await placesOf(db, people[0]!)).archived).toBe(20)
      await restoreMonth(archive, month)
    }
    expect(n).toBeGreaterThan(6)
    await expectNothingLost(whole)
  })
})

type Call = 'put' | 'get' | 'size' | 'remove'

/** A store of which one call in turn does something else. */
function faulty(store: ArchiveStore, at: number, fault: (call: Call, key: string) => Promise<unknown>) {
  let calls = 0
  const turn = async <Result>(call: Call, key: string, take: () => Promise<Result>): Promise<Result> =>
    calls++ === at ? ((await fault(call, key)) as Result) : take()
  const wrapped: ArchiveStore = {
    place: store.place,
    put: (key, body) => turn('put', key, () => store.put(key, body)),
    get: (key, range) => turn('get', key, () => store.get(key, range)),
    size: (key) => turn('size', key, () => store.size(key)),
    remove: (key) => turn('remove', key, () => store.remove(key)),
    list: (prefix) => store.list(prefix),
  }
  return { store: wrapped, calls: () => calls }
}

const away = async () => {
  throw new ArchiveUnavailableError('the archive does not answer')
}

describe('a store that fails', () => {
  test.each([
    ['does not answer', away],
    [
      'answers with a byte that is another one',
      async (call: Call, key: string) => {
        if (call !== 'get') return away()
        const bytes = Buffer.from(await archive.store.get(key))
        bytes[bytes.length >> 1]! ^= 1
        return bytes
      },
    ],
    [
      'answers with a part',
      async (call: Call, key: string) => {
        if (call !== 'get') return away()
        const bytes = await archive.store.get(key)
        return bytes.subarray(0, bytes.length - 100)
      },
    ],
    [
      'answers with what was written before',
      async (call: Call, key: string) => {
        if (call !== 'get') return away()
        const before = await readArchivable(db.sql, month, people[0]!, people[0]!, 1000)
        return encodeDetailFile(
          before.length > 0 ? before.slice(1) : await decodeDetailFile(await archive.store.get(key)),
        )
      },
    ],
  ])(
    'at each call of a run, as it %s: nothing is dropped, and the next run completes it',
    async (_, fault) => {
      const whole = await everybody()
      // What is written, and what is read back of it.
      for (const at of [0, 1]) {
        const wrapped = faulty(archive.store, at, fault)
        await expect(run({ ...archive, store: wrapped.store })).rejects.toThrow()
        await expectNothingLost(whole)
        expect((await placesOf(db, people[0]!)).archived).toBe(0)
      }
      expect(await run()).toMatchObject({ files: 1, transactions: 40 })
      await expectNothingLost(whole)
      // And at each call of a read and of what brings a month back.
      for (let at = 0, ended = false; !ended; at++) {
        const wrapped = faulty(archive.store, at, fault)
        const listed = await listAll(db, wrapped.store, people[0]!).catch(() => undefined)
        if (listed) expect(listed).toEqual(whole[0]!.transactions)
        ended = wrapped.calls() <= at
      }
      for (let at = 0, ended = false; !ended; at++) {
        await run()
        const wrapped = faulty(archive.store, at, fault)
        const restored = await restoreMonth({ ...archive, store: wrapped.store }, month).catch(
          () => undefined,
        )
        await expectNothingLost(whole)
        expect((await placesOf(db, people[0]!)).archived).toBe(restored === undefined ? 20 : 0)
        ended = wrapped.calls() <= at
      }
    },
  )

  test('and holds a whole file of another month, or of somebody else, under a key: it is read as none', async () => {
    await archiveMonth(archive, '2024-05-01', { rowsPerFile: 1 })
    await archiveMonth(archive, month, { rowsPerFile: 1 })
    const files = (await listArchiveFiles(db.sql)).filter(({ archived }) => archived > 0)
    const fileOf = (of: string, userId: string) =>
      join(archive.folder, files.find((each) => each.month === of && each.firstUserId === userId)!.key)
    const file = fileOf(month, people[0]!)
    const bytes = await readFile(file)
    for (const other of [fileOf('2024-05-01', people[0]!), fileOf(month, people[1]!)]) {
      await copyFile(other, file)
      await expect(listAll(db, archive.store, people[0]!)).rejects.toThrow(ArchiveDamagedError)
      await expect(restoreMonth(archive, month)).rejects.toThrow(ArchiveDamagedError)
      expect((await placesOf(db, people[0]!)).archived).toBe(40)
    }
    await writeFile(file, bytes)
    await restoreMonth(archive, '2024-05-01')
  })

  test('a run that was cut off leaves a file that goes as those do which nothing is read from', async () => {
    const keys = async () => {
      const found: string[] = []
      for await (const { key } of archive.store.list('')) found.push(key)
      return found
    }
    const before = await keys()
    const dropless = { ...archive, db: { ...db, sql: noDrop() } }
    await expect(run(dropless)).rejects.toThrow('cut off')
    const left = (await keys()).filter((key) => !before.includes(key))
    expect(left).toHaveLength(1)
    expect(await verifyArchive(archive)).toMatchObject({ faults: [], unknown: [] })
    await run()
    const at = (days: number) => ({
      ...archive,
      clock: () => new Date(archive.clock().getTime() + days * 86_400_000),
    })
    await removeUnused(at(89), 90)
    expect(await keys()).toEqual(expect.arrayContaining(left))
    await removeUnused(at(90), 90)
    expect((await keys()).filter((key) => left.includes(key))).toEqual([])
    expect(await verifyArchive(archive)).toMatchObject({ faults: [], unknown: [] })
  })
})

describe('a file that is removed as nothing is read from it', () => {
  const late = () => ({ ...archive, clock: () => new Date(archive.clock().getTime() + 90 * 86_400_000) })
  /** One that was written, and may still be taken up by whoever wrote it. */
  async function written() {
    const rows = await readArchivable(db.sql, month, people[0]!, people[0]!, 1000)
    expect(rows).toHaveLength(20)
    const { file, rows: kept } = await writeDetail(archive, month, rows)
    return { file, takeUp: () => dropArchived(db.sql, file, kept, archive.clock()) }
  }
  const isKnown = async (key: string) => (await listArchiveFiles(db.sql)).some((each) => each.key === key)

  test('is taken up by nobody from then on', async () => {
    const whole = await everybody()
    const { file, takeUp } = await written()
    const taken: boolean[] = []
    const remove = async (key: string) => {
      if (key === file.key) taken.push(await takeUp())
      await archive.store.remove(key)
      if (key === file.key) taken.push(await takeUp())
    }
    await removeUnused({ ...late(), store: { ...archive.store, remove } }, 90)
    expect(taken).toEqual([false, false])
    expect(await isKnown(file.key)).toBe(false)
    await expectNothingLost(whole)
  })

  test('stays where it was taken up before', async () => {
    const whole = await everybody()
    const { file, takeUp } = await written()
    // Between the look and the removal.
    let looked = false
    const sql = new Proxy(db.sql, {
      apply(target, _, given: [TemplateStringsArray, ...never[]]) {
        const text = String(given[0])
        if (!looked || !text.includes('archive_file')) {
          looked ||= text.includes('SELECT id, key FROM archive_file')
          return target(...given)
        }
        looked = false
        return takeUp().then((done) => {
          expect(done).toBe(true)
          return target(...given)
        })
      },
    })
    await removeUnused({ ...late(), db: { ...db, sql } }, 90)
    expect(await archive.store.size(file.key)).toBe(file.bytes)
    await expectNothingLost(whole)
  })

  test('stays known where the store fails, and the next run removes it', async () => {
    const { file, takeUp } = await written()
    const remove = async () => {
      throw new ArchiveUnavailableError('away')
    }
    await expect(removeUnused({ ...late(), store: { ...archive.store, remove } }, 90)).rejects.toThrow('away')
    expect(await isKnown(file.key)).toBe(true)
    expect(await takeUp()).toBe(false)
    // By a clock that is behind, too: it was settled.
    await removeUnused(archive, 90)
    expect(await isKnown(file.key)).toBe(false)
    expect(await archive.store.size(file.key)).toBeUndefined()
    expect(await verifyArchive(archive)).toMatchObject({ faults: [], unknown: [] })
  })
})

/** The statement that would drop what was written is never sent. */
function noDrop(): TestDatabase['sql'] {
  return new Proxy(db.sql, {
    apply(target, _, given: [TemplateStringsArray, ...never[]]) {
      if (String(given[0]).includes('archive_detail(')) throw new Error('cut off')
      return target(...given)
    },
  })
}

describe('verify tells', () => {
  let whole: Awaited<ReturnType<typeof everybody>>
  let file: string
  let key: string
  const faults = async (given?: string) => (await verifyArchive(archive, { month: given })).faults

  beforeEach(async () => {
    whole = await everybody()
    await archiveMonth(archive, month, { rowsPerFile: 1 })
    key = (await listArchiveFiles(db.sql)).find(
      ({ archived, firstUserId }) => archived > 0 && firstUserId === people[0],
    )!.key
    file = join(archive.folder, key)
    expect(await faults()).toEqual([])
  })

  test('a byte that is another one, wherever it is', async () => {
    const bytes = await readFile(file)
    for (let at = 0; at < bytes.length; at += 397) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 0x10
      await writeFile(file, flipped)
      expect(await faults(), `byte ${at}`).toEqual([expect.stringContaining(key)])
    }
    await writeFile(file, bytes)
    expect(await faults()).toEqual([])
    expect(await everybody()).toEqual(whole)
  })

  test('a file that is cut short, longer, another one, empty or missing', async () => {
    const bytes = await readFile(file)
    const other = join(
      archive.folder,
      (await listArchiveFiles(db.sql)).find(
        ({ archived, firstUserId }) => archived > 0 && firstUserId === people[1],
      )!.key,
    )
    const damages: [string, () => Promise<void>][] = [
      ['short', () => truncate(file, bytes.length - 1)],
      ['longer', () => appendFile(file, 'x')],
      ['other', () => copyFile(other, file)],
      ['empty', () => writeFile(file, '')],
      ['missing', () => rm(file)],
    ]
    for (const [name, damage] of damages) {
      await damage()
      expect(await faults(), name).toEqual([expect.stringContaining(key)])
      expect(await faults(month), name).toHaveLength(1)
      expect(await faults('2024-02-01'), name).toEqual([])
      await writeFile(file, bytes)
    }
    expect(await faults()).toEqual([])
  })

  test('a sum that was edited, that is away, or that nothing stands behind', async () => {
    const [account] = await db.sql`SELECT id FROM account WHERE user_id = ${people[0]!} AND name = 'A'`
    const told = [
      expect.stringMatching(`^2024-01: account ${account!.id} of user ${people[0]}: .* EUR in the archive`),
    ]
    const edits = [
      `UPDATE transaction SET amount = amount + 0.01 WHERE`,
      `UPDATE transaction SET archived_count = archived_count + 1 WHERE`,
      `DELETE FROM transaction WHERE`,
    ]
    for (const edit of edits) {
      const undo =
        await db.sql`SELECT * FROM transaction WHERE user_id = ${people[0]!} AND account_id = ${account!.id}
        AND archived_count IS NOT NULL AND booked_on = '2024-01-02'`
      expect(undo).toHaveLength(1)
      await db.sql.unsafe(
        `${edit} user_id = ${people[0]} AND account_id = ${account!.id} AND archived_count IS NOT NULL AND booked_on = '2024-01-02'`,
      )
      expect(await faults(), edit).toEqual(told)
      // What does not add up is not put back.
      await expect(restoreMonth(archive, month, { userId: people[0]! })).rejects.toThrow(
        'tidemark archive verify',
      )
      await db.sql`DELETE FROM transaction WHERE user_id = ${people[0]!} AND account_id = ${account!.id}
        AND archived_count IS NOT NULL AND booked_on = '2024-01-02'`
      await db.sql`INSERT INTO transaction ${db.sql(undo.map((each) => ({ ...each })))}`
      expect(await faults()).toEqual([])
    }
    const part = await db.sql`DELETE FROM archive_part WHERE user_id = ${people[0]!} RETURNING *`
    const sums = await faults()
    expect(sums).toHaveLength(2)
    expect(sums).toEqual(
      [
        expect.stringContaining('0 transactions of 0 EUR in the archive, and the sums kept stand for '),
        expect.stringContaining(`account ${account!.id} of user ${people[0]}`),
      ].reverse(),
    )
    expect(await faults(month)).toEqual(sums)
    await db.sql`INSERT INTO archive_part ${db.sql(part.map((each) => ({ ...each })))}`
    expect(await faults()).toEqual([])
  })

  test('nothing of what is moved while it reads', async () => {
    let moved = false
    const store = faulty(archive.store, 0, async (_, asked) => {
      moved = true
      await restoreMonth(archive, month)
      return archive.store.get(asked)
    }).store
    expect((await verifyArchive({ ...archive, store })).faults).toEqual([])
    expect(moved).toBe(true)
  })
})
