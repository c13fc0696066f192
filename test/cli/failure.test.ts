import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { open, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { canMountDisk, mountDisk } from '../setup/small-disk.ts'
import { type CommandLine, commandLine, makeFolder, storedCounts, storedState } from './command.ts'

/** Rows of a page of `import`; one page is one statement of the database. */
const pageRows = 5_000
const pages = 3

let db: TestDatabase
let tidemark: CommandLine
const folder = makeFolder()
const file = 'statement.csv'
/** What the database holds once the file was imported without any failure. */
let whole: unknown
let people = 0

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
  // Two accounts in turn, ids for every other row, twins among the others.
  const rows = Array.from({ length: pages * pageRows }, (_, at) => {
    const month = String(1 + (at % 12)).padStart(2, '0')
    const id = at % 2 === 0 ? `id-${at}` : ''
    return `${at % 3 === 0 ? 'Card' : 'Checking'},${id},2023-${month}-15,${at % 7}.01,Row ${at % 11}`
  })
  await tidemark.file(file, ['account,id,date,amount,description', ...rows])
  const email = await newUser()
  expect((await tidemark.run('import', file, '--user', email)).code).toBe(0)
  whole = await storedState(db, email)
  await makeHoldable()
})

async function newUser(line = tidemark): Promise<string> {
  const email = `user${people++}@example.org`
  expect((await line.run('user', 'add', email)).code).toBe(0)
  return email
}

const importFor = (email: string) => ['import', file, '--user', email]

/** What is stored is whole pages, and the same command afterwards completes it. */
async function expectCompletion(email: string): Promise<void> {
  expect((await storedCounts(db, email)).transactions % pageRows).toBe(0)
  expect((await tidemark.run(...importFor(email))).code).toBe(0)
  expect(await storedState(db, email)).toEqual(whole)
}

const holds = new Set<() => Promise<void>>()
afterEach(async () => {
  for (const release of holds) await release()
})

/** Lets the newest user's import store so many pages and stops it inside of the next one, until it is released. */
async function holdBehindPages(count: number) {
  const holder = connect(db.url, { max: 1, applicationName: 'holder' })
  const [session] = await holder<{ pid: number }[]>`SELECT pg_backend_pid() AS pid, pg_advisory_lock(1)`
  await db.sql`UPDATE held_import SET rows = ${count * pageRows}`
  const release = async () => {
    if (!holds.delete(release)) return
    await db.sql`UPDATE held_import SET rows = NULL`
    // Closing the connection gives up its lock, also where it has been cut off before.
    await holder.end({ timeout: 0 })
  }
  holds.add(release)
  return {
    /** The import stands before the page. */
    async reached(): Promise<void> {
      for (;;) {
        const [blocked] = await db.sql`
          SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND ${session!.pid} = ANY (pg_blocking_pids(pid))`
        if (blocked) return
      }
    },
    release,
  }
}

/** Every page writes transaction_ref once; there it waits for a lock, if it is the one to hold. */
async function makeHoldable(): Promise<void> {
  await db.sql.unsafe(`
    CREATE TABLE held_import (rows integer);
    INSERT INTO held_import VALUES (NULL);
    CREATE FUNCTION hold_import() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT rows FROM held_import) = (
        SELECT count(*) FROM transaction_ref WHERE user_id = (SELECT max(id) FROM app_user)
      ) THEN
        PERFORM pg_advisory_xact_lock(1);
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER hold_import BEFORE INSERT ON transaction_ref FOR EACH STATEMENT EXECUTE FUNCTION hold_import();`)
}

describe('the database lost in mid-import', () => {
  test('all connections cut and none accepted: exit 1 with a sentence, and afterwards the same command completes it', async () => {
    const email = await newUser()
    const administration = connect(inject('serverUrl'), { max: 1 })
    const name = new URL(db.url).pathname.slice(1)
    const cut = (allow: boolean) => administration.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allow}`)
    try {
      const held = await holdBehindPages(1)
      const run = tidemark.run(...importFor(email))
      await held.reached()
      await cut(false)
      await administration`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name} AND pid <> pg_backend_pid()`
      const { code, stdout, stderr } = await run
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(
        /^tidemark: the database is not reachable or went away \(.+\): [^\n]+; what was committed is whole, run this again\n$/,
      )
      await cut(true)
      await held.release()
    } finally {
      await cut(true)
      await administration.end()
    }
    await expectCompletion(email)
  })

  test('a database that accepts no connections', async () => {
    const administration = connect(inject('serverUrl'), { max: 1 })
    const closed = await cloneDatabase('template0')
    const url = new URL(closed.url)
    await administration.unsafe(`ALTER DATABASE ${url.pathname.slice(1)} ALLOW_CONNECTIONS false`)
    await administration.end()
    const { code, stdout, stderr } = await commandLine(closed, folder).run('status')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^tidemark: the database [^\n]+ is not currently accepting connections[^\n]*\n$/)
  })

  test('a server that is not there', async () => {
    const nowhere = commandLine({ url: 'postgres://tidemark@127.0.0.1:1/tidemark' }, folder)
    const { code, stdout, stderr } = await nowhere.run('status')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^tidemark: the database is not reachable or went away \(.*ECONNREFUSED.*\): [^\n]+\n$/,
    )
  })

  test('a database or a password that is refused', async () => {
    const url = new URL(db.url)
    url.pathname = '/absent'
    const absent = await commandLine({ url: url.href }, folder).run('status')
    expect(absent).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tidemark: the database refuses the connection: database "absent" does not exist\n',
    })
    const wrong = new URL(db.url)
    wrong.password = 'wrong'
    const refused = await commandLine({ url: wrong.href }, folder).run('status')
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(
      /^tidemark: the database refuses the connection: password authentication failed [^\n]+\n$/,
    )
    expect(refused.stderr).not.toContain('wrong')
  })

  test('an address that is none is refused as input', async () => {
    const { code, stderr } = await commandLine({ url: 'mysql://localhost/tidemark' }, folder).run('status')
    expect([code, stderr]).toEqual([
      2,
      'tidemark: the environment is not usable: DATABASE_URL: must start with postgres:// or postgresql://\n',
    ])
  })
})

describe('the importing process killed with SIGKILL', () => {
  const start = (email: string) => tidemark.start(importFor(email))

  test('while it reads the file, before anything is stored', async () => {
    const email = await newUser()
    // Through a pipe, of which the process has read a part and waits for the rest.
    const pipe = join(folder, 'statement.pipe')
    execFileSync('mkfifo', [pipe])
    const { process, ended } = tidemark.start(['import', pipe, '--user', email])
    const writer = await open(pipe, 'w')
    await writer.write(await readFile(join(folder, file)), 0, 200_000)
    process.kill('SIGKILL')
    expect((await ended).code).toBeNull()
    await writer.close()
    await expectCompletion(email)
  })

  test('while a page is written', async () => {
    const email = await newUser()
    const held = await holdBehindPages(0)
    const { process, ended } = start(email)
    await held.reached()
    process.kill('SIGKILL')
    expect((await ended).code).toBeNull()
    // The server goes on with what it was asked before it notices that nobody listens.
    await held.release()
    while (
      (
        await db.sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = 'tidemark' AND pid <> pg_backend_pid() AND state = 'active'`
      ).length > 0
    );
    await expectCompletion(email)
  })

  test('behind some pages, with the next one under way while the command runs again', async () => {
    const email = await newUser()
    const held = await holdBehindPages(2)
    const { process, ended } = start(email)
    await held.reached()
    process.kill('SIGKILL')
    expect((await ended).code).toBeNull()
    const again = tidemark.run(...importFor(email))
    await held.release()
    expect((await again).code).toBe(0)
    expect(await storedState(db, email)).toEqual(whole)
  })
})

describe('asked to stop', () => {
  test('an import ends behind the page under way, and says so', async () => {
    const email = await newUser()
    const held = await holdBehindPages(1)
    const { stop, ended } = tidemark.runUntilStopped(...importFor(email))
    await held.reached()
    stop()
    // The page under way ends by itself; none is begun behind it.
    await new Promise((resume) => setImmediate(resume))
    await held.release()
    expect(await ended).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tidemark: stopped: what was committed is whole; run this again to complete it\n',
    })
    expect((await storedCounts(db, email)).transactions).toBeLessThan(pages * pageRows)
    await expectCompletion(email)
  })
})

describe('at the same time', () => {
  test('two imports of one file come to the same as one', async () => {
    const email = await newUser()
    const outcomes = await Promise.all([tidemark.run(...importFor(email)), tidemark.run(...importFor(email))])
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
    expect(await storedState(db, email)).toEqual(whole)
  })

  test('two users import', async () => {
    const emails = [await newUser(), await newUser()]
    const outcomes = await Promise.all(emails.map((email) => tidemark.run(...importFor(email))))
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0])
    for (const email of emails) expect(await storedState(db, email)).toEqual(whole)
  })
})

const mountable = await canMountDisk(join(folder, 'probe'))

describe.skipIf(!mountable)('a full disk (needs Linux and root, to mount one)', () => {
  const cleanups: (() => unknown)[] = []
  afterEach(async () => {
    for (let clean = cleanups.pop(); clean; clean = cleanups.pop()) await clean()
  })

  test('of the database: exit 1 with a sentence, whole pages, and once there is room the same command completes it', async () => {
    const administration = connect(inject('serverUrl'), { max: 1 })
    cleanups.push(() => administration.end())
    const path = join(folder, 'tablespace')
    const disk = await mountDisk(path, 400)
    cleanups.push(() => disk!.unmount())
    // The server's own user has to reach the folder and to own it.
    const [{ directory }] =
      (await administration`SELECT current_setting('data_directory') AS directory`) as unknown as [
        { directory: string },
      ]
    const { uid, gid } = await stat(directory)
    execFileSync('chown', [`${uid}:${gid}`, path])
    execFileSync('chmod', ['o+x', folder])
    await administration.unsafe(`CREATE TABLESPACE small LOCATION '${path}'`)
    cleanups.push(() => administration.unsafe('DROP TABLESPACE small'))
    await administration.unsafe('CREATE DATABASE full_disk TEMPLATE tidemark_template TABLESPACE small')
    cleanups.push(() => administration.unsafe('DROP DATABASE full_disk WITH (FORCE)'))

    const url = new URL(db.url)
    url.pathname = '/full_disk'
    const small: TestDatabase = { ...db, url: url.href, sql: connect(url.href, { max: 1 }) }
    cleanups.push(() => small.sql.end({ timeout: 5 }))
    const line = commandLine(small, folder)
    const email = await newUser(line)
    // A connection may write files of its own when it begins, and will not be able to later.
    await small.sql`SELECT 1`

    const { blocks, bfree, bsize } = await statfs(path)
    disk!.resize(Math.ceil(((blocks - bfree) * bsize) / 1024 ** 2) + 3)
    const failed = await line.run(...importFor(email))
    expect(failed).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'tidemark: the database has no disk space left: what was committed is whole; make room and run this again\n',
    })
    expect((await storedCounts(small, email)).transactions % pageRows).toBe(0)
    const again = await line.run(...importFor(email))
    expect([again.code, again.stderr]).toEqual([1, failed.stderr])

    disk!.resize(400)
    expect((await line.run(...importFor(email))).code).toBe(0)
    expect(await storedState(small, email)).toEqual(whole)
  })

  test('of temporary files: exit 1 with a sentence, nothing stored', async () => {
    const email = await newUser()
    const path = join(folder, 'temporary')
    const disk = await mountDisk(path, 1)
    cleanups.push(() => disk!.unmount())
    const { code, stdout, stderr } = await withTemporaryFolder(path, () => tidemark.run(...importFor(email)))
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^tidemark: [^\n]*ENOSPC: [^\n]*make room[^\n]*TMPDIR[^\n]*\n$/)
    expect(stderr).toContain(path)
    expect(await storedCounts(db, email)).toMatchObject({ transactions: 0, accounts: 0 })
    // Nothing of the attempt is left to fill it.
    expect(readdirSync(path)).toEqual([])
    await expectCompletion(email)
  })
})

test('a folder for temporary files that is not there', async () => {
  const email = await newUser()
  const { code, stdout, stderr } = await withTemporaryFolder(join(folder, 'absent'), () =>
    tidemark.run(...importFor(email)),
  )
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^tidemark: [^\n]*ENOENT: [^\n]*absent[^\n]*\n$/)
})

async function withTemporaryFolder<T>(path: string, act: () => Promise<T>): Promise<T> {
  const usual = process.env.TMPDIR
  process.env.TMPDIR = path
  try {
    return await act()
  } finally {
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
  }
}
