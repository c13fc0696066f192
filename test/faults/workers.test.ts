import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { connect, type Sql } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { requestSync } from '../../src/db/sources.ts'
import { commandLine } from '../cli/command.ts'
import { newPerson, now } from '../setup/people.ts'
import { connectSource } from '../setup/scheduling.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'
import { type Bank, startBank } from './bank.ts'
import { endLeases } from './end-leases.ts'
import { isShort, rounds, seed } from './options.ts'
import { atEnd, startOwnServer, temporaryFolder } from './own-server.ts'
import { connector } from './provider/index.ts'
import { seededBy } from './seeded.ts'
import { createCounts, tell } from './tell.ts'

const workers = 3
const sources = 10 + 3 * rounds
/** Milliseconds: longer than a lease, and than the timeout of a request. */
const longPause = 70_000
const [limit] = connector.limits

test(`three workers, killed and paused ${rounds} times, keep the budget, and lose and double nothing`, async () => {
  const seeded = seededBy(seed).fork('workers')
  const server = await startOwnServer()
  const url = await server.createDatabase('workers')
  const sql = connect(url, { max: 3 })
  atEnd(() => sql.end({ timeout: 1 }))
  const db = await prepareDatabase(sql, { url, rawRetentionDays: undefined, now: new Date() })
  const bank = await startBank()
  const command = commandLine({ url }, await temporaryFolder(), {
    TIDEMARK_KEY: Buffer.alloc(32, 7).toString('base64'),
    TIDEMARK_CONNECTORS: fileURLToPath(new URL('provider', import.meta.url)),
    TIDEMARK_ALLOWED_HOSTS: bank.host,
    LOG_LEVEL: 'error',
  })
  const start = async () => {
    const { process } = command.start(['worker'])
    await once(process.stdout!, 'data')
    return process
  }
  const numbers = Array.from({ length: workers }, (_, number) => number)
  const running: ChildProcess[] = await Promise.all(numbers.map(start))

  const { user } = await newPerson(db)
  const clock = createVirtualClock(new Date())
  const ids: string[] = []
  for (let n = 0; n < sources; n++) {
    const token = `source ${n}`
    bank.world(token).openAccount({ id: 'A', name: token, kind: 'checking', asset: 'EUR' })
    happen(bank, token, seeded.between(30, 90))
    const provider = { connector, credentials: { token }, config: { baseUrl: bank.url } }
    ids.push(await connectSource(db, user.id, provider, clock, token))
  }

  function happen(bank: Bank, token: string, rows: number): void {
    const world = bank.world(token)
    const before = world.events().length
    for (let n = 0; n < rows; n++)
      world.put({
        account: 'A',
        id: `${before + n}`,
        occurredAt: new Date(now.getTime() - seeded.between(0, 60) * 86_400_000).toISOString(),
        amount: `${seeded.between(1, 999)}.${seeded.between(0, 9)}5`,
        description: `${token} ${before + n}`,
      })
    const known = world.rows()
    world.put({ ...seeded.pick(known), amount: '7.25' })
    world.remove('A', seeded.pick(known).id)
  }

  const counts = createCounts()
  const pause = async (worker: ChildProcess, milliseconds: number) => {
    worker.kill('SIGSTOP')
    await wait(milliseconds)
    worker.kill('SIGCONT')
  }
  /** The worker that is paused for longer than a lease, which is left alone from then on: no choice waits for its end. */
  let longPaused: { number: number; over: Promise<void> } | undefined
  for (let round = 0; round < rounds; round++) {
    await wait(seeded.between(300, 1500))
    const number = seeded.pick(numbers.filter((each) => each !== longPaused?.number))
    const worker = running[number]!
    const fault = seeded.pick(['kill', 'pause', 'pause past the lease'])
    counts.add(fault)
    if (fault === 'kill') {
      worker.kill('SIGKILL')
      await once(worker, 'close')
      running[number] = await start()
    } else if (fault === 'pause') await pause(worker, seeded.between(100, 3000))
    else if (isShort || longPaused) {
      // As if the lease's minute had passed meanwhile.
      const over = pause(worker, 1_500)
      await endLeases(sql)
      await over
    } else longPaused = { number, over: pause(worker, longPause) }
    const changed = seeded.between(0, sources - 1)
    happen(bank, `source ${changed}`, seeded.between(1, 30))
    await requestSync(sql, [ids[changed]!], new Date())
  }
  await longPaused?.over
  // Before the request: a sync that a worker begins at once has begun behind this moment.
  const asked = new Date().toISOString()
  if (isShort) await endLeases(sql)
  await requestSync(sql, ids, new Date())
  for (const giveUp = performance.now() + 180_000; (await unsynced(sql, asked)) > 0; await wait(200))
    if (performance.now() > giveUp) throw new Error(`${await unsynced(sql, asked)} sources are not synced`)
  for (const worker of running) {
    worker.kill('SIGTERM')
    await once(worker, 'close')
  }

  const [runs] = await sql<{ runs: number; overtaken: number; kept: number }[]>`
    SELECT count(*)::int AS runs, count(*) FILTER (WHERE ended_at IS NULL)::int AS overtaken,
      coalesce(sum(added) - sum(removed), 0)::int AS kept FROM sync_run`
  const requests = bank.traffic.requests().length
  const most = bank.traffic.mostWithin(limit!.per)
  tell('workers', { faults: counts, sources, requests, most, budget: limit!.max, ...runs })
  const truth = ids.flatMap((_, n) =>
    bank
      .world(`source ${n}`)
      .rows()
      .map(({ description, occurredAt, amount }) => `${description} ${occurredAt.slice(0, 10)} ${amount}`),
  )
  const stored = await sql<{ text: string }[]>`
    SELECT description || ' ' || booked_on || ' ' || trim_scale(amount) AS text FROM transaction`
  expect(stored.map(({ text }) => text).toSorted()).toEqual(truth.toSorted())
  expect(runs!.kept).toBe(truth.length)
  expect(most).toBeLessThanOrEqual(limit!.max)
  const letters = await sql`SELECT kind, error FROM dead_letter`
  expect([...letters]).toEqual([])
})

async function unsynced(sql: Sql, since: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM user_source
    WHERE source_type_id = ${connector.id} AND (last_sync_time IS NULL OR last_sync_time < ${since})`
  return row!.count
}
