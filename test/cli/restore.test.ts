import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, test } from 'vitest'
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
  untilWaiting,
} from '../setup/rich-database.ts'
import { entriesOf, writeEntries } from '../setup/tar-entries.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
const environment = { TIDEMARK_KEY: key }
let db: TestDatabase
let tidemark: CommandLine
let userIds: string[]
let sourceIds: string[]
let state: Record<string, string>
let series: string[][]
let archive: string

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder, environment)
  ;({ userIds, sourceIds, archive } = await fillDatabase(db))
  state = await stateOf(db.url)
  series = await seriesOf(db.sql, userIds)
  expect(await tidemark.run('backup', 'whole.tar')).toMatchObject({ code: 0, stderr: '' })
})

const on = (url: string, more: Record<string, string> = {}) =>
  commandLine({ url }, folder, { ...environment, TIDEMARK_ARCHIVE: archive, ...more })

async function expectRestored(url: string): Promise<void> {
  expect(await stateOf(url)).toEqual(state)
  await opened(url, async ({ sql }) => expect(await seriesOf(sql, userIds)).toEqual(series))
}

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

  test('what is archived is in no backup: files that are not there are told', async () => {
    const url = await emptyDatabase()
    const elsewhere = on(url, { TIDEMARK_ARCHIVE: folder })
    expect((await elsewhere.run('restore', 'whole.tar')).stderr).toContain(
      `1 of 1 files of the archive, which hold the detail of 2 transactions, are not in ${folder}`,
    )
    expect((await on(url).run('archive', 'verify')).stdout).toContain('1 files hold 2 transactions')
    expect((await elsewhere.run('archive', 'verify')).code).toBe(1)
  })

  test.runIf(inject('engine') === 'timescale')('the jobs of TimescaleDB follow what was set', async () => {
    const source = await cloneDatabase()
    expect(await on(source.url).run('policies', 'set', 'columnstore.afterDays', '333')).toMatchObject({
      code: 0,
    })
    expect(await on(source.url).run('backup', 'set.tar')).toMatchObject({ code: 0 })
    const url = await emptyDatabase()
    expect(await on(url).run('restore', 'set.tar')).toMatchObject({ code: 0, stderr: '' })
    await opened(url, async ({ sql }) => {
      const [job] = await sql`
        SELECT config->>'compress_after' AS after FROM timescaledb_information.jobs
        WHERE hypertable_name = 'transaction' AND proc_name LIKE '%compression' OR proc_name LIKE '%columnstore'`
      expect(job!.after).toBe('333 days')
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
      // Whose month is archived, and one that was given out and deleted before the backup; others may have been since.
      expect(Number(id)).toBe(Math.max(...userIds.map(Number)) + 2 + 1_000_000 + 1)
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
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('standard output: ') })
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

test('a part that the server refuses after its last byte says why, and the database says that it is unfinished', async () => {
  const entries = await entriesOf(join(folder, 'whole.tar'))
  const at = entries.findIndex(({ name }) => name.startsWith('account/'))
  const manifest = JSON.parse(entries.at(-1)!.bytes.toString())
  const table = manifest.tables.find(({ name }: { name: string }) => name === 'account')
  // The same rows again, by the manifest, too: a key that is there already.
  table.parts.push({ ...table.parts[0], file: 'account/000002.gz' })
  await writeEntries(join(folder, 'double.tar'), [
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
  await untilWaiting(holder, 'tidemark restore')
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
  expect(held!.users).toBe(4)
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
