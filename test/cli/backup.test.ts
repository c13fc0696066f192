import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { digestTable } from '../../src/db/backup/digest.ts'
import { parseManifest } from '../../src/db/backup/format.ts'
import { openSnapshot } from '../../src/db/backup/snapshot.ts'
import { leftOut, readTables } from '../../src/db/backup/tables.ts'
import { writeBackup } from '../../src/db/backup/write-backup.ts'
import { connect } from '../../src/db/client.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { readSealingKey } from '../../src/sealing.ts'
import { startArchive } from '../setup/archive.ts'
import { placesOf } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { emptyDatabase, fillDatabase, key, opened, stateOf, untilWaiting } from '../setup/rich-database.ts'
import { canMountDisk, mountDisk } from '../setup/small-disk.ts'
import { entriesOf } from '../setup/tar-entries.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
const environment = { TIDEMARK_KEY: key }
const mountable = await canMountDisk(join(folder, 'probe'))
let db: TestDatabase
let tidemark: CommandLine
let state: Record<string, string>

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder, environment)
  await fillDatabase(db)
  state = await stateOf(db.url)
  expect(await tidemark.run('backup', 'whole.tar')).toMatchObject({ code: 0, stderr: '' })
})

const on = (url: string, more: Record<string, string> = {}) =>
  commandLine({ url }, folder, { ...environment, ...more })

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
    const entries = await entriesOf(join(folder, 'whole.tar'))
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
    const header = (await entriesOf(join(folder, 'whole.tar')))[0]!.bytes.toString()
    expect(header).not.toContain(key)
    expect(header).not.toContain(new URL(db.url).password)
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

test.runIf(inject('engine') === 'timescale')('no chunk is moved from under it', async () => {
  const source = await cloneDatabase()
  const { sourceId } = await newPerson(source)
  await ingest(source, sourceId, [row('a', '2020-01-05', '1'), row('b', '2024-01-05', '2')])
  const snapshot = await openSnapshot(source.url)
  const table = snapshot.tables.find(({ name }) => name === 'transaction')!
  // Not in the snapshot, whose own look would lock what it reads.
  const before = await digestTable(source.sql, table)
  const mover = connect(source.url, { max: 1 })
  await mover`SET lock_timeout = '100ms'`
  const [first] = await mover<{ chunk: string }[]>`
    SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk FROM timescaledb_information.chunks LIMIT 1`
  const move = mover.unsafe(`CALL convert_to_columnstore('${first!.chunk}')`)
  // Moved, its rows would be gone for every transaction that began before: its end is a TRUNCATE.
  await expect(move).rejects.toMatchObject({ code: '55P03' })
  await mover.end()
  expect(await digestTable(snapshot.sql, table)).toEqual(before)
  await snapshot.close()
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

  test('to a program that ends early: the sentence is of that, and not of the database', async () => {
    const { process } = tidemark.start(['backup', '-'])
    process.stdout!.destroy()
    const told: string[] = []
    process.stderr!.on('data', (text) => told.push(String(text)))
    const [code] = await once(process, 'close')
    expect(code).toBe(1)
    expect(told.join('')).toContain('standard output closed it before the backup was whole')
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
    for (let whole = false; !whole; point += 7) {
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
    await untilWaiting(db.sql, 'tidemark backup')
    await cutBackups()
    const { code, stderr } = await run
    await holder.unsafe('ROLLBACK').finally(() => holder.end())
    expect(code).toBe(1)
    expect(stderr).toContain('the database is not reachable or went away')
    expect((await readdir(folder)).filter((name) => name.startsWith('locked'))).toEqual([])
  })

  test.skipIf(!mountable)('a full disk: exit 1 with a sentence, and nothing left behind', async () => {
    const disk = await mountDisk(join(folder, 'full'), 1)
    try {
      await writeFile(join(folder, 'full', 'other'), Buffer.alloc(1024 * 1024 - 16 * 1024))
      const { code, stderr } = await tidemark.run('backup', 'full/backup.tar')
      expect(stderr).toContain('full/backup.tar: there is no room for the backup; nothing was kept')
      expect(code).toBe(1)
      expect(await readdir(join(folder, 'full'))).toEqual(['other'])
    } finally {
      disk!.unmount()
    }
  })

  test('sums of detail that was archived, and came back, are those of its rows', async () => {
    const source = await cloneDatabase()
    const { user, sourceId } = await newPerson(source)
    const days = ['2020-01-05', '2020-01-05', '2020-01-06']
    await ingest(
      source,
      sourceId,
      days.map((day, n) => row(`${n}`, day, '1.5')),
    )
    await refreshed(source)
    const archive = await startArchive(source)
    const command = commandLine(source, folder)
    await archiveMonth(archive, '2020-01-01')
    expect(await placesOf(source, user.id)).toMatchObject({ here: 0, archived: 3 })
    expect(await command.run('backup', 'archived.tar')).toMatchObject({ code: 0 })
    await restoreMonth(archive, '2020-01-01')
    expect(await command.run('backup', 'brought-back.tar')).toMatchObject({ code: 0 })
  })

  /** Amounts of two people, in the month of which the rows are taken away: account, day and amount. */
  type Amounts = [string, string, string][]
  const taken: Record<string, [Amounts, Amounts]> = {
    'of one person': [[['A', '05', '1']], []],
    'that cancel each other between people': [[['A', '05', '7.5']], [['A', '05', '-7.5']]],
    'that cancel each other between the accounts of one person': [
      [],
      [
        ['A', '05', '7.5'],
        ['B', '05', '-7.5'],
      ],
    ],
    'that cancel each other between days': [
      [
        ['A', '05', '7.5'],
        ['A', '06', '-15'],
        ['A', '07', '7.5'],
      ],
      [],
    ],
  }
  test.each(Object.entries(taken))(
    'sums whose rows were taken away by hand, %s: a sentence',
    async (name, of) => {
      const source = await cloneDatabase()
      const owners = []
      for (const amounts of of) {
        const { user, sourceId } = await newPerson(source)
        const old = amounts.map(([account, day, amount]) =>
          row(`${account} ${day}`, `2020-01-${day}`, amount, { account }),
        )
        await ingest(source, sourceId, [...old, row('kept', '2024-01-05', '2')])
        if (old.length > 0) owners.push(user.id)
      }
      if (source.engine === 'timescale') {
        const { refreshRollups } = await import('../../src/db/rollups.ts')
        // Behind transactions of other tests on this server.
        do await refreshRollups(source.sql, source.engine)
        while ((await source.sql`SELECT 1 FROM rollup_dirty`).length > 0)
      }
      expect(
        await commandLine(source, folder).run('backup', `${name.replaceAll(' ', '-')}.tar`),
      ).toMatchObject({
        code: 0,
      })
      if (source.engine === 'plain')
        await source.sql`ALTER TABLE transaction DETACH PARTITION transaction_2020_01`
      else await source.sql`SELECT drop_chunks('transaction', '2022-01-01'::date)`
      const { code, stderr } = await commandLine(source, folder).run('backup', 'lost.tar')
      expect(code).toBe(1)
      expect(stderr).toContain(
        `the daily sums of EUR of user ${owners[0]}${owners.length > 1 ? ', and 1 more,' : ''} are not those of the ` +
          'transactions that the database holds',
      )
    },
  )
})

async function refreshed(source: TestDatabase): Promise<void> {
  if (source.engine === 'plain') return
  // Behind transactions of other tests on this server.
  do await refreshRollups(source.sql, source.engine)
  while ((await source.sql`SELECT 1 FROM rollup_dirty`).length > 0)
}

async function cutBackups(): Promise<void> {
  await db.sql`
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'tidemark backup' AND datname = current_database()`
}
