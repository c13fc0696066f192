import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { type Database, prepareDatabase } from '../../src/db/database.ts'
import { mendFutureTimes } from '../../src/db/future-times.ts'
import { requestSync } from '../../src/db/sources.ts'
import { createClockGuard } from '../../src/scheduler/clock-guard.ts'
import { createWorker } from '../../src/scheduler/worker.ts'
import { startApp } from '../setup/http.ts'
import { newPerson } from '../setup/people.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'
import { type Bank, startBank } from './bank.ts'
import { endLeases } from './end-leases.ts'
import { isShort, rounds, seed } from './options.ts'
import { atEnd, startOwnServer } from './own-server.ts'
import { connector } from './provider/index.ts'
import { type Seeded, seededBy } from './seeded.ts'
import { tell } from './tell.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const steps = [-5 * day, -3 * hour, -minute, minute, 5 * minute, 3 * hour, 5 * day, 400 * day]
const sources = 20
const [limit] = connector.limits

async function openDatabase(name: string): Promise<Database> {
  // Clocks go wrong here, and never the server.
  const server = await startOwnServer({ fsync: 'off' })
  const url = await server.createDatabase(name)
  const sql = connect(url, { max: 6 })
  atEnd(() => sql.end({ timeout: 1 }))
  return prepareDatabase(sql, { url, rawRetentionDays: undefined, now: new Date() })
}

/** A worker with a clock of its own, which is off by as much as it is told. */
function startWorker(db: Database, bank: Bank) {
  let off = 0
  const clock = () => new Date(Date.now() + off)
  const provider = { connector, host: bank.host }
  const scheduler = testScheduler(db, createVirtualClock(new Date(0)), [provider], {
    clock,
    sleep: (milliseconds, signal) => wait(milliseconds, undefined, { signal }),
  })
  const clockAgrees = createClockGuard(scheduler)
  const worker = createWorker({ ...scheduler, clockAgrees }, { concurrency: 4 })
  const looking = setInterval(() => void worker.tick(), 200)
  atEnd(async () => {
    clearInterval(looking)
    scheduler.drain()
    scheduler.abandon()
    await worker.idle()
  })
  return {
    step: (milliseconds: number) => {
      off = milliseconds
    },
  }
}

function happen(bank: Bank, token: string, rows: number, seeded: Seeded): void {
  const world = bank.world(token)
  const before = world.events().length
  for (let n = 0; n < rows; n++)
    world.put({
      account: 'A',
      id: `${before + n}`,
      occurredAt: new Date(Date.now() - seeded.between(1, 60) * day).toISOString(),
      amount: `${seeded.between(1, 999)}.5`,
      description: `${token} ${before + n}`,
    })
}

test(`a clock that steps ${rounds} times: what is synced is whole, nothing waits for times to come`, async () => {
  const seeded = seededBy(seed).fork('clock steps')
  const db = await openDatabase('clocks')
  // Slow, so that syncs run through steps.
  const delays = seeded.fork('delays')
  const bank = await startBank(() => wait(delays.between(10, 200)))
  const { user } = await newPerson(db)
  const ids: string[] = []
  for (let n = 0; n < sources; n++) {
    const token = `source ${n}`
    bank.world(token).openAccount({ id: 'A', name: token, kind: 'checking', asset: 'EUR' })
    happen(bank, token, seeded.between(30, 60), seeded)
    const provider = { connector, credentials: { token }, config: { baseUrl: bank.url } }
    ids.push(await connectSource(db, user.id, provider, createVirtualClock(new Date()), token))
  }
  const [stepping, right, ahead] = [startWorker(db, bank), startWorker(db, bank), startWorker(db, bank)]
  right.step(0)
  ahead.step(5 * minute)
  for (let round = 0; round < rounds; round++) {
    await wait(seeded.between(100, 800))
    stepping.step(seeded.pick(steps))
    for (let left = 5; left > 0; left--) {
      const number = seeded.between(0, sources - 1)
      happen(bank, `source ${number}`, seeded.between(1, 20), seeded)
      await requestSync(db.sql, [ids[number]!], new Date())
    }
    await wait(seeded.between(100, 800))
    stepping.step(0)
  }
  // Before the request: a sync that a worker begins at once has begun behind this moment.
  const asked = new Date().toISOString()
  // As the upkeep of every worker does once an hour.
  const mended = await mendFutureTimes(db.sql, new Date())
  if (isShort) await endLeases(db.sql)
  await requestSync(db.sql, ids, new Date())
  const late = async () => {
    const rows = await db.sql`
      SELECT name, next_sync_at, last_sync_time, lease_until FROM user_source
      WHERE source_type_id = ${connector.id} AND (last_sync_time IS NULL OR last_sync_time < ${asked})`
    return [...rows]
  }
  // Whoever had a lease, and lost it to another clock, leaves it for a minute.
  for (const giveUp = performance.now() + 150_000; (await late()).length > 0; await wait(200))
    if (performance.now() > giveUp) throw new Error(`these wait: ${JSON.stringify(await late())}`)
  const most = bank.traffic.mostWithin(limit!.per)
  tell('clock steps', { requests: bank.traffic.requests().length, most, budget: limit!.max, ...mended })
  const truth = ids.flatMap((_, n) =>
    bank
      .world(`source ${n}`)
      .rows()
      .map(({ description, occurredAt, amount }) => `${description} ${occurredAt.slice(0, 10)} ${amount}`),
  )
  const stored = await db.sql<{ text: string }[]>`
    SELECT description || ' ' || booked_on || ' ' || trim_scale(amount) AS text FROM transaction`
  expect(stored.map(({ text }) => text).toSorted()).toEqual(truth.toSorted())
  expect(most).toBeLessThanOrEqual(limit!.max)
})

test('log-ins survive a step of the clock, and access tokens are good for no longer by it', async () => {
  const db = await openDatabase('tokens')
  const http = await startApp(db)
  const start = http.time.now.getTime()
  const at = (milliseconds: number) => {
    http.time.now = new Date(start + milliseconds)
  }
  const email = 'clock@example.org'
  const password = 'correct horse battery staple'
  await http.json('POST', '/v1/users', { body: { email, password } })
  let { body: tokens } = await http.json('POST', '/v1/tokens', { body: { email, password } })
  const read = async (token: string) => (await http.ask('GET', '/v1/users/me', { token })).status
  const refresh = async () => {
    const { status, body } = await http.json('POST', '/v1/tokens/refresh', {
      body: { refreshToken: tokens.refreshToken },
    })
    expect(status).toBe(200)
    tokens = body
  }
  expect(await read(tokens.accessToken)).toBe(200)
  for (const step of seededBy(seed)
    .fork('tokens')
    .shuffled([-day, -hour, -10 * minute, hour, day, 20 * day])) {
    const before = tokens.accessToken
    at(step)
    // Not good yet, or expired; by that clock a new one is, as long as it shows that time.
    expect([step, await read(before)]).toEqual([step, 401])
    await refresh()
    const then = tokens.accessToken
    expect([step, await read(then)]).toEqual([step, 200])
    at(0)
    expect([step, await read(then)]).toEqual([step, 401])
    await refresh()
    expect([step, await read(tokens.accessToken)]).toEqual([step, 200])
  }
})
