import { beforeAll, expect, test } from 'vitest'
import type { Sql } from '../../src/db/client.ts'
import { connect, sqlState } from '../../src/db/client.ts'
import { ArchiveDamagedError, ArchiveMissingError, ArchiveUnavailableError } from '../../src/errors.ts'
import { createReader } from '../../src/http/reader.ts'
import { startApp } from '../setup/http.ts'
import { readOperations } from '../setup/openapi.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { type Replicated, startReplicated } from '../setup/replica.ts'

let replicated: Replicated

beforeAll(async () => {
  // A read that stands in the way of what is replayed is ended at once.
  replicated = await startReplicated({ max_standby_streaming_delay: '0', hot_standby_feedback: 'off' })
})

/** Counts what is asked of a client. */
function counting(sql: Sql): { sql: Sql; asked(): number } {
  let count = 0
  const counted = new Proxy(sql, {
    apply(target, self, args) {
      count++
      return Reflect.apply(target as never, self, args)
    },
  })
  return { sql: counted, asked: () => count }
}

test('reads come from a replica that has caught up, and everybody reads what was written before they asked', async () => {
  const { db, replicaUrl, caughtUp } = replicated
  const replica = connect(replicaUrl, { max: 2 })
  await replica`SELECT 1`
  const { user, sourceId } = await newPerson(db)
  const reader = counting(replica)
  const primary = counting(db.sql)
  const http = await startApp({ ...db, sql: primary.sql }, { replica: reader.sql })
  const token = await http.tokenFor(user.id)
  const worth = async () => {
    const { body } = await http.json('GET', '/v1/net-worth?from=2024-06-15&interval=day', { token })
    return body.points[0].netWorth
  }
  await ingest(db, sourceId, [row('1', '2024-06-03', '1')])
  await caughtUp()

  // That they looked is noted once in an hour.
  await http.ask('GET', '/v1/users/me', { token })
  // The look-up of the caller goes to the primary; the version, the series and the version once more to the replica.
  const before = { reader: reader.asked(), primary: primary.asked() }
  expect(await worth()).toBe('1')
  expect(reader.asked() - before.reader).toBe(3)
  expect(primary.asked() - before.primary).toBe(1)

  // Other questions than before: nothing of them is kept.
  await replica`SELECT pg_wal_replay_pause()`
  await ingest(db, sourceId, [row('2', '2024-06-04', '10')])
  expect(await worth()).toBe('11')
  const behind = await http.json('GET', '/v1/balance', { token })
  expect(behind.body.balances).toEqual([{ asset: 'EUR', quantity: '11', value: '11', currency: 'EUR' }])

  await replica`SELECT pg_wal_replay_resume()`
  await caughtUp()
  const atPrimary = primary.asked()
  expect((await http.json('GET', '/v1/balance?at=2024-06-14', { token })).body.balances[0].quantity).toBe(
    '11',
  )
  expect(primary.asked() - atPrimary).toBe(1)

  // Without the replica, the primary answers.
  await replica.end({ timeout: 0 })
  expect((await http.json('GET', '/v1/balance?at=2024-06-13', { token })).body.balances[0].quantity).toBe(
    '11',
  )
})

/** Routes that read from the replica; each with questions that are answered by statements of their own. */
const questions: Record<string, string[]> = {
  '/v1/net-worth': [
    '',
    ...['account', 'kind', 'asset', 'source'].map((by) => `?by=${by}&from=2024-01-01&interval=week`),
    '?currency=USD&from=2020-01-01',
  ],
  '/v1/balance': ['', '?at=2024-06-10'],
  '/v1/feed': ['', '?limit=3'],
  '/v1/accounts': [''],
  '/v1/accounts/{id}': [''],
  '/v1/transactions': [
    '',
    '?limit=2',
    '?q=coffee&asset=EUR&kind=card&status=posted&min=-100&max=100',
    '?from=2024-06-01&to=2024-06-10',
  ],
  '/v1/transactions/{id}': [''],
}

test('every route that reads is answered from the replica as from the primary, or asks the primary alone', async () => {
  const { db, replica, caughtUp } = replicated
  const { user, sourceId } = await newPerson(db)
  const days = Array.from({ length: 12 }, (_, n) => `2024-06-${String(n + 1).padStart(2, '0')}`)
  const rows = days.map((day, n) => row(`${n}`, day, `-${n}.50`, { description: `Coffee ${n}` }))
  await ingest(
    db,
    sourceId,
    [...rows, row('usd', '2024-06-03', '70', { asset: 'USD', account: 'B' })],
    [{ account: 'A', asset: 'EUR', day: '2024-06-12', amount: '-60', edge: 'close' }],
  )
  const [ids] = await db.sql`
    SELECT (SELECT min(id) FROM account WHERE user_id = ${user.id}) AS account,
      (SELECT id FROM transaction WHERE user_id = ${user.id} LIMIT 1) AS transaction`
  const primary = counting(db.sql)
  const reader = counting(replica)
  const http = await startApp({ ...db, sql: primary.sql }, { replica: reader.sql })
  const alone = await startApp(db)
  const token = await http.tokenFor(user.id)
  await http.ask('GET', '/v1/users/me', { token })
  await caughtUp()

  const fromReplica = new Set<string>()
  const routes = (await readOperations(http.app)).filter(({ method }) => method === 'get')
  for (const { path } of routes) {
    const of = path.startsWith('/v1/transactions')
      ? ids!.transaction
      : path.startsWith('/v1/accounts')
        ? ids!.account
        : sourceId
    for (const query of questions[path] ?? ['']) {
      const asked = path.replace(/\{\w+\}/, of) + query
      const before = { replica: reader.asked(), primary: primary.asked() }
      const answer = await http.ask('GET', asked, { token })
      const body = await answer.text()
      if (reader.asked() > before.replica) {
        fromReplica.add(path)
        // The look-up of the caller: nothing was asked again of the primary.
        expect([asked, primary.asked() - before.primary]).toEqual([asked, 1])
      }
      if (path.startsWith('/v1/')) {
        const expected = await alone.ask('GET', asked, { token })
        expect([asked, answer.status, withoutId(body)]).toEqual([
          asked,
          expected.status,
          withoutId(await expected.text()),
        ])
        if (path in questions) expect([asked, answer.status]).toEqual([asked, 200])
      }
    }
  }
  expect([...fromReplica].toSorted()).toEqual(Object.keys(questions).toSorted())
})

/** A problem names its request. */
const withoutId = (body: string) => body.replace(/"requestId":"[^"]*"/, '')

test('a read that the replica ends, or that waits there for what it replays, is made by the primary', async () => {
  const { db, replica, replicaUrl, caughtUp } = replicated
  const { user } = await newPerson(db)
  await caughtUp()
  const faults: unknown[] = []
  const warnings: unknown[] = []
  const counts: string[] = []
  const readerOver = (sql: Sql) =>
    createReader(
      {
        db,
        replica: sql,
        clock: () => new Date(),
        log: { warn: (details: unknown) => warnings.push(details) } as never,
      },
      (from) => counts.push(from),
    )
  const patient = connect(replicaUrl, { max: 1 })
  const limited = connect(replicaUrl, { max: 1, lockTimeout: 50 })
  for (const each of [patient, limited]) await each`SELECT 1`
  const versionOf = async () =>
    (await db.sql`SELECT read_version(${user.id}) AS version`)[0]!.version as string
  const noted = (fault: unknown) => {
    faults.push((fault as { code?: unknown }).code)
    throw fault
  }

  // Under way on the replica, where it waits for this test, while the primary locks what it reads.
  const session = await replica.reserve()
  await session`SELECT pg_advisory_lock(7)`
  const answer = readerOver(patient)(user.id, await versionOf(), async (sql) => {
    const [found] = await sql`
      SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM account) AS accounts,
        CASE WHEN pg_is_in_recovery() THEN pg_advisory_xact_lock_shared(7) END`.catch(noted)
    return found!.standby
  })
  const isAnswered = answer.then(() => true)
  for (;;) {
    const [waits] = await session`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
    if (waits) break
    if (await Promise.race([isAnswered, false])) throw new Error('the read did not go to the replica')
  }
  const locking = connect(db.url, { max: 1 })
  await locking.unsafe('BEGIN; LOCK TABLE account IN ACCESS EXCLUSIVE MODE; COMMIT')
  expect(await answer).toBe(false)
  await session`SELECT pg_advisory_unlock(7)`
  session.release()

  // A lock that was replayed is held as long as the replay stands still.
  await locking.unsafe('BEGIN; LOCK TABLE account IN ACCESS EXCLUSIVE MODE')
  // The lock is on its way with the next thing that is committed.
  await newPerson(db)
  await caughtUp()
  await replica`SELECT pg_wal_replay_pause()`
  await locking.unsafe('COMMIT')
  const read = readerOver(limited)
  const second = read(user.id, await versionOf(), async (sql) => {
    const [found] =
      await sql`SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM account) AS accounts`.catch(
        noted,
      )
    return found!.standby
  })
  expect(await second).toBe(false)
  await replica`SELECT pg_wal_replay_resume()`
  await caughtUp()

  expect(faults).toEqual([sqlState.serializationFailure, sqlState.lockNotAvailable])
  // The next read is tried there again.
  const third = read(user.id, await versionOf(), async (sql) => {
    const [found] =
      await sql`SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM account) AS accounts`
    return found!.standby
  })
  expect(await third).toBe(true)
  expect([warnings, counts]).toEqual([[], ['primary', 'primary', 'replica']])
  await patient.end({ timeout: 0 })
  await limited.end({ timeout: 0 })
  await locking.end()
})

test.each([ArchiveUnavailableError, ArchiveMissingError, ArchiveDamagedError])(
  'a fault of the archive (%s) is none of the replica, and is not looked for on the primary',
  async (Fault) => {
    const { db, replica, caughtUp } = replicated
    const { user } = await newPerson(db)
    await caughtUp()
    const warnings: unknown[] = []
    const counts: string[] = []
    const log = { warn: (details: unknown) => warnings.push(details) } as never
    const read = createReader({ db, replica, clock: () => new Date(), log }, (from) => counts.push(from))
    const version = (await db.sql`SELECT read_version(${user.id}) AS version`)[0]!.version as string
    let reads = 0
    const failing = read(user.id, version, (_, apart) =>
      apart(async () => {
        reads++
        throw new Fault('the archive is away')
      }),
    )
    await expect(failing).rejects.toThrow(Fault)
    expect(await read(user.id, version, async () => 'read')).toBe('read')
    expect([reads, counts, warnings]).toEqual([1, ['replica'], []])
  },
)
