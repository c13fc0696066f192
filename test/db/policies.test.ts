import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { policiesOf, type Runners } from '../../src/db/policies/all.ts'
import {
  claimPolicies,
  finishClaim,
  leaseSeconds,
  planPolicies,
  renewClaim,
} from '../../src/db/policies/claims.ts'
import type { Outcome } from '../../src/db/policies/policy.ts'
import { runPolicy } from '../../src/db/policies/run.ts'
import { nextRun } from '../../src/db/policies/schedule.ts'
import { checkSettings, setSetting } from '../../src/db/policies/settings.ts'
import { readPolicyStates } from '../../src/db/policies/states.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { RefusedError } from '../../src/errors.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const named = (name: string, runners?: Runners) =>
  policiesOf(db.engine, runners).filter((policy) => policy.name === name)
const connectors = {
  mutable: { connector: 'slowbank', days: 45 },
  budget: { connector: 'slowbank', days: 30 },
}
const set = (path: string, text: string | undefined, base: Partial<TestDatabase> = {}) =>
  setSetting({ ...db, ...base }, path, text, { now, connectors })
const state = async (name: string, base: Partial<TestDatabase> = {}) =>
  (await readPolicyStates({ ...db, ...base }, now)).find((each) => each.name === name)!
const settingOf = async (path: string) => {
  const [policy, setting] = path.split('.')
  const { value, origin } = (await state(policy!)).settings.find(({ name }) => name === setting)!
  return [value, origin]
}
const jobs = async () =>
  Object.fromEntries(
    (
      await db.sql`
        SELECT coalesce(c.view_name, j.hypertable_name) AS relation,
          extract(epoch FROM coalesce(config->>'start_offset', config->>'compress_after')::interval)::int / 86400 AS days
        FROM timescaledb_information.jobs j
        LEFT JOIN timescaledb_information.continuous_aggregates c
          ON c.materialization_hypertable_name = j.hypertable_name
        WHERE j.hypertable_name IS NOT NULL`
    ).map(({ relation, days }) => [relation, days]),
  )
const signal = new AbortController().signal
const claim = async (name: string, at: Date, due = false, runners?: Runners) =>
  (await claimPolicies(db.sql, named(name, runners), { now: at, due, rawRetentionDays: undefined }))[0]
const partsAt = (at: Date) => ({ sql: db.sql, leases: db.sql, engine: db.engine, clock: () => at, signal })
async function run(name: string, at = now) {
  await planPolicies(db.sql, named(name), undefined, at)
  return runPolicy(partsAt(at), (await claim(name, at))!)
}

describe('settings', () => {
  test('are what the code says until they are set, and again when they are not any more', async () => {
    expect(await settingOf('references.keepDays')).toEqual([400, 'default'])
    expect(await set('references.keepDays', '500')).toBe(500)
    expect(await settingOf('references.keepDays')).toEqual([500, 'set'])
    expect(await set('references.keepDays', undefined)).toBe(400)
    expect(await settingOf('references.keepDays')).toEqual([400, 'default'])
    expect(await settingOf('archive.afterDays')).toEqual([null, 'default'])
    await set('archive.afterDays', '500')
    expect((await state('archive')).schedule).toBe('daily at 05:30 UTC')
    await set('archive.afterDays', 'off')
    expect(await settingOf('archive.afterDays')).toEqual([null, 'default'])
    expect(await state('archive')).toMatchObject({ schedule: 'off', nextRun: null })
  })

  test('two that are changed at once are both changed', async () => {
    await Promise.all([
      set('runs.keepDays', '30'),
      set('slots.unusedDays', '60'),
      set('webhook-events.keepDays', '7'),
    ])
    expect(await settingOf('runs.keepDays')).toEqual([30, 'set'])
    expect(await settingOf('slots.unusedDays')).toEqual([60, 'set'])
    expect(await settingOf('webhook-events.keepDays')).toEqual([7, 'set'])
  })

  test.each([
    [
      'references.keepDays',
      'many',
      'references.keepDays=many is refused: it must be a whole number from 1 to 36500',
    ],
    ['runs.keepDays', '0', 'runs.keepDays=0 is refused: it must be a whole number'],
    ['runs.keep', '5', 'there is no setting "runs.keep"; there is runs.keepDays'],
    ['sessions.keepDays', '5', 'the policy sessions has no settings'],
    ['sweeping.at', '5', 'there is no policy "sweeping"; there are '],
    [
      'references.keepDays',
      '44',
      'references.keepDays=44 is refused beside history.mutableDays=45 of the connector slowbank',
    ],
    [
      'slots.unusedDays',
      '30',
      'slots.unusedDays=30 is refused beside the request budget of the connector slowbank, which spans 30 days',
    ],
    [
      'archive.afterDays',
      '400',
      'archive.afterDays=400 is refused beside the 400 days that the monthly flows are refreshed from',
    ],
  ])('%s=%s is refused', async (path, text, sentence) => {
    const before = await db.sql`SELECT name, settings FROM policy ORDER BY name`
    const refused = set(path, text)
    await expect(refused).rejects.toThrow(RefusedError)
    await expect(refused).rejects.toThrow(sentence)
    expect([...(await db.sql`SELECT name, settings FROM policy ORDER BY name`)]).toEqual([...before])
  })

  test('of the other engine are refused, and the sentence says so', async () => {
    const path = db.engine === 'plain' ? 'columnstore.afterDays' : 'partitions.monthsAhead'
    await expect(set(path, '100')).rejects.toThrow(
      `is one of the ${db.engine === 'plain' ? 'timescale' : 'plain'} engine, and this database is ${db.engine}`,
    )
  })

  test('windows of refresh and columnstore: pairs that cannot be, and TimescaleDB’s own jobs follow', async ({
    skip,
  }) => {
    if (db.engine !== 'timescale') skip('triggers keep the flows')
    await expect(set('columnstore.afterDays', '44')).rejects.toThrow(
      'columnstore.afterDays=44 is refused beside history.mutableDays=45 of the connector slowbank',
    )
    await expect(set('rollups.days', '61')).rejects.toThrow('it must be a whole number from 62 to 3650')
    await expect(set('deep-rollups.batchMonths', '0')).rejects.toThrow('from 1 to 120')
    await expect(set('deep-rollups.at', '24:00')).rejects.toThrow('a time of the day in UTC')
    expect(await jobs()).toEqual({ transaction: 90, daily_flow: 120, monthly_flow: 400 })
    await set('rollups.days', '600')
    await set('columnstore.afterDays', '700')
    expect(await jobs()).toEqual({ transaction: 700, daily_flow: 600, monthly_flow: 600 })
    await expect(set('archive.afterDays', '600')).rejects.toThrow(
      'archive.afterDays=600 is refused beside rollups.days=600',
    )
    await expect(set('archive.afterDays', '700')).rejects.toThrow(
      'archive.afterDays=700 is refused beside columnstore.afterDays=700',
    )
    await set('archive.afterDays', '701')
    await expect(set('rollups.days', '701')).rejects.toThrow(
      'archive.afterDays=701 is refused beside rollups.days=701',
    )
    for (const path of ['archive.afterDays', 'rollups.days', 'columnstore.afterDays'])
      await set(path, undefined)
    expect(await jobs()).toEqual({ transaction: 90, daily_flow: 120, monthly_flow: 400 })
  })

  test('the environment goes before them: it is told, cannot be set, and is held against the others', async () => {
    const base = { rawRetentionDays: 800 }
    expect((await state('archive', base)).settings[0]).toMatchObject({ value: 800, origin: 'environment' })
    await expect(set('archive.afterDays', '900', base)).rejects.toThrow(
      'archive.afterDays is set by the environment: change or remove TIDEMARK_RAW_RETENTION_DAYS',
    )
    await expect(set('archive.afterDays', undefined, base)).rejects.toThrow('TIDEMARK_RAW_RETENTION_DAYS')
    await expect(
      checkSettings({ ...db, ...base }, { mutable: { connector: 'slowbank', days: 900 } }),
    ).rejects.toThrow('TIDEMARK_RAW_RETENTION_DAYS=800 is refused beside history.mutableDays=900')
    if (db.engine === 'plain') return
    await set('columnstore.afterDays', '500')
    const opened = prepareDatabase(db.sql, { url: db.url, rawRetentionDays: 500, now })
    await expect(opened).rejects.toThrow(
      'TIDEMARK_RAW_RETENTION_DAYS=500 is refused beside columnstore.afterDays=500: the detail would leave before it is',
    )
    await set('columnstore.afterDays', undefined)
  })
})

describe('runs', () => {
  test('the next one is known, at a time of the day or so many minutes on', () => {
    const at = (text: string) => new Date(`${text}Z`)
    expect(nextRun({ at: '02:10' }, at('2024-06-15T02:09'))).toEqual(at('2024-06-15T02:10'))
    expect(nextRun({ at: '02:10' }, at('2024-06-15T02:10'))).toEqual(at('2024-06-16T02:10'))
    expect(nextRun({ everyMinutes: 5 }, at('2024-06-15T23:58'))).toEqual(at('2024-06-16T00:03'))
  })

  test('of several workers one claims a policy that is due, and none before or meanwhile', async () => {
    await planPolicies(db.sql, named('runs'), undefined, now)
    const due = (await state('runs')).nextRun!
    expect(due.toISOString()).toBe('2024-06-16T04:27:00.000Z')
    expect(await claim('runs', new Date(due.getTime() - 1), true)).toBeUndefined()
    const workers = Array.from({ length: 4 }, () => connect(db.url, { max: 1 }))
    const claims = await Promise.all(
      workers.map((sql) =>
        claimPolicies(sql, named('runs'), { now: due, due: true, rawRetentionDays: undefined }),
      ),
    )
    await Promise.all(workers.map((sql) => sql.end()))
    const [claimed, ...others] = claims.flat()
    expect(others).toEqual([])
    expect(await claim('runs', due)).toBeUndefined()
    await finishClaim(db.sql, claimed!, { message: 'done' }, { startedAt: due, now: due })
    expect(await state('runs')).toMatchObject({
      running: false,
      lastStatus: 'succeeded',
      lastMessage: 'done',
      lastRun: due,
      lastEnd: due,
      nextRun: new Date('2024-06-17T04:27:00Z'),
      failures: 0,
    })
  })

  test('what a dead worker ran is free when its lease ends, and what it still says is not heard', async () => {
    await planPolicies(db.sql, named('tries'), undefined, now)
    const dead = (await claim('tries', now))!
    expect(await state('tries')).toMatchObject({ running: true, lastEnd: null })
    expect(await claim('tries', later(leaseSeconds - 1))).toBeUndefined()
    expect(await renewClaim(db.sql, dead, later(leaseSeconds - 1))).toBe(true)
    expect(await claim('tries', later(leaseSeconds))).toBeUndefined()
    const heir = (await claim('tries', later(2 * leaseSeconds)))!
    expect(heir.token).not.toBe(dead.token)
    expect(await renewClaim(db.sql, dead, later(2 * leaseSeconds))).toBe(false)
    await finishClaim(db.sql, dead, { message: 'from the dead' }, { startedAt: now, now })
    expect(await state('tries')).toMatchObject({ lastEnd: null, lastMessage: null })
    await finishClaim(db.sql, heir, { message: 'done' }, { startedAt: now, now })
    expect((await state('tries')).lastMessage).toBe('done')
  })

  test('a run whose lease is lost is given up: it ends early, and neither fails nor stores anything', async () => {
    const due = later(3 * leaseSeconds)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let renewed = () => {}
    const policy = {
      ...named('slots')[0]!,
      run: ({ signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          renewed()
        }),
    }
    await planPolicies(db.sql, [policy], undefined, now)
    const [lost] = await claimPolicies(db.sql, [policy], { now, due: false, rawRetentionDays: undefined })
    const heir = (await claim('slots', due))!
    const begun = new Promise<void>((resolve) => {
      renewed = resolve
    })
    const ended = runPolicy(
      { sql: db.sql, leases: db.sql, engine: db.engine, clock: () => due, signal },
      lost!,
    )
    await begun
    vi.advanceTimersByTime((leaseSeconds * 1000) / 4)
    expect(await ended).toEqual({ message: 'given up: its lease was lost', givenUp: true })
    vi.useRealTimers()
    expect(await state('slots')).toMatchObject({ lastEnd: null, lastMessage: null, failures: 0 })
    await finishClaim(db.sql, heir, { message: 'done' }, { startedAt: due, now: due })
    expect((await state('slots')).lastMessage).toBe('done')
  })

  test('a failure is told, counted and tried again soon; what was held by others, too', async () => {
    const error = new Error('the disk is full')
    const runners: Runners = { archive: () => Promise.reject(error) }
    await set('archive.afterDays', '500')
    const due = (await state('archive')).nextRun!
    const claimed = await claim('archive', due, true, runners)
    const parts = partsAt(due)
    expect(await runPolicy(parts, claimed!)).toMatchObject({ error })
    const soon = new Date(due.getTime() + 15 * 60_000)
    expect(await state('archive')).toMatchObject({
      lastStatus: 'failed',
      lastMessage: 'the disk is full',
      failures: 1,
      nextRun: soon,
    })
    const [again] = await claimPolicies(
      db.sql,
      named('archive', {
        archive: async ({ settings }) => ({ message: `${settings.afterDays}`, again: true }),
      }),
      { now: soon, due: true, rawRetentionDays: undefined },
    )
    await runPolicy({ ...parts, clock: () => soon }, again!)
    expect(await state('archive')).toMatchObject({
      lastStatus: 'succeeded',
      lastMessage: '500',
      failures: 1,
      nextRun: new Date(soon.getTime() + 5 * 60_000),
    })
    await set('archive.afterDays', 'off')
  })

  describe('one that is off, and is run with values of its own', () => {
    const planned = async () => {
      const [row] = await db.sql`SELECT next_run_at FROM policy WHERE name = 'archive'`
      return row!.next_run_at
    }
    const outcomes: [string, () => Promise<Outcome>][] = [
      ['ends', async () => ({ message: 'out of turn' })],
      ['leaves something', async () => ({ message: 'out of turn', again: true })],
      ['fails', () => Promise.reject(new Error('out of turn'))],
      [
        'is turned off meanwhile',
        async () => {
          await set('archive.afterDays', '600')
          await set('archive.afterDays', 'off')
          return { message: 'out of turn' }
        },
      ],
    ]
    test.each(outcomes)('is not planned for it: it %s', async (_, archive) => {
      await set('archive.afterDays', 'off')
      const claimed = await claim('archive', now, false, { archive })
      const parts = partsAt(now)
      expect((await runPolicy(parts, claimed!, { afterDays: 500 })).message).toBe('out of turn')
      expect(await planned()).toBeNull()
    })

    test('is planned for what was set meanwhile, and not for what was', async () => {
      const meanwhile: Runners = {
        archive: async () => {
          await set('archive.afterDays', 'off')
          return { message: 'late', again: true }
        },
      }
      await set('archive.afterDays', '500')
      const due = (await state('archive')).nextRun!
      const claimed = await claim('archive', due, true, meanwhile)
      const parts = partsAt(due)
      await runPolicy(parts, claimed!)
      expect(await planned()).toBeNull()
      expect((await state('archive')).lastMessage).toBe('late')
    })
  })

  test('references of what went are forgotten after their days, those of what is there never', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('kept', '2020-01-01', '1'), row('gone', '2020-01-01', '2')])
    await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: 'gone' }])
    await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: 'never there' }])
    await ingest(db, sourceId, [row('next', '2020-01-02', '4', { replaces: ['pending'] })])
    const refs = async () =>
      (
        await db.sql`SELECT gone_on::text FROM transaction_ref WHERE user_id = ${user.id} ORDER BY gone_on`
      ).map(({ gone_on }) => gone_on)
    const day = '2024-06-15'
    expect(await refs()).toEqual([day, day, day, null, null])
    // What comes back is there again.
    await ingest(db, sourceId, [row('gone', '2020-01-03', '8')])
    expect(await refs()).toEqual([day, day, null, null, null])
    await run('references', later(400 * 86_400))
    expect(await refs()).toEqual([day, day, null, null, null])
    const { message } = await run('references', later(401 * 86_400))
    expect(message).toBe('2 rows forgotten')
    expect(await refs()).toEqual([null, null, null])
  })

  test('old chunks go into the columnstore, late rows after them, and a chunk in use is left for later', async ({
    skip,
  }) => {
    if (db.engine !== 'timescale') skip('plain has no columnstore')
    const { sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('old', '2021-03-05', '1'), row('new', '2024-06-10', '1')])
    const statuses = async () =>
      (
        await db.sql`
          SELECT _timescaledb_functions.chunk_status(format('%I.%I', chunk_schema, chunk_name)::regclass) AS status
          FROM timescaledb_information.chunks WHERE hypertable_name = 'transaction' ORDER BY range_start`
      ).map(({ status }) => status)
    const chunks = (await statuses()).length
    expect((await run('columnstore')).message).toBe(`${chunks - 1} chunks moved`)
    expect(await statuses()).toEqual([...Array(chunks - 1).fill(1), 0])
    await ingest(db, sourceId, [row('late', '2021-03-06', '1')])
    expect((await statuses()).filter((status) => status > 1)).toHaveLength(1)

    await whileWriting("UPDATE transaction SET category = 'x' WHERE booked_on = '2021-03-06'", async () => {
      expect(await run('columnstore')).toMatchObject({ message: '0 chunks moved, 1 in use', again: true })
    })
    expect((await run('columnstore')).message).toBe('1 chunk moved')
    expect(await statuses()).toEqual([...Array(chunks - 1).fill(1), 0])
    expect((await run('columnstore')).message).toBe('no chunk had rows to move')
  })

  test('a chunk that somebody adds late rows to is left for later, and those behind it are moved', async ({
    skip,
  }) => {
    if (db.engine !== 'timescale') skip('plain has no columnstore')
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('a', '2021-03-05', '1'), row('b', '2022-03-05', '1')])
    await run('columnstore')
    await ingest(db, sourceId, [row('late a', '2021-03-06', '1'), row('late b', '2022-03-06', '1')])
    await whileWriting(
      `INSERT INTO transaction SELECT (jsonb_populate_record(t, '{"id": "${randomUUID()}"}')).* FROM transaction t
       WHERE user_id = '${user.id}' AND booked_on = '2021-03-06'`,
      async () => {
        expect(await run('columnstore')).toMatchObject({ message: '1 chunk moved, 1 in use', again: true })
      },
    )
    expect((await run('columnstore')).message).toBe('1 chunk moved')
  })
})

/** Beside a transaction that has run the statement, and is then given up. */
async function whileWriting(statement: string, use: () => Promise<void>) {
  const writer = connect(db.url, { max: 1 })
  const session = await writer.reserve()
  await session`BEGIN`
  expect((await session.unsafe(statement)).count).toBeGreaterThan(0)
  await use()
  await session`ROLLBACK`
  session.release()
  await writer.end()
}

test('a late row for each of many users in a compressed year: exact at once, and behind the maintenance', async () => {
  const people = await Promise.all(Array.from({ length: 50 }, () => newPerson(db)))
  for (const { sourceId } of people)
    await ingest(
      db,
      sourceId,
      Array.from({ length: 24 }, (_, index) =>
        row(
          `${index}`,
          `2022-${String((index >> 1) + 1).padStart(2, '0')}-${index % 2 ? '20' : '05'}`,
          '1.01',
        ),
      ),
    )
  await refreshRollups(db.sql, db.engine)
  await compressEverything(db)
  for (const [index, { sourceId }] of people.entries())
    await ingest(db, sourceId, [row('late', '2022-07-09', `0.${String(index + 1).padStart(3, '0')}`)])
  const expectExact = async () => {
    for (const [index, { user }] of people.entries()) {
      const { points } = await readNetWorth(db.sql, {
        userId: user.id,
        currency: 'EUR',
        from: '2022-07-08',
        to: '2022-07-10',
        interval: 'day',
      })
      const late = (13.13 + (index + 1) / 1000).toFixed(3).replace(/0+$/, '')
      expect(points.map(({ netWorth }) => netWorth)).toEqual(['13.13', late, late])
    }
  }
  await expectExact()
  if (db.engine === 'plain') return
  const left = () => db.sql`SELECT 1 FROM rollup_dirty`
  while ((await left()).length > 0) await run('deep-rollups')
  await run('columnstore')
  await expectExact()
})
