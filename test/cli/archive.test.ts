import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createFolderStore } from '../../src/archive/folder-store.ts'
import { listArchiveFiles } from '../../src/db/archive-files.ts'
import { placesOf, seen } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

let db: TestDatabase
let tidemark: CommandLine
let bare: CommandLine
const folder = makeFolder()
const store = createFolderStore(join(folder, 'cold'), () => now)

beforeAll(async () => {
  db = await cloneDatabase()
  bare = commandLine(db, folder)
  tidemark = commandLine(db, folder, { TIDEMARK_ARCHIVE: 'cold' })
})

const months = ['01', '02', '03', '05']

async function person() {
  const { user, sourceId } = await newPerson(db)
  await ingest(
    db,
    sourceId,
    months.flatMap((month) => [1, 2, 3].map((n) => row(`${month} ${n}`, `2022-${month}-0${n}`, `${n}`))),
  )
  return user
}

const run = () => tidemark.run('archive', 'run', '--after-days', '806')

describe('tidemark archive', () => {
  let user: Awaited<ReturnType<typeof person>>

  beforeAll(async () => {
    user = await person()
  })

  test('lists nothing where nothing is archived', async () => {
    expect(await tidemark.run('archive', 'list')).toEqual({
      code: 0,
      stdout: 'nothing is archived\n',
      stderr: '',
    })
    expect(await bare.run('archive', 'list', '--format', 'json')).toMatchObject({ code: 0, stdout: '[]\n' })
    const restored = await tidemark.run('archive', 'restore', '2022-01')
    expect(restored).toMatchObject({ code: 2, stdout: '' })
    expect(restored.stderr).toContain(
      'nothing of 2022-01 is archived: tidemark archive list tells which months are',
    )
  })

  test('moves what is old enough, once, and tells what it did', async () => {
    const whole = await seen(db, store, user.id)
    expect(await run()).toMatchObject({
      code: 0,
      stdout: `archive: 9 transactions of 3 months moved to 3 files in ${join(folder, 'cold')}\n`,
    })
    expect((await run()).stdout).toBe(
      `archive: 0 transactions of 0 months moved to 0 files in ${join(folder, 'cold')}\n`,
    )
    expect((await tidemark.run('status')).stdout).toMatch(
      /about \d+ rows, sums of archived ones among them, in \d+ .*\n(.*\n)*.*about 9 transactions in 3 files/,
    )
    // The policy is off: nothing is planned for these runs.
    expect(await db.sql`SELECT next_run_at FROM policy WHERE name = 'archive'`).toEqual([
      { next_run_at: null },
    ])
    expect(await seen(db, store, user.id)).toEqual(whole)
    expect(await placesOf(db, user.id)).toMatchObject({ here: 3, archived: 9 })
    expect((await readdir(join(folder, 'cold'))).sort()).toEqual([
      'month=2022-01',
      'month=2022-02',
      'month=2022-03',
    ])
  })

  test('lists its files as a table and as JSON', async () => {
    const table = await tidemark.run('archive', 'list')
    expect(table.code).toBe(0)
    const [head, ...lines] = table.stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !/^[-─ ]+$/.test(line))
    expect(head).toMatch(/^month +users +of them here +transactions +bytes +file/)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(new RegExp(`^2022-01 +${user.id} +1 +3 +[\\d,]+ +month=2022-01/users-`))
    const json = JSON.parse((await tidemark.run('archive', 'list', '--format', 'json')).stdout)
    expect(json).toHaveLength(3)
    expect(json[0]).toMatchObject({
      month: '2022-01-01',
      users: 1,
      archived: 3,
      transactions: 3,
      firstUserId: user.id,
      lastUserId: user.id,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('keeps its files in order, whether more is to be archived or not', async () => {
    expect((await tidemark.run('policies', 'run', 'archive-files')).stdout).toContain(
      '0 files written anew without accounts that are gone; 0 files removed that nothing was read from any more',
    )
    const refused = await bare.run('policies', 'run', 'archive-files')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing carries it out') })
  })

  test('verifies, all or a month, and ends with 1 where a file is not what was archived', async () => {
    expect(await tidemark.run('archive', 'verify')).toMatchObject({
      code: 0,
      stdout: '3 files hold 9 transactions, which add up to what was kept of them\n',
    })
    const [file] = await listArchiveFiles(db.sql, '2022-02-01')
    const path = join(folder, 'cold', file!.key)
    const bytes = await readFile(path)
    await writeFile(path, bytes.subarray(1))
    const damaged = await tidemark.run('archive', 'verify')
    expect(damaged.code).toBe(1)
    expect(damaged.stdout).toContain(`${file!.key} in ${join(folder, 'cold')} is not what was written there`)
    expect(damaged.stdout).toMatch(/1 faults in 3 files\n$/)
    expect((await tidemark.run('archive', 'verify', '2022-02')).code).toBe(1)
    expect((await tidemark.run('archive', 'verify', '2022-01')).code).toBe(0)
    const refused = await tidemark.run('archive', 'restore', '2022-02')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^tidemark: .* is damaged: /)
    await rm(path)
    expect((await tidemark.run('archive', 'verify')).stdout).toContain(`has no ${file!.key}`)
    await writeFile(path, bytes)
    await writeFile(join(folder, 'cold', 'month=2022-02', 'users-9-9-x.parquet'), bytes)
    expect(await tidemark.run('archive', 'verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        'month=2022-02/users-9-9-x.parquet: this database knows nothing of it; it is left alone\n',
      ),
    })
  })

  test('restores a month, of all or of one', async () => {
    const whole = await seen(db, store, user.id)
    const other = await person()
    await run()
    expect(await tidemark.run('archive', 'restore', '2022-01', '--user', user.email!)).toMatchObject({
      code: 0,
      stdout: '3 transactions of 2022-01 are back in the database\n',
    })
    expect(await placesOf(db, user.id)).toMatchObject({ archived: 6 })
    expect(await placesOf(db, other.id)).toMatchObject({ archived: 9 })
    expect(await tidemark.run('archive', 'restore', '2022-02')).toMatchObject({
      stdout: '6 transactions of 2022-02 are back in the database\n',
    })
    expect(await seen(db, store, user.id)).toEqual(whole)
    expect((await run()).stdout).toContain('9 transactions of 2 months moved')
    expect((await tidemark.run('archive', 'verify')).code).toBe(0)
  })

  test('refuses bad input with a sentence', async () => {
    const cases: [string[], RegExp][] = [
      [['run'], /--after-days/],
      [['run', '--after-days', 'x'], /whole number|integer|number/],
      [['run', '--after-days', '-1'], /whole number|integer|number/],
      [['run', '--after-days', '100001'], /whole number from 1 to 100000/],
      [['verify', '2022-13'], /YYYY-MM/],
      [['verify', '2022-1'], /YYYY-MM/],
      [['restore'], /month/],
      [['restore', 'January'], /YYYY-MM/],
      [['restore', '2022-01', '--user', 'nobody@example.org'], /nobody@example\.org/],
      [['list', '--format', 'xml'], /xml/],
    ]
    for (const [words, told] of cases) {
      const { code, stdout, stderr } = await tidemark.run('archive', ...words)
      expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: '' })
      expect(stderr, words.join(' ')).toMatch(told)
      expect(stderr).not.toMatch(/internal error/)
    }
    for (const words of [['run', '--after-days', '806'], ['verify'], ['restore', '2022-01']]) {
      const { code, stderr } = await bare.run('archive', ...words)
      expect(code).toBe(2)
      expect(stderr).toContain(
        'no archive is configured: TIDEMARK_ARCHIVE takes a folder, or s3://bucket/prefix',
      )
    }
  })

  test('an old statement file that is imported again is known; without the archive it is refused whole', async () => {
    const email = 'again@example.org'
    await tidemark.run('user', 'add', email)
    const rows = [
      'account,id,date,amount,asset',
      'Giro,1,2022-01-03,-50.00,EUR',
      'Giro,,2022-01-09,2,EUR',
      'Giro,,2022-01-09,2,EUR',
    ]
    const name = await tidemark.file('old.csv', rows)
    expect((await tidemark.run('import', name, '--user', email)).code).toBe(0)
    await run()
    const late = await bare.run('import', name, '--user', email)
    expect(late.code).toBe(1)
    expect(late.stderr).toContain('lie in the archive, which this process cannot reach: set TIDEMARK_ARCHIVE')
    const again = await tidemark.run('import', name, '--user', email)
    expect(again.code).toBe(0)
    expect(again.stdout).toMatch(/3 unchanged|unchanged 3|0 added/)
    const [{ id }] = await db.sql<[{ id: string }]>`SELECT id FROM app_user WHERE email = ${email}`
    expect(await placesOf(db, id)).toMatchObject({ here: 3, archived: 0 })
  })
})

test('a run by a process of its own that is killed at any moment is completed by the next one', async () => {
  const people = [await person(), await person()]
  for (const { id } of people) await db.sql`UPDATE app_user SET time_zone = 'UTC' WHERE id = ${id}`
  const look = () => Promise.all(people.map(({ id }) => seen(db, store, id)))
  const whole = await look()
  const words = ['archive', 'run', '--after-days', '806']
  // With the clock of the machine, every month is old enough.
  const all = months.map((month) => `2022-${month}`)
  for (const table of [undefined, 'transaction_ref']) {
    const child = table === undefined ? await atFirstFile(words) : await heldAt(table, words)
    child.process.kill('SIGKILL')
    await child.ended
    await child.release()
    await gone()
    // Its lease ends by itself, by its own clock.
    await db.sql`UPDATE policy SET lease_token = NULL, lease_until = NULL`
    expect(await look(), table).toEqual(whole)
    expect((await tidemark.run('archive', 'verify')).code).toBe(0)
    expect((await run()).code).toBe(0)
    expect(await look(), table).toEqual(whole)
    for (const { id } of people) {
      const { here, archived, summed } = await placesOf(db, id)
      expect([here + archived, archived]).toEqual([12, summed])
      expect(archived).toBeGreaterThanOrEqual(9)
    }
    for (const month of all) await tidemark.run('archive', 'restore', month)
  }
})

/** A child that has just moved something. */
async function atFirstFile(words: string[]) {
  const known = async () => (await listArchiveFiles(db.sql)).filter(({ archived }) => archived > 0).length
  const before = await known()
  const child = tidemark.start(words)
  while ((await known()) === before) {}
  return { ...child, release: async () => {} }
}

/** A child that has come to a table, which is kept from it. */
async function heldAt(table: string, words: string[]) {
  const reserved = await db.sql.reserve()
  await reserved`BEGIN`
  await reserved.unsafe(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  const child = tidemark.start(words)
  for (;;) {
    const [row] = await db.sql<{ waiting: number }[]>`
      SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    if (row!.waiting > 0) break
  }
  const release = async () => {
    await reserved`ROLLBACK`
    reserved.release()
  }
  return { ...child, release }
}

/** What the killed process had asked the server for has ended, one way or the other. */
async function gone(): Promise<void> {
  for (;;) {
    const [row] = await db.sql<{ active: number }[]>`
      SELECT count(*)::int AS active FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`
    if (row!.active === 0) return
  }
}
