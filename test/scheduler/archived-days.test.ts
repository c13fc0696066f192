import { beforeAll, expect, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { maxAttempts } from '../../src/connectors/backoff.ts'
import { connect } from '../../src/db/client.ts'
import { startArchive } from '../setup/archive.ts'
import { placesOf } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
})

const start = new Date('2024-06-15T12:00:00Z')
const days = (count: number) => new Date(start.getTime() + count * 86_400_000)
let trials = 0

test.each(['feed', 'windows'] as const)(
  'a sync (%s) that needs archived rows waits for the archive, without a dead letter, and goes on where it was',
  async (shape) => {
    const id = `archived-${trials++}`
    const clock = createVirtualClock(start)
    const provider = await startSampleProvider({
      id,
      schedule: { dailyAt: '04:00', timeZone: 'UTC' },
      ...(shape === 'windows' && { history: { windowDays: 20, maxDays: 20, mutableDays: 20 } }),
      clock: clock.now,
    })
    const { world } = provider
    world.openAccount({ id: 'A', name: 'Account A', kind: 'checking', asset: 'EUR' })
    const put = (name: string, at: string, amount: string) =>
      world.put({ account: 'A', id: name, occurredAt: `${at}T10:00:00.000Z`, amount })
    for (const day of ['03', '10', '14']) put(`row ${day}`, `2024-06-${day}`, '1')
    const { user } = await newPerson(db)
    await connectSource(db, user.id, provider, clock)
    await runAllDue(testScheduler(db, clock, [provider]), db, clock, id, start)
    await archiveMonth(archive, '2024-06-01')
    expect(await placesOf(db, user.id)).toMatchObject({ here: 0, archived: 3 })
    const known = await syncState(db, id)

    put('row 10', '2024-06-10', '99')
    world.remove('A', 'row 03')
    put('new', '2024-06-15', '5')
    // A worker that was not told where the archive is, for longer than it takes to give a fetch up.
    const sql = connect(db.url, { max: 2 })
    const bare = testScheduler({ ...db, sql }, clock, [provider])
    await runAllDue(bare, db, clock, id, days(2))
    await sql.end()
    const waiting = await syncState(db, id)
    expect(waiting.letters).toEqual([])
    expect(waiting.rows).toEqual(known.rows)
    expect(waiting.sources[0]).toMatchObject({
      status: 'active',
      free: true,
      status_message: expect.stringContaining('which this process cannot reach: set TIDEMARK_ARCHIVE'),
    })
    expect(waiting.sources[0]!.attempts).toBeGreaterThan(maxAttempts)
    if (shape === 'feed') expect(waiting.sources[0]!.cursor).toEqual(known.sources[0]!.cursor)

    await runAllDue(testScheduler(db, clock, [provider]), db, clock, id, days(4))
    const done = await syncState(db, id)
    expect(done.sources[0]).toMatchObject({ attempts: 0, status_message: null })
    expect(done.letters).toEqual([])
    const rows = done.rows.map(({ day, amount }) => `${day} ${amount}`)
    expect(rows).toEqual(['2024-06-10 99', '2024-06-14 1', '2024-06-15 5'])
    await provider.close()
  },
)
