import { beforeAll, describe, expect, test } from 'vitest'
import { maxAttempts } from '../../src/connectors/backoff.ts'
import type { World } from '../../src/connectors/emulator/world.ts'
import { retryDeadLetters } from '../../src/db/dead-letters.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { type SampleOptions, type SampleProvider, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource } from '../setup/scheduling.ts'
import { runAllDue, runCounts, syncState } from '../setup/sync-state.ts'
import { type Around, countingSteps, dyingAt, forEveryStep, testProcess } from '../setup/test-process.ts'
import { createVirtualClock, type VirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})

const start = new Date('2024-06-15T12:00:00Z')
/** Three requests in ten seconds: a sync has to wait for its slots. */
const limit = { scope: 'client', max: 3, per: 10_000, kind: 'sliding' } as const

interface Scenario {
  options?: Omit<SampleOptions, 'clock' | 'id'>
  /** What the provider knows. */
  fill(world: World, id: string): void
  /** Connections by their tokens; one unless told, null for the platform's. */
  tokens?: string[]
  platform?: true
  /** What was before the process that dies began: run by one that lives. */
  before?(trial: Trial): Promise<void>
  rows: number
}

interface Trial {
  id: string
  clock: VirtualClock
  provider: SampleProvider
  run(around: Around): Promise<void>
}

const day = (ago: number, hour = 10) =>
  `${new Date(start.getTime() - ago * 86_400_000).toISOString().slice(0, 10)}T${String(hour).padStart(2, '0')}:00:00.000Z`
const open = (world: World, id = 'A', owner?: string) =>
  world.openAccount({ id, name: `Account ${id}`, kind: 'checking', asset: 'EUR', ...(owner && { owner }) })

/** Edited, deleted, replaced, twins; in several pages of several groups, and a balance that tells of an opening. */
function fillFeed(world: World): void {
  open(world)
  world.setOpening('A', 'EUR', '100')
  const put = (id: string, ago: number, amount: string, rest = {}) =>
    world.put({ account: 'A', id, occurredAt: day(ago), amount, ...rest })
  put('twin 1', 9, '-3.2')
  put('twin 2', 9, '-3.2')
  put('edited', 7, '10')
  put('gone', 6, '99')
  put('pending', 5, '-20', { status: 'pending' })
  put('edited', 8, '12.5')
  world.remove('A', 'gone')
  put('posted', 4, '-21', { replaces: 'pending' })
  world.remove('A', 'pending')
  put('last', 1, '7')
}

function fillWindows(world: World): void {
  open(world)
  world.setOpening('A', 'EUR', '100')
  for (const ago of [1, 1, 3, 12, 20, 27, 33, 33, 38])
    world.put({ account: 'A', id: `${ago} ${world.rows().length}`, occurredAt: day(ago), amount: `${ago}.5` })
}

const scenarios: Record<string, Scenario> = {
  'a feed behind a cursor': {
    options: { pageSize: 3, pagesPerGroup: 2, balances: true },
    fill: fillFeed,
    rows: 5,
  },
  'windows and their backfill': {
    options: { pageSize: 4, balances: true, history: { windowDays: 20, maxDays: 30, mutableDays: 10 } },
    fill: fillWindows,
    rows: 6,
  },
  'windows on the day after, when rows are gone': {
    options: { pageSize: 3, balances: true, history: { windowDays: 20, maxDays: 20, mutableDays: 14 } },
    fill: fillWindows,
    async before({ provider, clock, run }) {
      await run(countingSteps().around)
      provider.world.remove('A', '3 2')
      provider.world.put({ account: 'A', id: '12 3', occurredAt: day(11), amount: '-4' })
      provider.world.put({ account: 'A', id: 'new', occurredAt: day(-1, 1), amount: '1' })
      clock.moveTo(new Date('2024-06-16T12:00:00Z'))
    },
    rows: 5,
  },
  'a connection of the platform, whose users it brings along': {
    options: { pageSize: 3, balances: true, platform: true },
    platform: true,
    fill(world) {
      for (const owner of ['u1', 'u2', 'u3']) {
        open(world, `of ${owner}`, owner)
        for (const ago of [2, 1])
          world.put({ account: `of ${owner}`, id: `${ago}`, occurredAt: day(ago), amount: `${ago}` })
      }
    },
    rows: 6,
  },
  'a batch of connections': {
    options: { batchMax: 10 },
    tokens: ['t1', 't2', 't3'],
    fill(world) {
      for (const token of ['t1', 't2', 't3']) {
        open(world, `of ${token}`)
        for (const ago of [2, 1])
          world.put({ account: `of ${token}`, id: `${ago}`, occurredAt: day(ago), amount: `${ago}` })
      }
    },
    rows: 6,
  },
  'a feed of prices': {
    options: { pageSize: 2, prices: true },
    platform: true,
    fill(world, id) {
      // Prices are everybody's: each trial has an asset of its own.
      for (const ago of [4, 3, 2, 1, 0])
        world.putPrice({ asset: id, currency: 'EUR', day: day(ago).slice(0, 10), price: `${1000 + ago}.5` })
    },
    rows: 0,
  },
  'a dead letter of a record, run again': {
    options: { pageSize: 5 },
    fill: fillFeed,
    async before({ id, provider, clock, run }) {
      provider.faults.plan({
        kind: 'rewritten',
        rewrite: (body) => body.replace('"amount":"-3.2"', '"amount":{}'),
      })
      await run(countingSteps().around)
      expect((await syncState(db, id)).letters).toHaveLength(1)
      await retryDeadLetters(db.sql, { sourceId: await sourceOf(id) }, clock.now())
    },
    rows: 5,
  },
  'a dead letter of a backfill, run again': {
    options: { pageSize: 4, history: { windowDays: 20, maxDays: 40 } },
    fill: fillWindows,
    async before({ id, provider, clock, run }) {
      // The first backfill is the third request; it is given up at once.
      await db.sql`UPDATE user_source SET backfill_attempts = ${maxAttempts - 1} WHERE source_type_id = ${id}`
      provider.faults.plan({ kind: 'status', status: 500 }, 2)
      const steps = countingSteps()
      await run(async (step, take) => {
        const taken = await steps.around(step, take)
        if (step.label.startsWith('SELECT finish_sync'))
          await db.sql`UPDATE user_source SET backfill_attempts = ${maxAttempts - 1} WHERE source_type_id = ${id}`
        return taken
      })
      expect((await syncState(db, id)).letters).toMatchObject([{ kind: 'fetch', status: 'open' }])
      await db.sql`UPDATE user_source SET backfill_attempts = 0 WHERE source_type_id = ${id}`
      await retryDeadLetters(db.sql, { sourceId: await sourceOf(id) }, clock.now())
    },
    rows: 9,
  },
  'credentials that are exchanged in the middle': {
    options: { pageSize: 2, rotating: true, schedule: { dailyAt: '04:00', timeZone: 'UTC' } },
    fill(world) {
      open(world)
      for (const ago of [4, 3, 2, 1, 0])
        world.put({ account: 'A', id: `${ago}`, occurredAt: day(ago), amount: `${ago}.5` })
    },
    rows: 5,
  },
}

async function sourceOf(id: string): Promise<string> {
  const [row] = await db.sql`SELECT id FROM user_source WHERE source_type_id = ${id}`
  return row!.id
}

let trials = 0

/** A provider, its connections and everything before the process under test, anew. */
async function prepare({ options, fill, tokens = ['good'], platform, before }: Scenario): Promise<Trial> {
  const id = `trial-${trials++}`
  const clock = createVirtualClock(start)
  const provider = await startSampleProvider({
    schedule: { dailyAt: '04:00', timeZone: 'UTC' },
    limits: [limit],
    ...options,
    id,
    clock: clock.now,
  })
  fill(provider.world, id)
  const owner = platform ? null : (await newPerson(db)).user.id
  for (const token of tokens)
    await connectSource(db, owner, { ...provider, credentials: { token } }, clock, token)
  const run = (around: Around) => {
    const horizon = new Date(`${clock.now().toISOString().slice(0, 10)}T23:00:00Z`)
    return runAllDue(testProcess(db, clock, [provider], around), db, clock, id, horizon)
  }
  const trial = { id, clock, provider, run }
  await before?.(trial)
  return trial
}

describe('killed at every step, before and behind its effect, a sync ends as if it had not been', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(name, async () => {
      const undisturbed = await prepare(scenario)
      await undisturbed.run(countingSteps().around)
      const expected = await syncState(db, undisturbed.id)
      const expectedCounts = await runCounts(db, undisturbed.id)
      expect(expected.rows.filter(({ kind }) => kind === 'other')).toHaveLength(scenario.rows)
      expect(expected).toMatchObject({ letters: [] })
      expect(undisturbed.provider.traffic.requests().filter(({ status }) => status !== 200)).toHaveLength(
        scenario.before && name.includes('backfill, run') ? 1 : 0,
      )
      await undisturbed.provider.close()

      const killedAt = async (n: number, when: 'before' | 'after') => {
        const trial = await prepare(scenario)
        const process = dyingAt(n, when)
        const ended = await Promise.race([trial.run(process.around), process.death])
        const told = `killed ${when} step ${n}, ${process.steps.at(-1)!.label}`
        // Another process goes on as soon as the lease has ended.
        await trial.run(countingSteps().around)
        expect(await syncState(db, trial.id), told).toEqual(expected)
        const counts = await runCounts(db, trial.id)
        expect(counts.added - counts.removed, told).toBe(expectedCounts.added - expectedCounts.removed)
        expect(counts.unended, told).toBeLessThanOrEqual(
          ended === 'dead' ? (scenario.tokens?.length ?? 1) : 0,
        )
        expect(counts.overlong, told).toBe(0)
        expect(trial.provider.traffic.mostWithin(limit.per), told).toBeLessThanOrEqual(limit.max)
        await trial.provider.close()
        return ended === 'dead' ? 'stopped' : 'ended'
      }
      expect(await forEveryStep((n) => killedAt(n, 'before'))).toBeGreaterThan(10)
      expect(await forEveryStep((n) => killedAt(n, 'after'))).toBeGreaterThan(10)
    })
  }
})
