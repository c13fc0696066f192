import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createFolderStore } from '../../src/archive/folder-store.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { connect } from '../../src/db/client.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { type CommandLine, commandLine } from '../cli/command.ts'
import { type Bank, startBank } from './bank.ts'
import { createCheckedFetch } from './checked-fetch.ts'
import { endLeases } from './end-leases.ts'
import { worthByDay } from './ledger.ts'
import { isShort, rounds, seed } from './options.ts'
import { atEnd, startOwnServer, temporaryFolder } from './own-server.ts'
import { createPatience } from './patience.ts'
import { createPerson, type Person } from './person.ts'
import { oldDays, readAll } from './person-reads.ts'
import { seededBy } from './seeded.ts'
import { tell } from './tell.ts'

/** Milliseconds from the server's restart, in which everything has to work again. */
const longestRecovery = 10_000
const people = 4
const today = new Date().toISOString().slice(0, 10)

test(`the server stopped ${rounds} times with -m immediate under mixed load loses nothing that was acknowledged`, async () => {
  const seeded = seededBy(seed)
  const server = await startOwnServer()
  const url = await server.createDatabase('stopped')
  const bank = await startBank()
  const folder = await temporaryFolder()
  const archive = join(folder, 'archive')
  const command = commandLine({ url }, folder, {
    TIDEMARK_ARCHIVE: archive,
    TIDEMARK_KEY: Buffer.alloc(32, 7).toString('base64'),
    TIDEMARK_CONNECTORS: fileURLToPath(new URL('provider', import.meta.url)),
    TIDEMARK_ALLOWED_HOSTS: bank.host,
    PORT: '0',
    LOG_LEVEL: 'error',
  })
  const serving = command.start(['serve', '--no-scheduler'])
  const working = command.start(['worker'])
  atEnd(async () => {
    for (const { process, ended } of [serving, working]) {
      process.kill('SIGKILL')
      await ended
    }
  })
  const [line] = await once(serving.process.stdout!, 'data')
  const baseUrl = /http:\/\/\S+/.exec(String(line))![0]

  const checked = createCheckedFetch()
  const patience = createPatience()
  const persons = await Promise.all(
    Array.from({ length: people }, (_, number) =>
      createPerson(number, { people, baseUrl, bank, checked, patience, seeded, today }),
    ),
  )
  let stopping = false
  const faults: unknown[] = []
  const keepOn = async (step: () => Promise<void>) => {
    while (!stopping && faults.length === 0) {
      await step().catch((fault: unknown) => faults.push(fault))
      await wait(10)
    }
  }
  const load = persons.flatMap(({ write, read }) => [keepOn(write), keepOn(read)])
  const runs = keepArchiving(command, url, () => stopping)
  const slowestFirst = new Map<string, number>()
  const kinds = 17
  for (let round = 0; round < rounds && faults.length === 0; round++) {
    await wait(seeded.between(200, 1500))
    await server.stopImmediately()
    await wait(seeded.between(0, 1000))
    await server.start()
    for (const person of persons) person.chooseAnew(`stop ${round}`)
    patience.restarted()
    const giveUp = performance.now() + 2 * longestRecovery
    while (patience.firstAnswers.size < kinds && faults.length === 0 && performance.now() < giveUp)
      await wait(10)
    if (patience.firstAnswers.size < kinds)
      faults.push(
        `round ${round}: of ${kinds} kinds of requests, answered were ${[...patience.firstAnswers.keys()]}`,
      )
    for (const [kind, milliseconds] of patience.firstAnswers)
      slowestFirst.set(kind, Math.max(slowestFirst.get(kind) ?? 0, Math.round(milliseconds)))
  }
  stopping = true
  await Promise.all(load)
  const archived = await runs
  tell('immediate stops', {
    archived,
    answered: patience.answered,
    retried: patience.retried,
    problems: checked.problems,
    firstAnswerMs: slowestFirst,
    slowestRetryMs: Math.round(patience.slowestRetry()),
    slowestAnswerMs: Math.round(checked.slowest()),
  })
  expect(faults).toEqual([])
  expect(checked.breaches).toEqual([])
  expect([serving.process.exitCode, working.process.exitCode]).toEqual([null, null])
  expect(Math.max(...slowestFirst.values())).toBeLessThan(longestRecovery)
  expect(patience.slowestRetry()).toBeLessThan(longestRecovery)

  const sql = connect(url, { max: 2 })
  // Whoever had a source when the server stopped leaves it for a minute.
  if (isShort) await endLeases(sql)
  for (const person of persons) await settled(person)
  for (const person of persons) await expectWhole(person, bank)
  const [engine] = await sql`SELECT to_regclass('_timescaledb_catalog.hypertable') IS NOT NULL AS timescale`
  await refreshRollups(sql, engine!.timescale ? 'timescale' : 'plain')
  for (const person of persons) await expectWhole(person, bank)
  expect(archived).toMatchObject({ completed: expect.toSatisfy((runs) => runs > 0), refused: '' })
  const store = createFolderStore(archive, () => new Date())
  const db = { sql, engine: engine!.timescale ? 'timescale' : 'plain' } as const
  const clock = () => new Date()
  const verified = await verifyArchive({ store, db, clock, signal: new AbortController().signal })
  expect(verified.faults).toEqual([])
  expect(verified.transactions).toBeGreaterThan(0)
  // Nobody else's: what was refused, or had no answer, has left nothing behind.
  const [users] = await sql`SELECT count(*)::int AS count FROM app_user WHERE email LIKE '%@example.org'`
  expect(users!.count).toBe(persons.reduce((sum, { friends }) => sum + 1 + friends.length, 0))
  for (const person of persons) for (const friend of person.friends.slice(0, 5)) await person.logIn(friend)
  await sql.end()
})

/**
 * `tidemark archive run`, one after the other, each broken off where the server stops. Resolves behind one that came to
 * its end, everything written.
 */
async function keepArchiving(command: CommandLine, url: string, isOver: () => boolean) {
  const sql = connect(url, { max: 1 })
  const counts = { completed: 0, brokenOff: 0, refused: '' }
  for (const giveUp = performance.now() + 1_200_000; performance.now() < giveUp; ) {
    const last = isOver()
    // As if the two minutes had passed for which one that was broken off holds the policy.
    await sql`UPDATE policy SET lease_token = NULL, lease_until = NULL WHERE name = 'archive'`.catch(() => {})
    const { ended } = command.start(['archive', 'run', '--after-days', String(oldDays)])
    const { code, stderr } = await ended
    if (code === 0) counts.completed++
    else counts.brokenOff++
    if (code !== 0 && code !== 1) counts.refused = stderr
    if (counts.refused !== '' || (last && code === 0)) break
  }
  await sql.end()
  return counts
}

/** Waits until the worker has brought what is at the bank. */
async function settled({ client, sources, logIn }: Person): Promise<void> {
  await logIn()
  const asked = new Date().toISOString()
  for (const id of sources) await client.syncSource({ params: { id } })
  for (const giveUp = performance.now() + 120_000; ; await wait(100)) {
    const told = await Promise.all(sources.map((id) => client.getSource({ params: { id } })))
    const late = told.filter(({ lastSyncTime }) => lastSyncTime === null || lastSyncTime < asked)
    if (late.length === 0) return
    if (performance.now() > giveUp) throw new Error(`does not come to an end: ${JSON.stringify(late)}`)
  }
}

/** Every account has what was acknowledged or what the bank has, once each, and every day its worth. */
async function expectWhole({ client, ledger, cash, house, tokens, logIn }: Person, bank: Bank) {
  await logIn()
  const atBank = tokens.flatMap((token) => bank.world(token).rows())
  const all = (await readAll(client)).filter(({ accountId }) => accountId !== house)
  const asTold = (
    entries: { description?: string | null; date: string; amount: string; note?: string | null }[],
  ) =>
    entries
      .map(({ description, date, amount, note }) => `${date} ${amount} ${description} ${note ?? ''}`)
      .toSorted()
  const movements = [
    ...ledger.entries,
    ...ledger.rows,
    ...atBank.map(({ occurredAt, amount, description }) => ({
      date: occurredAt.slice(0, 10),
      amount,
      description: description!,
    })),
  ]
  expect(asTold(all)).toEqual(asTold(movements))
  expect(all.filter(({ accountId }) => accountId === cash)).toHaveLength(ledger.entries.length)
  const { points } = await client.getNetWorth({ query: { to: today, interval: 'day' } })
  const expected = worthByDay(movements, ledger.balances, points[0]!.date, today)
  expect(points.map(({ date, netWorth }) => [date, netWorth])).toEqual([...expected])
}
