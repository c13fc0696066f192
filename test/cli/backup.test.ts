import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { extract, pack } from 'tar-stream'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { parseManifest } from '../../src/db/backup/format.ts'
import { leftOut, readTables } from '../../src/db/backup/tables.ts'
import { writeBackup } from '../../src/db/backup/write-backup.ts'
import { connect } from '../../src/db/client.ts'
import { readCredentials } from '../../src/db/credentials.ts'
import { openEmbeddedServer } from '../../src/db/embedded-server.ts'
import type { Engine } from '../../src/db/engine.ts'
import { findServerBinaries } from '../../src/db/server-binaries.ts'
import { addUser } from '../../src/db/users.ts'
import { createKeyring } from '../../src/keyring.ts'
import { readSealingKey } from '../../src/sealing.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import {
  emptyDatabase,
  fillDatabase,
  key,
  opened,
  pagesOf,
  seriesOf,
  stateOf,
} from '../setup/rich-database.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
const environment = { TIDEMARK_KEY: key }
let db: TestDatabase
let tidemark: CommandLine
let userIds: string[]
let sourceIds: string[]
let state: Record<string, string>
let series: string[][]

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder, environment)
  ;({ userIds, sourceIds } = await fillDatabase(db))
  state = await stateOf(db.url)
  series = await seriesOf(db.sql, userIds)
  expect(await tidemark.run('backup', 'whole.tar')).toMatchObject({ code: 0, stderr: '' })
})

const on = (url: string, more: Record<string, string> = {}) =>
  commandLine({ url }, folder, { ...environment, ...more })

async function expectRestored(url: string): Promise<void> {
  expect(await stateOf(url)).toEqual(state)
  await opened(url, async ({ sql }) => expect(await seriesOf(sql, userIds)).toEqual(series))
}

describe('what a backup holds', () => {
  test('every table of the schema is in it, with rows, or left out with a reason', async () => {
    const all = await db.sql<{ name: string }[]>`
      SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
        AND (c.relkind IN ('r', 'p') OR c.relname IN ('daily_flow', 'monthly_flow'))`
    const tables = (await readTables(db.sql)).map(({ name }) => name)
    expect([...tables, ...Object.keys(leftOut)].toSorted()).toEqual(all.map(({ name }) => name).toSorted())
    const empty = tables.filter((name) => state[name]?.startsWith('0 '))
    // Whoever adds a table puts a row of it into test/setup/rich-database.ts.
    expect(empty).toEqual([])
  })

  test('its file is readable by its owner alone, and any tar reads it', async () => {
    expect((await stat(join(folder, 'whole.tar'))).mode & 0o777).toBe(0o600)
    const entries = await entriesOf('whole.tar')
    expect(entries[0]!.name).toBe('backup.json')
    expect(entries.at(-1)!.name).toBe('manifest.json')
    const header = JSON.parse(entries[0]!.bytes.toString())
    expect(header).toMatchObject({ tidemarkBackup: 1, engine: db.engine, leftOut })
    expect(header.keys).toEqual([{ id: readSealingKey(key).id, values: 3 }])
    const { tables } = parseManifest(entries.at(-1)!.bytes)
    for (const { file, sha256 } of tables.flatMap(({ parts }) => parts)) {
      const { bytes } = entries.find(({ name }) => name === file)!
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    }
  })

  test('no secret is in it', async () => {
    const header = (await entriesOf('whole.tar'))[0]!.bytes.toString()
    expect(header).not.toContain(key)
    expect(header).not.toContain(new URL(db.url).password)
  })
})

describe('into an empty database', () => {
  test('every table holds what it held, and every series is the same to its last digit', async () => {
    const url = await emptyDatabase()
    const { code, stdout, stderr } = await on(url).run('restore', 'whole.tar')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^restored: [\d,]+ rows of \d+ tables, as they were at /)
    await expectRestored(url)
    await opened(url, async ({ sql, engine }) => {
      const [sums] = await sql`
        SELECT (SELECT count(*)::int FROM transaction WHERE status = 'posted') AS rows,
          (SELECT sum(transactions)::int FROM daily_flow) AS days, (SELECT sum(transactions)::int FROM monthly_flow) AS months,
          (SELECT count(*)::int FROM rollup_dirty) AS dirty,
          (SELECT count(*)::int FROM session) + (SELECT count(*)::int FROM refresh_token) AS "logIns"`
      expect(sums).toEqual({ rows: sums!.rows, days: sums!.rows, months: sums!.rows, dirty: 0, logIns: 0 })
      if (engine === 'timescale') {
        const [chunks] = await sql`
          SELECT count(*)::int AS left FROM timescaledb_information.chunks
          WHERE hypertable_name = 'transaction' AND NOT is_compressed AND range_end < '2024-03-01'`
        expect(chunks!.left).toBe(0)
      }
      const keyring = createKeyring({ key, oldKeys: [] })
      for (const id of sourceIds)
        expect(await readCredentials(sql, keyring, id)).toEqual({ token: `of ${id}` })
      const leased =
        await sql`SELECT 1 FROM user_source WHERE lease_until IS NOT NULL OR running_lane IS NOT NULL`
      expect(leased).toHaveLength(0)
    })
  })

  test('it is used as before: what was read is read again without an effect, and new ids are new', async () => {
    const url = await emptyDatabase()
    expect((await on(url).run('restore', 'whole.tar')).code).toBe(0)
    await opened(url, async (restored) => {
      for (const [seed, sourceId] of sourceIds.entries()) {
        const { changes } = pagesOf(seed)[1]!
        const again = await ingest(restored, sourceId, changes)
        expect(again.reduce((sum, { added, changed }) => sum + added + changed, 0)).toBe(0)
      }
      expect(await seriesOf(restored.sql, userIds)).toEqual(series)
      await ingest(restored, sourceIds[0]!, [
        row('new', '2021-05-05', '100'),
        row('newer', '2024-06-01', '0.5'),
      ])
      const [before, after] = [series[0]!.at(-1)!, (await seriesOf(restored.sql, [userIds[0]!]))[0]!.at(-1)!]
      expect(Number(after.split(' ')[1]) - Number(before.split(' ')[1])).toBeCloseTo(100.5, 6)
      const { id } = await addUser(restored, {
        email: 'new@example.org',
        timeZone: 'UTC',
        baseCurrency: 'EUR',
      })
      // One was given out, and deleted before the backup; others may have been given out since.
      expect(Number(id)).toBe(Math.max(...userIds.map(Number)) + 1 + 1_000_000 + 1)
      const { sourceId } = await newPerson(restored)
      expect(Number(sourceId)).toBeGreaterThan(Math.max(...sourceIds.map(Number)))
    })
  })

  test('versions are beyond all that were, and providers rest, unless nothing ran since', async () => {
    const version = (url: string) =>
      opened(url, async ({ sql }) => {
        const [found] = await sql`
          SELECT (SELECT min(version)::text FROM user_version) AS user, (SELECT version::text FROM price_version) AS price,
            (SELECT count(*)::int FROM provider_pause) AS pauses`
        return found!
      })
    await db.sql`INSERT INTO source_type (id, title) VALUES ('simplefin', 's'), ('vendor', 'v')`
    await db.sql`
      INSERT INTO user_source (user_id, source_type_id, name) VALUES (${userIds[0]!}, 'simplefin', 's'), (${userIds[0]!}, 'vendor', 'v')`
    try {
      expect((await tidemark.run('backup', 'sources.tar')).code).toBe(0)
      const [url, calm] = [await emptyDatabase(), await emptyDatabase()]
      expect((await on(url).run('restore', 'sources.tar')).code).toBe(0)
      const after = await version(url)
      expect(Number(after.user)).toBeGreaterThan(1e12)
      expect(Number(after.price)).toBeGreaterThan(1e12)
      await opened(url, async ({ sql }) => {
        const pauses = await sql`
          SELECT regexp_replace(scope, '[0-9]+', 'n') AS scope, paused_until::text AS until FROM provider_pause ORDER BY scope`
        // 24 requests a day, since noon; a pause that was longer stays.
        expect(pauses.map((each) => ({ ...each }))).toEqual([
          { scope: 'simplefin source n', until: '2024-06-16 12:00:00+00' },
          { scope: 'vendor', until: '2024-06-15 13:00:00+00' },
        ])
      })
      expect((await on(calm).run('restore', 'sources.tar', '--stopped')).code).toBe(0)
      expect((await version(calm)).pauses).toBe(1)
    } finally {
      await db.sql`DELETE FROM user_source WHERE source_type_id IN ('simplefin', 'vendor')`
      await db.sql`DELETE FROM source_type WHERE id IN ('simplefin', 'vendor')`
    }
  })

  test('one that is migrated and without rows will do; one with a row is refused, and left as it is', async () => {
    const url = await emptyDatabase()
    await opened(url, async () => {})
    expect((await on(url).run('restore', 'whole.tar')).code).toBe(0)
    const { code, stderr } = await on(url).run('restore', 'whole.tar')
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /whole\.tar: the database is not empty \(\w+ has rows\), and a restore never adds to one/,
    )
    expect((await on(url).run('restore', 'whole.tar', '--clean')).code).toBe(2)
    await expectRestored(url)
  })

  test('without its key it says which one is missing', async () => {
    const url = await emptyDatabase()
    const { code, stderr } = await on(url, { TIDEMARK_KEY: '' }).run('restore', 'whole.tar')
    expect(code).toBe(0)
    expect(stderr).toContain(
      `3 credentials are sealed under a key that is not here (${readSealingKey(key).id})`,
    )
  })

  test('through a pipe', async () => {
    const url = await emptyDatabase()
    const { process, ended } = tidemark.start(['backup', '-'])
    const chunks: Buffer[] = []
    process.stdout!.removeAllListeners('data').setEncoding('latin1' as never)
    process.stdout!.on('data', (chunk: string) => chunks.push(Buffer.from(chunk, 'latin1')))
    const { code, stderr } = await ended
    expect(code).toBe(0)
    expect(stderr).toContain('standard output: ')
    await writeFile(join(folder, 'piped.tar'), Buffer.concat(chunks))
    expect((await on(url).run('restore', 'piped.tar')).code).toBe(0)
    await expectRestored(url)
  })

  test('while another process of Tidemark is connected it is refused', async () => {
    const url = await emptyDatabase()
    await opened(url, async () => {})
    const other = connect(url, { max: 1, lasting: true })
    await other`SELECT 1`
    const { code, stderr } = await on(url).run('restore', 'whole.tar')
    await other.end()
    expect(code).toBe(2)
    expect(stderr).toContain(
      'other processes of Tidemark are connected to this database (1 connections): stop them',
    )
    expect((await on(url).run('restore', 'whole.tar')).code).toBe(0)
  })
})

test('while others write, it holds one moment, and they do not wait', async () => {
  const source = await cloneDatabase()
  const { user, sourceId } = await newPerson(source)
  let writing = true
  let pages = 0
  const writer = (async () => {
    for (; writing; pages++) {
      const day = `2024-0${1 + (pages % 6)}-1${pages % 10}`
      await ingest(source, sourceId, [
        row(`in${pages}`, day, '5'),
        row(`out${pages}`, day, '-5', { account: 'B' }),
      ])
    }
  })()
  const slow = new Writable({
    write(_chunk, _encoding, done) {
      // Until others have written more.
      const at = pages
      const look = () => (pages > at ? done() : setImmediate(look))
      look()
    },
  })
  const { header } = await writeBackup(source, {
    version: '0',
    sink: slow,
    end: true,
    signal: new AbortController().signal,
  })
  expect(header.engine).toBe(source.engine)
  expect((await commandLine(source, folder).run('backup', 'busy.tar')).code).toBe(0)
  writing = false
  await writer
  const url = await emptyDatabase()
  expect(await on(url).run('restore', 'busy.tar')).toMatchObject({ code: 0, stderr: '' })
  await opened(url, async ({ sql }) => {
    const [found] = await sql`
      SELECT sum(amount)::text AS sum, count(*)::int AS rows, (SELECT count(*)::int FROM transaction_ref) AS refs,
        (SELECT sum(amount)::text FROM daily_flow) AS days
      FROM transaction WHERE user_id = ${user.id}`
    expect(found!.rows).toBeGreaterThan(1)
    expect([Number(found!.sum), found!.rows % 2, found!.refs]).toEqual([0, 0, found!.rows])
    expect(Number(found!.days)).toBe(0)
  })
})

describe('a backup that fails', () => {
  test('an existing file is kept, unless --force says otherwise', async () => {
    await writeFile(join(folder, 'taken.tar'), 'mine')
    const refused = await tidemark.run('backup', 'taken.tar')
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('taken.tar exists: choose another name'),
    })
    expect(await readFile(join(folder, 'taken.tar'), 'utf8')).toBe('mine')
    expect((await tidemark.run('backup', 'taken.tar', '--force')).code).toBe(0)
    expect((await tidemark.run('restore', '--check', 'taken.tar')).code).toBe(0)
  })

  test('a folder that is missing, or is one: a sentence', async () => {
    expect(await tidemark.run('backup', 'no/where.tar')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such folder'),
    })
    expect(await tidemark.run('backup', '.', '--force')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is a folder; name a file in it'),
    })
  })

  test('wrong password: a sentence, and nothing left behind', async () => {
    const url = new URL(db.url)
    url.password = 'wrong'
    const { code, stderr } = await on(url.href).run('backup', 'refused.tar')
    expect(code).toBe(1)
    expect(stderr).toContain('the database refuses the connection')
    expect((await readdir(folder)).filter((name) => name.startsWith('refused'))).toEqual([])
  })

  test('its connection cut at any moment: it fails, or the file is whole', async () => {
    let failed = 0
    let point = 0
    for (let whole = false; !whole; point += 3) {
      const chunks: Buffer[] = []
      let writes = 0
      const sink = new Writable({
        highWaterMark: 1,
        write(chunk, _encoding, done) {
          chunks.push(chunk)
          if (writes++ === point) cutBackups().then(() => done(), done)
          else done()
        },
      })
      const outcome = await writeBackup(db, {
        version: '0',
        sink,
        end: true,
        signal: new AbortController().signal,
      }).then(
        () => 'whole' as const,
        (error: unknown) => error,
      )
      await writeFile(join(folder, 'cut.tar'), Buffer.concat(chunks))
      const { code } = await tidemark.run('restore', '--check', 'cut.tar')
      expect(code).toBe(outcome === 'whole' ? 0 : 2)
      whole = outcome === 'whole'
      if (!whole) failed++
    }
    expect(failed).toBeGreaterThanOrEqual(3)
  })

  test('cut while it waits for a lock: exit 1 with a sentence, and no file', async () => {
    const holder = connect(db.url, { max: 1, applicationName: 'holder' })
    await holder.unsafe('BEGIN; LOCK TABLE price IN ACCESS EXCLUSIVE MODE')
    const run = tidemark.run('backup', 'locked.tar')
    await untilWaiting('tidemark backup')
    await cutBackups()
    const { code, stderr } = await run
    await holder.unsafe('ROLLBACK').finally(() => holder.end())
    expect(code).toBe(1)
    expect(stderr).toContain('the database is not reachable or went away')
    expect((await readdir(folder)).filter((name) => name.startsWith('locked'))).toEqual([])
  })

  test('sums whose rows were taken away by hand: a sentence', async () => {
    const source = await cloneDatabase()
    const { sourceId } = await newPerson(source)
    await ingest(source, sourceId, [row('a', '2020-01-05', '1'), row('b', '2024-01-05', '2')])
    if (source.engine === 'plain')
      await source.sql`ALTER TABLE transaction DETACH PARTITION transaction_2020_01`
    else {
      const { refreshRollups } = await import('../../src/db/rollups.ts')
      await refreshRollups(source.sql, source.engine)
      await source.sql`SELECT drop_chunks('transaction', '2022-01-01'::date)`
    }
    const { code, stderr } = await commandLine(source, folder).run('backup', 'lost.tar')
    expect(code).toBe(1)
    expect(stderr).toContain('the daily sums are made of 2 transactions, and the database holds 1 of them')
  })
})

async function cutBackups(): Promise<void> {
  const administration = connect(inject('serverUrl'), { max: 1, applicationName: 'a test' })
  await administration`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tidemark backup'`
  await administration.end()
}

async function untilWaiting(application: string): Promise<void> {
  const administration = connect(inject('serverUrl'), { max: 1, applicationName: 'a test' })
  for (;;) {
    const [found] = await administration`
      SELECT 1 FROM pg_stat_activity WHERE application_name = ${application} AND wait_event_type = 'Lock'`
    if (found) break
  }
  await administration.end()
}

interface TarEntry {
  name: string
  bytes: Buffer
}

async function entriesOf(name: string): Promise<TarEntry[]> {
  const tar = extract()
  tar.end(await readFile(join(folder, name)))
  const entries: TarEntry[] = []
  for await (const entry of tar) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    entries.push({ name: entry.header.name, bytes: Buffer.concat(chunks) })
  }
  return entries
}

async function writeEntries(name: string, entries: TarEntry[]): Promise<void> {
  const tar = pack()
  for (const { name: entry, bytes } of entries) tar.entry({ name: entry }, bytes)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  await writeFile(join(folder, name), Buffer.concat(chunks))
}

describe('a file that is not whole', () => {
  const refuses = async (name: string, sentence: RegExp | string) => {
    const url = await emptyDatabase()
    for (const words of [
      ['restore', '--check', name],
      ['restore', name],
    ]) {
      const { code, stderr } = await on(url).run(...words)
      expect(stderr).toMatch(sentence)
      expect(code).toBe(2)
    }
    // Nothing of it was stored, nor anything marked.
    await opened(url, async ({ sql }) => expect(await sql`SELECT 1 FROM app_user`).toHaveLength(0))
  }

  test('cut off anywhere', async () => {
    const { size } = await stat(join(folder, 'whole.tar'))
    for (const share of [0, 0.01, 0.3, 0.7, 0.95]) {
      await writeFile(join(folder, 'short.tar'), await readFile(join(folder, 'whole.tar')))
      await truncate(join(folder, 'short.tar'), Math.floor(size * share))
      await refuses('short.tar', /short\.tar: this is not a whole backup: it (ends too early|is empty)/)
    }
  })

  test('a byte changed in any part', async () => {
    const entries = await entriesOf('whole.tar')
    for (const [at, { name, bytes }] of entries.entries()) {
      if (bytes.length === 0 || at % 4 !== 1) continue
      const changed = Buffer.from(bytes)
      changed[Math.floor(changed.length / 2)]! ^= 1
      await writeEntries('changed.tar', entries.with(at, { name, bytes: changed }))
      await refuses('changed.tar', /this is (not a whole backup: |no backup)/)
    }
  })

  test('a part left out, another put in, one twice; not a backup at all', async () => {
    const entries = await entriesOf('whole.tar')
    const account = entries.findIndex(({ name }) => name.startsWith('account/'))
    await writeEntries('less.tar', entries.toSpliced(account, 1))
    await refuses('less.tar', 'account/000001.gz is missing')
    await writeEntries('twice.tar', entries.toSpliced(account, 0, entries[account]!))
    await refuses('twice.tar', 'this is not a whole backup')
    await writeEntries('other.tar', [{ name: 'letter.txt', bytes: Buffer.from('dear') }])
    await refuses('other.tar', 'it does not begin as a backup of Tidemark does')
    await writeFile(join(folder, 'text.tar'), 'x'.repeat(5000))
    await refuses('text.tar', 'it ends too early, or is no tar')
  })

  test('of a newer format, a newer migration, or a migration that says something else', async () => {
    const [first, ...rest] = await entriesOf('whole.tar')
    const header = JSON.parse(first!.bytes.toString())
    const rewritten = async (change: object) => {
      const bytes = Buffer.from(JSON.stringify({ ...header, ...change }))
      const manifest = JSON.parse(rest.at(-1)!.bytes.toString())
      manifest.header.sha256 = createHash('sha256').update(bytes).digest('hex')
      await writeEntries('other.tar', [
        { name: 'backup.json', bytes },
        ...rest.slice(0, -1),
        { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
      ])
      return on(await emptyDatabase()).run('restore', 'other.tar')
    }
    expect(await rewritten({ tidemarkBackup: 2 })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'the backup is of format 2, and this version of Tidemark reads formats up to 1',
      ),
    })
    const migration = { name: 'migrations/9999_to_come.sql', hash: '00' }
    expect(await rewritten({ migrations: [...header.migrations, migration] })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'it has the migration migrations/9999_to_come.sql, which this version does not know',
      ),
    })
    expect(
      await rewritten({
        migrations: [{ ...header.migrations.at(-1), name: 'migrations/0000_plain_tables.sql' }],
      }),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('its migration migrations/0000_plain_tables.sql says something else'),
    })
    const tables = [...header.tables, { name: 'to_come', columns: ['a'] }]
    expect(await rewritten({ tables })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the table to_come'),
    })
    // One of before the last migrations: its columns are loaded, and what it has not is as a migration leaves it.
    const older = header.migrations.filter(({ name }: { name: string }) => !/migrations\/000[34]/.test(name))
    expect(await rewritten({ migrations: older })).toMatchObject({ code: 0, stderr: '' })
  })
})

test('a part that the server refuses after its last byte says why, and the database says that it is unfinished', async () => {
  const entries = await entriesOf('whole.tar')
  const at = entries.findIndex(({ name }) => name.startsWith('account/'))
  const manifest = JSON.parse(entries.at(-1)!.bytes.toString())
  const table = manifest.tables.find(({ name }: { name: string }) => name === 'account')
  // The same rows again, by the manifest, too: a key that is there already.
  table.parts.push({ ...table.parts[0], file: 'account/000002.gz' })
  await writeEntries('double.tar', [
    ...entries.slice(0, at + 1),
    { ...entries[at]!, name: 'account/000002.gz' },
    ...entries.slice(at + 1, -1),
    { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
  ])
  const url = await emptyDatabase()
  const { code, stderr } = await on(url).run('restore', 'double.tar')
  expect(code).toBe(1)
  expect(stderr).toContain('duplicate key value')
  expect((await on(url).run('status')).stderr).toContain(
    'a restore into this database did not come to its end',
  )
  expect((await on(url).run('restore', 'whole.tar', '--clean')).code).toBe(0)
  await expectRestored(url)
})

test('killed in the middle, every command refuses the database, and --clean completes it', async () => {
  const url = await emptyDatabase()
  await opened(url, async ({ sql }) => {
    await sql.unsafe(`
      CREATE FUNCTION hold_load() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
      CREATE TRIGGER hold_load BEFORE INSERT ON transaction_ref FOR EACH STATEMENT EXECUTE FUNCTION hold_load()`)
  })
  const holder = connect(url, { max: 1, applicationName: 'holder' })
  await holder`SELECT pg_advisory_lock(1)`
  const { process, ended } = on(url).start(['restore', 'whole.tar'])
  await untilWaiting('tidemark restore')
  const second = await on(url).run('restore', 'whole.tar', '--clean')
  expect(second).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('another restore into this database is under way'),
  })
  process.kill('SIGKILL')
  await ended
  await holder`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tidemark restore' AND datname = current_database()`
  await holder`SELECT pg_advisory_unlock(1)`
  const [held] = await holder`SELECT count(*)::int AS users FROM app_user`
  expect(held!.users).toBe(3)
  for (const words of [
    ['serve'],
    ['worker'],
    ['migrate'],
    ['status'],
    ['user', 'add', 'a@example.org'],
    ['backup', 'not.tar'],
  ]) {
    const { code, stderr } = await on(url, { PORT: '0' }).run(...words)
    expect(stderr).toContain('a restore into this database did not come to its end')
    expect(code).toBe(1)
  }
  const again = await on(url).run('restore', 'whole.tar')
  expect(again).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('give --clean to empty what it left'),
  })
  await holder`DROP TRIGGER hold_load ON transaction_ref`
  await holder.end()
  expect(await on(url).run('restore', 'whole.tar', '--clean')).toMatchObject({ code: 0, stderr: '' })
  await expectRestored(url)
})

test.runIf(inject('engine') === 'timescale')('from one engine to the other and back, the same', async () => {
  const other = await findServerBinaries({ pgBin: 'npm', path: process.env.PATH ?? '' })
  const dataDir = join(tmpdir(), `tidemark-test-other-${process.pid}`)
  const server = await openEmbeddedServer({
    dataDir,
    pgBin: 'npm',
    path: process.env.PATH ?? '',
    log: { info() {}, warn() {}, debug() {} },
    settings: { fsync: 'off' },
  })
  try {
    const plain = await emptyDatabase(server.url)
    expect(await on(plain).run('restore', 'whole.tar')).toMatchObject({ code: 0, stderr: '' })
    await expectRestored(plain)
    await opened(plain, async ({ sql, engine }) => {
      expect(engine satisfies Engine).toBe('plain')
      expect(other.major).toBeGreaterThan(15)
      const [flows] = await sql`SELECT sum(transactions)::int AS days FROM daily_flow`
      await ingest({ sql } as TestDatabase, sourceIds[0]!, [row('new', '2013-05-05', '100')])
      const [more] = await sql`SELECT sum(transactions)::int AS days FROM daily_flow`
      expect(more!.days).toBeGreaterThan(flows!.days)
      await ingest({ sql } as TestDatabase, sourceIds[0]!, [{ type: 'delete', account: 'A', id: 'new' }])
    })
    expect((await on(plain).run('backup', 'plain.tar')).code).toBe(0)
    const back = await emptyDatabase()
    expect(await on(back).run('restore', 'plain.tar')).toMatchObject({ code: 0, stderr: '' })
    await opened(back, async ({ sql }) => expect(await seriesOf(sql, userIds)).toEqual(series))
  } finally {
    await server.close()
    for (const each of [server.folder, dataDir]) await rm(each, { recursive: true, force: true })
  }
})
