import { beforeAll, expect, test } from 'vitest'
import { policiesOf } from '../../src/db/policies/all.ts'
import type { ArchiveRunner } from '../../src/db/policies/archive.ts'
import { claimPolicies, leaseSeconds } from '../../src/db/policies/claims.ts'
import { setSetting } from '../../src/db/policies/settings.ts'
import { readPolicyStates } from '../../src/db/policies/states.ts'
import { createLogger } from '../../src/logger.ts'
import { createUpkeep, type UpkeepOptions } from '../../src/scheduler/upkeep.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { now } from '../setup/people.ts'

let db: TestDatabase
let clock = now
const pass = (seconds: number) => {
  clock = new Date(clock.getTime() + seconds * 1000)
}
const states = async () =>
  Object.fromEntries((await readPolicyStates(db, clock)).map((state) => [state.name, state]))
const upkeepOf = (options: UpkeepOptions = {}) =>
  createUpkeep({ log: createLogger('silent'), clock: () => clock }, db, options)

beforeAll(async () => {
  db = await cloneDatabase()
})

test('every policy runs when it is due, whichever of two workers takes it', async () => {
  const workers = [upkeepOf(), upkeepOf()]
  const everybody = async () => {
    await Promise.all(workers.map((worker) => worker.tick()))
    await Promise.all(workers.map((worker) => worker.idle()))
  }
  await everybody()
  for (const { lastRun } of Object.values(await states())) expect(lastRun).toBeNull()
  pass(24 * 3600)
  await everybody()
  const runnable = policiesOf(db.engine).filter((policy) => policy.runnable !== false)
  for (const { name } of runnable) {
    const { lastRun, lastStatus, nextRun } = (await states())[name]!
    expect([name, lastRun, lastStatus]).toEqual([name, clock, 'succeeded'])
    expect(nextRun!.getTime()).toBeGreaterThan(clock.getTime())
  }
  expect((await states()).archive).toMatchObject({ lastRun: null, nextRun: null })
  await Promise.all(workers.map((worker) => worker.stop()))
})

/** Not run where no archive is configured. */
const isArchive = (name: string) => name.startsWith('archive')

test('what a clock that was a year ahead has planned and held is due at once when a clock agrees', async () => {
  const right = clock
  let agrees = true
  const upkeep = upkeepOf({ clockAgrees: async () => agrees })
  const turn = async () => {
    await upkeep.tick()
    await upkeep.idle()
  }
  pass(24 * 3600)
  await turn()
  const inOrder = await states()
  await turn()
  expect(await states()).toEqual(inOrder)

  pass(365 * 24 * 3600)
  await turn()
  const policies = policiesOf(db.engine).filter(({ name }) => name === 'tries')
  await claimPolicies(db.sql, policies, { now: clock, due: false, rawRetentionDays: undefined })
  const ahead = await states()
  clock = new Date(right.getTime() + 25 * 3600_000)
  for (const { name, nextRun } of Object.values(ahead))
    if (!isArchive(name) && name !== 'tries') expect([name, nextRun! > clock]).toEqual([name, true])
  agrees = false
  await turn()
  expect(await states()).toEqual(ahead)
  agrees = true
  await turn()
  for (const { name, lastRun, lastStatus, nextRun } of Object.values(await states())) {
    if (isArchive(name)) continue
    expect([name, lastRun, lastStatus]).toEqual([name, clock, 'succeeded'])
    expect(nextRun!.getTime() - clock.getTime()).toBeLessThanOrEqual(24 * 3600_000)
  }
  await upkeep.stop()
})

test('nothing is planned by a clock that does not agree', async () => {
  const other = await cloneDatabase()
  const upkeep = createUpkeep({ log: createLogger('silent'), clock: () => clock }, other, {
    clockAgrees: async () => false,
  })
  await upkeep.tick()
  await upkeep.stop()
  expect(await other.sql`SELECT name FROM policy WHERE next_run_at IS NOT NULL`).toEqual([])
})

test('the archive’s runner is called with its days, by one worker, and again when that one died', async () => {
  await setSetting(db, 'archive.afterDays', '450', { now: clock, connectors: {} })
  const called: string[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const archive =
    (name: string, wait = Promise.resolve()): ArchiveRunner =>
    async ({ settings, signal }) => {
      called.push(`${name} ${settings.afterDays}`)
      await wait
      return { message: `${name} ${signal.aborted ? 'was stopped' : 'was done'}` }
    }
  const [stuck, heir] = [
    upkeepOf({ archive: archive('stuck', held) }),
    upkeepOf({ archive: archive('heir') }),
  ]
  pass(24 * 3600)
  await stuck.tick()
  await heir.tick()
  expect(called).toEqual(['stuck 450'])
  pass(leaseSeconds)
  await heir.tick()
  await heir.idle()
  expect(called).toEqual(['stuck 450', 'heir 450'])
  release()
  await Promise.all([stuck.stop(), heir.stop()])
  expect((await states()).archive).toMatchObject({ lastMessage: 'heir was done', failures: 0 })
})
