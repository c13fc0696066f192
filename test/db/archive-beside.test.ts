import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { bringBack } from '../../src/archive/bring-back.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { writeFile } from '../../src/archive/write-file.ts'
import { listAccounts, removeAccount, setBalance, unsetBalance } from '../../src/db/accounts.ts'
import { annotateTransaction } from '../../src/db/annotations.ts'
import { readArchivable } from '../../src/db/archive-detail.ts'
import { archivedRows } from '../../src/db/archive-rows.ts'
import { connect } from '../../src/db/client.ts'
import { jsonbText } from '../../src/db/jsonb-text.ts'
import { manualSource } from '../../src/db/manual-source.ts'
import { removeTransaction } from '../../src/db/transactions.ts'
import { startArchive } from '../setup/archive.ts'
import { listAll, placesOf, seen } from '../setup/archived.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>
let userId: string
let sourceId: string

const month = '2024-01-01'

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
})

/** Twelve rows of two accounts in January, of a source by hand, so that a row can be taken away as well. */
beforeEach(async () => {
  userId = (await newPerson(db)).user.id
  sourceId = await manualSource(db.sql, userId)
  await ingest(db, sourceId, rows())
})

function rows() {
  return Array.from({ length: 12 }, (_, n) =>
    row(`${n}`, `2024-01-0${1 + (n % 4)}`, `${n + 1}.25`, {
      account: n % 2 ? 'A' : 'B',
      description: `row ${n}`,
    }),
  )
}

const look = () => seen(db, archive.store, userId)
const idOf = async (description: string) =>
  (await listAll(db, archive.store, userId)).find((each) => each.description === description)!.id
const accountOf = async (externalId: string) =>
  (await listAccounts(db.sql, userId)).find((each) => each.externalId === externalId)!

const writes: Record<string, () => Promise<unknown>> = {
  'a row is added': () => ingest(db, sourceId, [row('new', '2024-01-02', '7')]),
  'a row says something else': () =>
    ingest(db, sourceId, [row('3', '2024-01-04', '99', { description: 'row 3' })]),
  'a row moves to another month': () =>
    ingest(db, sourceId, [row('3', '2024-02-04', '4.25', { description: 'row 3' })]),
  'a row goes': () => ingest(db, sourceId, [{ type: 'delete', account: 'A', id: '3' }]),
  'a row that was entered is taken away': async () =>
    expect(await removeTransaction(db.sql, userId, await idOf('row 3'), now)).toBe('removed'),
  'a row is replaced': () => ingest(db, sourceId, [row('next', '2024-01-05', '4.5', { replaces: ['3'] })]),
  'everything is said again': () => ingest(db, sourceId, rows()),
  'something is said of a row': async () =>
    expect(
      await annotateTransaction(db.sql, userId, await idOf('row 3'), { note: 'mine' }, now),
    ).toMatchObject({
      note: 'mine',
    }),
  'a balance is set': async () => setBalance(db.sql, userId, await accountOf('A'), balance, now),
  'a balance is set and taken back': async () => {
    const account = await accountOf('A')
    await setBalance(db.sql, userId, account, balance, now)
    await unsetBalance(db.sql, userId, account.id, balance, now)
  },
  'an account goes': async () => removeAccount(db.sql, userId, (await accountOf('A')).id),
  'both accounts go': async () => {
    for (const name of ['A', 'B']) await removeAccount(db.sql, userId, (await accountOf(name)).id)
  },
  'another run comes to its end': () => archiveMonth(archive, month),
  'another run does, and the month is restored': async () => {
    await archiveMonth(archive, month)
    await restoreMonth(archive, month)
  },
}
const balance = { day: '2024-01-03', asset: 'EUR', amount: '500' }

describe.each(Object.entries(writes))('%s', (_, write) => {
  async function expectWhole(before: Awaited<ReturnType<typeof look>>) {
    expect(await look()).toEqual(before)
    for (let runs = 0; runs < 2; runs++) await runArchive(archive, { afterDays: 90 })
    const [left] = await db.sql`
      SELECT count(*)::int AS count FROM transaction WHERE user_id = ${userId} AND booked_on < '2024-02-01'
        AND is_archivable(status, archived_count, kind, id, account_id, asset, booked_on)`
    expect(left!.count).toBe(0)
    expect(await look()).toEqual(before)
    expect((await verifyArchive(archive)).faults).toEqual([])
    await restoreMonth(archive, month)
    expect(await look()).toEqual(before)
  }

  test('between a run’s read and its drop', async () => {
    let at = 0
    let before: Awaited<ReturnType<typeof look>> | undefined
    const store = {
      ...archive.store,
      async put(key: string, body: Uint8Array) {
        await archive.store.put(key, body)
        if (at++ > 0) return
        await write()
        before = await look()
      },
    }
    await archiveMonth({ ...archive, store }, month)
    await expectWhole(before!)
  })

  test('while a run drops', async () => {
    const runner = connect(db.url, { max: 1 })
    const reserved = await runner.reserve()
    const found = await readArchivable(db.sql, month, userId, userId, 1000)
    const { file, rows } = await writeFile(archive, month, found)
    await reserved`BEGIN`
    await reserved`SELECT archive_detail(${jsonbText(file)}::text::jsonb, ${archivedRows(db.sql, rows)}, ${now.toISOString()})`
    const writing = write()
    let ended = false
    void writing.then(
      () => (ended = true),
      () => (ended = true),
    )
    for (let waiting = 0; waiting === 0 && !ended; ) {
      const [row] = await db.sql<{ waiting: number }[]>`
        SELECT count(*)::int AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`
      waiting = row!.waiting
    }
    await reserved`COMMIT`
    reserved.release()
    await writing
    await runner.end()
    await expectWhole(await look())
  })
})

test('an account that goes while sums of another one are added to leaves none of its own', async () => {
  await archiveMonth(archive, month)
  await ingest(db, sourceId, [row('late', '2024-01-02', '3', { account: 'A' })])
  const gone = await accountOf('B')
  const runner = connect(db.url, { max: 1 })
  const reserved = await runner.reserve()
  const { file, rows } = await writeFile(
    archive,
    month,
    await readArchivable(db.sql, month, userId, userId, 1000),
  )
  await reserved`BEGIN`
  await reserved`SELECT archive_detail(${jsonbText(file)}::text::jsonb, ${archivedRows(db.sql, rows)}, ${now.toISOString()})`
  const removing = removeAccount(db.sql, userId, gone.id)
  await Promise.race([removing, waitForLock()])
  await reserved`COMMIT`
  reserved.release()
  expect(await removing).toBe(true)
  await runner.end()
  expect(
    await db.sql`SELECT 1 FROM transaction WHERE user_id = ${userId} AND account_id = ${gone.id}`,
  ).toEqual([])
  expect((await verifyArchive(archive)).faults).toEqual([])
  await restoreMonth(archive, month, { userId })
  expect(await listAll(db, archive.store, userId)).toHaveLength(7)
})

test('a row that comes back between the look for it and the one at the archive is taken away', async () => {
  const id = await idOf('row 3')
  await archiveMonth(archive, month)
  const other = connect(db.url, { max: 1 })
  const reserved = await other.reserve()
  await reserved`BEGIN`
  // Whoever takes a row away looks for it, and is held up as they lock its account.
  await reserved`LOCK TABLE account IN EXCLUSIVE MODE`
  const removing = removeTransaction(db.sql, userId, id, now)
  await Promise.race([removing, waitForLock()])
  await restoreMonth({ ...archive, db: { ...db, sql: reserved as never } }, month)
  await reserved`COMMIT`
  reserved.release()
  await other.end()
  expect(await removing).toBe('removed')
  expect(await removeTransaction(db.sql, userId, id, now)).toBe('missing')
  expect(await placesOf(db, userId)).toMatchObject({ here: 11, archived: 0 })
})

async function waitForLock(): Promise<void> {
  for (;;) {
    const [row] = await db.sql<{ waiting: boolean }[]>`
      SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting`
    if (row!.waiting) return
  }
}

describe('a page under way as archiving of a month begins', () => {
  /** Holds up nobody: pages of others, and of the same month, come through meanwhile. */
  async function withPageUnderWay(use: (commit: () => Promise<unknown>) => Promise<void>) {
    await archiveMonth(archive, month)
    await db.sql`DELETE FROM archive_month`
    await db.sql`DELETE FROM archive_late`
    const writer = connect(db.url, { max: 1 })
    const reserved = await writer.reserve()
    await reserved`BEGIN`
    await ingest({ ...db, sql: reserved as never }, sourceId, [row('late', '2024-01-09', '3')])
    await use(() => reserved`COMMIT`)
    reserved.release()
    await writer.end()
  }
  const others = async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('of another', '2024-01-09', '3')])
    return user.id
  }

  test('is waited for, and its row is archived', async () => {
    await withPageUnderWay(async (commit) => {
      const running = archiveMonth(archive, month)
      for (let begun = false; !begun; )
        begun = (await db.sql`SELECT 1 FROM archive_month WHERE month = ${month}`).length > 0
      await others()
      expect(await placesOf(db, userId)).toMatchObject({ archived: 12 })
      await commit()
      expect(await running).toMatchObject({ done: true, transactions: 14 })
    })
    expect(await placesOf(db, userId)).toMatchObject({ here: 0, archived: 13, parts: 1 })
  })

  test('leaves the month to the next run where it does not end', async () => {
    await withPageUnderWay(async (commit) => {
      expect(await archiveMonth(archive, month, { looks: 2 })).toEqual({
        done: false,
        files: 0,
        transactions: 0,
      })
      await others()
      await commit()
    })
    await runArchive(archive, { afterDays: 90 })
    expect(await placesOf(db, userId)).toMatchObject({ here: 0, archived: 13 })
  })
})

test('what changes while it is archived is left to the next run, and other users’ rows are not', async () => {
  const other = await newPerson(db)
  await ingest(db, other.sourceId, [row('of another', '2024-01-09', '3')])
  let first = true
  const store = {
    ...archive.store,
    async put(key: string, body: Uint8Array) {
      await archive.store.put(key, body)
      if (first) await ingest(db, sourceId, [row('3', '2024-01-04', '99', { description: 'row 3' })])
      first = false
    },
  }
  const { done } = await archiveMonth({ ...archive, store }, month, { rowsPerFile: 1 })
  expect(done).toBe(false)
  expect(await placesOf(db, other.user.id)).toMatchObject({ here: 0, archived: 1 })
  expect(await placesOf(db, userId)).toMatchObject({ here: 12, archived: 0 })
  expect(await archiveMonth(archive, month)).toMatchObject({ done: true, transactions: 12 })
})

test('two runs, two who bring the same back, and both: nothing is doubled or lost, and nobody is refused', async () => {
  const before = await look()
  const place = [{ userId, month }]
  for (let round = 0; round < 5; round++) {
    await Promise.all([archiveMonth(archive, month), archiveMonth(archive, month, { rowsPerFile: 1 })])
    expect(await look()).toEqual(before)
    expect((await placesOf(db, userId)).archived).toBe(12)
    const back = await Promise.all([bringBack(archive, place), bringBack(archive, place)])
    expect(back.sort((a, b) => a - b)).toEqual([0, 12])
    expect(await look()).toEqual(before)
    await Promise.all([
      archiveMonth(archive, month),
      bringBack(archive, place),
      listAll(db, archive.store, userId),
    ])
    expect(await look()).toEqual(before)
  }
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('writes, runs and reads in any mixture at once end in what was written', async () => {
  const said = rows()
  const settled = async (round: number) => {
    // Each round moves every row by an amount of its own.
    const page = said.map((each) => ({ ...each, amount: `${Number(each.amount) + round}`, version: round }))
    await Promise.all([
      ...[0, 1, 2, 3].map((part) =>
        ingest(
          db,
          sourceId,
          page.filter((_, n) => n % 4 === part),
        ),
      ),
      archiveMonth(archive, month, { rowsPerFile: 1 }),
      archiveMonth(archive, month),
      restoreMonth(archive, month),
      listAll(db, archive.store, userId, 3),
      verifyArchive(archive).then(({ faults }) => expect(faults).toEqual([])),
    ])
    return page
  }
  for (let round = 1; round <= 6; round++) {
    const page = await settled(round)
    const listed = await listAll(db, archive.store, userId)
    expect(listed.map(({ description, amount }) => `${description} ${amount}`).sort()).toEqual(
      page.map(({ description, amount }) => `${description} ${amount}`).sort(),
    )
  }
})
