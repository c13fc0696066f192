import { createHash } from 'node:crypto'
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { rowStatements } from '../../src/db/backup/fit.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { emptyDatabase, fillDatabase, key, opened } from '../setup/rich-database.ts'
import { entriesOf, writeEntries } from '../setup/tar-entries.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
const environment = { TIDEMARK_KEY: key }
let db: TestDatabase
let tidemark: CommandLine
let archive: string

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder, environment)
  ;({ archive } = await fillDatabase(db))
  expect(await tidemark.run('backup', 'whole.tar')).toMatchObject({ code: 0, stderr: '' })
})

const on = (url: string, more: Record<string, string> = {}) =>
  commandLine({ url }, folder, { ...environment, TIDEMARK_ARCHIVE: archive, ...more })

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
    const entries = await entriesOf(join(folder, 'whole.tar'))
    for (const [at, { name, bytes }] of entries.entries()) {
      if (bytes.length === 0 || at % 4 !== 1) continue
      const changed = Buffer.from(bytes)
      changed[Math.floor(changed.length / 2)]! ^= 1
      await writeEntries(join(folder, 'changed.tar'), entries.with(at, { name, bytes: changed }))
      await refuses('changed.tar', /this is (not a whole backup: |no backup)/)
    }
  })

  test('a part left out, another put in, one twice; not a backup at all', async () => {
    const entries = await entriesOf(join(folder, 'whole.tar'))
    const account = entries.findIndex(({ name }) => name.startsWith('account/'))
    await writeEntries(join(folder, 'less.tar'), entries.toSpliced(account, 1))
    await refuses('less.tar', 'account/000001.gz is missing')
    await writeEntries(join(folder, 'twice.tar'), entries.toSpliced(account, 0, entries[account]!))
    await refuses('twice.tar', 'this is not a whole backup')
    await writeEntries(join(folder, 'other.tar'), [{ name: 'letter.txt', bytes: Buffer.from('dear') }])
    await refuses('other.tar', 'it does not begin as a backup of Tidemark does')
    await writeFile(join(folder, 'text.tar'), 'x'.repeat(5000))
    await refuses('text.tar', 'it ends too early, or is no tar')
  })

  test('of a newer format, a newer migration, or a migration that says something else', async () => {
    const [first, ...rest] = await entriesOf(join(folder, 'whole.tar'))
    const header = JSON.parse(first!.bytes.toString())
    const rewritten = async (change: object) => {
      const bytes = Buffer.from(JSON.stringify({ ...header, ...change }))
      const manifest = JSON.parse(rest.at(-1)!.bytes.toString())
      manifest.header.sha256 = createHash('sha256').update(bytes).digest('hex')
      await writeEntries(join(folder, 'other.tar'), [
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

test('of a migration, the statements that change rows are run behind the load', () => {
  const body = `CREATE TABLE "a" ("b" text);
--> statement-breakpoint
-- Why.
UPDATE "a" SET "b" = 'x';--> statement-breakpoint
ALTER TABLE "a" ADD COLUMN "updated" date;`
  expect(rowStatements({ body })).toEqual([`UPDATE "a" SET "b" = 'x';`])
})
