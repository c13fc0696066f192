import { beforeAll, describe, expect, test } from 'vitest'
import { policiesOf } from '../../src/db/policies/all.ts'
import { claimPolicies } from '../../src/db/policies/claims.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

const folder = makeFolder()
let db: TestDatabase
let cli: CommandLine

beforeAll(async () => {
  db = await cloneDatabase()
  cli = commandLine(db, folder)
})

test('policies are listed with their settings, also without a word', async () => {
  const { code, stdout } = await cli.run('policies')
  expect(code).toBe(0)
  const names = policiesOf(db.engine).map(({ name }) => name)
  expect(
    stdout
      .split('\n')
      .slice(2, -1)
      .map((line) => line.split(' ')[0]),
  ).toEqual(names)
  expect(stdout).toContain('keepDays 400')
  expect((await cli.run('policies', 'list')).stdout).toBe(stdout)
  const listed = JSON.parse((await cli.run('policies', 'list', '--format', 'json')).stdout)
  expect(listed.find(({ name }: { name: string }) => name === 'references')).toMatchObject({
    settings: [{ name: 'keepDays', value: 400, default: 400, origin: 'default' }],
    schedule: 'daily at 04:47 UTC',
    lastRun: null,
    failures: 0,
  })
})

test('a setting is changed, shown, and taken back', async () => {
  expect(await cli.run('policies', 'set', 'references.keepDays', '500')).toMatchObject({
    code: 0,
    stdout: 'references.keepDays is 500\n',
  })
  expect((await cli.run('policies')).stdout).toContain('keepDays 500 (set)')
  expect(await cli.run('policies', 'unset', 'references.keepDays')).toMatchObject({
    code: 0,
    stdout: 'references.keepDays is 400, its default\n',
  })
  expect((await cli.run('policies')).stdout).toContain('keepDays 400 ')
})

test.each(['archive.constructor', 'archive.__proto__', 'archive.afterDays.x', 'constructor.x'])(
  'there is no %s',
  async (name) => {
    for (const words of [
      ['set', name, '5'],
      ['unset', name],
    ])
      expect(await cli.run('policies', ...words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('there is no '),
      })
  },
)

test('one that the registered connectors forbid is refused', async () => {
  const { code, stderr } = await cli.run('policies', 'set', 'references.keepDays', '30')
  expect(code).toBe(2)
  expect(stderr).toBe(
    'tidemark: references.keepDays=30 is refused beside history.mutableDays=31 of the connector simplefin: what it says ' +
      'again of a transaction that went would bring that back; set it to 31 or more\n',
  )
})

test('what the environment sets is shown as set there, and refused', async () => {
  const elsewhere = commandLine(db, folder, { TIDEMARK_RAW_RETENTION_DAYS: '500' })
  expect((await elsewhere.run('policies')).stdout).toContain('afterDays 500 (TIDEMARK_RAW_RETENTION_DAYS)')
  const { code, stderr } = await elsewhere.run('policies', 'set', 'archive.afterDays', '600')
  expect(code).toBe(2)
  expect(stderr).toContain('archive.afterDays is set by the environment')
})

test('what the environment says is kept is not archived by a run out of turn', async () => {
  const elsewhere = commandLine(db, folder, { TIDEMARK_RAW_RETENTION_DAYS: '500', TIDEMARK_ARCHIVE: 'kept' })
  const run = (days: string) => elsewhere.run('archive', 'run', '--after-days', days)
  expect(await run('499')).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'tidemark: archive.afterDays is set by the environment: change or remove TIDEMARK_RAW_RETENTION_DAYS and start again\n',
  })
  for (const days of ['500', '501'])
    expect(await run(days)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('archive: 0 transactions'),
    })
})

describe('run', () => {
  test('all of them, and what came of it is known', async () => {
    const { sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2021-01-05', '1')])
    const { code, stdout } = await cli.run('policies', 'run', '--all')
    expect(code).toBe(0)
    const names = policiesOf(db.engine).flatMap(({ name, runnable }) => (runnable === false ? [] : [name]))
    expect(
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split(':')[0]),
    ).toEqual(names)
    if (db.engine === 'timescale') expect(stdout).toMatch(/^columnstore: 1 chunk moved$/m)
    expect((await cli.run('status')).stdout).toContain(
      'sessions daily at 04:07 UTC; last run 2024-06-15T12:00:00, succeeded',
    )
    const { upkeep } = JSON.parse((await cli.run('status', '--format', 'json')).stdout)
    expect(upkeep).toHaveLength(policiesOf(db.engine).length)
  })

  test('one that another worker runs is left to it', async () => {
    const policies = policiesOf(db.engine).filter(({ name }) => name === 'slots')
    await claimPolicies(db.sql, policies, { now, due: false, rawRetentionDays: undefined })
    expect(await cli.run('policies', 'run', 'slots', 'tries')).toMatchObject({
      code: 1,
      stdout:
        'slots: is being run by another process, or one was killed that did until less than two minutes ago\n' +
        'tries: 0 rows forgotten\n',
    })
    // Named twice, it is run once.
    expect(await cli.run('policies', 'run', 'tries', 'tries')).toMatchObject({
      code: 0,
      stdout: 'tries: 0 rows forgotten\n',
    })
  })

  test.each([
    ['policies', 'run', '--all'],
    ['archive', 'run', '--after-days', '500'],
  ])('by a wrong clock nothing is begun or planned: %s %s', async (...words) => {
    const elsewhere = commandLine(await cloneDatabase(), folder, { TIDEMARK_ARCHIVE: 'archive' })
    const { code, stdout, stderr } = await elsewhere.runAtWrongTime(...words)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^tidemark: the clock of this machine is \d+ seconds behind the database’s: /)
    const listed = JSON.parse((await elsewhere.run('policies', '--format', 'json')).stdout)
    for (const { lastRun, nextRun } of listed) expect([lastRun, nextRun]).toEqual([null, null])
  })

  test.each([
    [[], 'say which policies: their names, or --all'],
    [['runs', '--all'], 'say either names of policies, or --all'],
    [['sweeping'], 'there is no policy "sweeping"; there are'],
    [['archive'], 'the policy archive cannot be run: nothing carries it out'],
  ])('%j is refused', async (words, sentence) => {
    const { code, stderr } = await cli.run('policies', 'run', ...words)
    expect(code).toBe(2)
    expect(stderr).toContain(sentence)
  })
})
