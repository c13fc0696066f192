import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { fillWorld, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource } from '../setup/scheduling.ts'
import type { SyncProcessOptions } from '../setup/sync-process.ts'
import { runAllDue, runCounts, syncState } from '../setup/sync-state.ts'
import { countingSteps, testProcess } from '../setup/test-process.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})

const start = new Date('2024-06-15T12:00:00Z')
const horizon = new Date('2024-06-15T23:00:00Z')
const script = fileURLToPath(new URL('../setup/sync-process.ts', import.meta.url))
let trials = 0

/** A sync by a process of its own, which is killed when the n-th request has arrived, or was answered. */
async function killedAt(n: number, moment: 'arrived' | 'answered') {
  const connector = {
    id: `killed-${trials++}`,
    limits: [{ scope: 'client', max: 3, per: 10_000, kind: 'sliding' } as const],
    history: { windowDays: 20, maxDays: 40 },
    schedule: { dailyAt: '04:00', timeZone: 'UTC' } as const,
    balances: true,
  }
  const clock = createVirtualClock(start)
  let kill = () => {}
  let requests = 0
  const provider = await startSampleProvider({
    ...connector,
    pageSize: 10,
    enforceLimits: false,
    clock: clock.now,
    onRequest: (_, at) => {
      if (at === 'arrived') requests++
      if (requests === n && at === moment) kill()
    },
  })
  fillWorld(provider.world, '2024-06-15', 40)
  const { user } = await newPerson(db)
  await connectSource(db, user.id, provider, clock)
  const options: SyncProcessOptions = {
    databaseUrl: db.url,
    host: provider.host,
    connector,
    start: start.toISOString(),
    horizon: horizon.toISOString(),
  }
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { PATH: process.env.PATH, SYNC_PROCESS: JSON.stringify(options) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  kill = () => child.kill('SIGKILL')
  const [code, signal] = await once(child, 'close')
  // Behind the lease's end, and whatever the process had moved its own clock on by.
  clock.moveTo(new Date(start.getTime() + 300_000))
  const process2 = testProcess(db, clock, [provider], countingSteps().around)
  await runAllDue(process2, db, clock, connector.id, horizon)
  await provider.close()
  return {
    ended: signal ?? code,
    state: await syncState(db, connector.id),
    counts: await runCounts(db, connector.id),
  }
}

test('killed with a request under way, or just answered, a process loses nothing and doubles nothing', async () => {
  const whole = await killedAt(0, 'arrived')
  expect(whole.ended).toBe(0)
  expect(whole.state.rows.filter(({ kind }) => kind === 'other')).toHaveLength(40)
  const killed = await Promise.all([
    killedAt(1, 'arrived'),
    killedAt(2, 'answered'),
    killedAt(3, 'arrived'),
    killedAt(4, 'answered'),
    killedAt(5, 'answered'),
  ])
  for (const { ended, state, counts } of killed) {
    expect(ended).toBe('SIGKILL')
    expect(state).toEqual(whole.state)
    expect(counts.added - counts.removed).toBe(40)
    expect(counts.unended).toBeLessThanOrEqual(1)
  }
})
