import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { archiveMonth } from '../../src/archive/archive-month.ts'
import { bringBack, readParts } from '../../src/archive/bring-back.ts'
import { decodeDetailFile } from '../../src/archive/detail-file.ts'
import { removeUnused, renewFiles } from '../../src/archive/renew-files.ts'
import { restoreMonth } from '../../src/archive/restore-month.ts'
import { runArchive } from '../../src/archive/run-archive.ts'
import { findWholeTransaction } from '../../src/archive/transaction-pages.ts'
import { verifyArchive } from '../../src/archive/verify-archive.ts'
import { listAccounts, removeAccount, setBalance, unsetBalance } from '../../src/db/accounts.ts'
import { annotateTransaction } from '../../src/db/annotations.ts'
import { partsOf, putBack } from '../../src/db/archive-detail.ts'
import { type KnownFile, listArchiveFiles, usersOf } from '../../src/db/archive-files.ts'
import { monthsToArchive } from '../../src/db/archive-months.ts'
import { attachArchive } from '../../src/db/archived-places.ts'
import { connect } from '../../src/db/client.ts'
import { ingestEncodedPage, ingestPage } from '../../src/db/ingest.ts'
import { encodePage } from '../../src/db/page-encoding.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { removeSourceWithHistory } from '../../src/db/source-removal.ts'
import { ArchiveUnavailableError } from '../../src/errors.ts'
import type { Delete, ReportedBalance, Upsert } from '../../src/page.ts'
import { startArchive } from '../setup/archive.ts'
import { listAll, placesOf, seen, worthOf } from '../setup/archived.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, now, pageOf, row } from '../setup/people.ts'

let db: TestDatabase
let archive: Awaited<ReturnType<typeof startArchive>>

beforeAll(async () => {
  db = await cloneDatabase()
  archive = await startArchive(db)
})

/** Of one and the same history, a person whose detail is archived, and one whose is not. */
interface Person {
  userId: string
  sourceId: string
}
let person: Person
let twin: Person

const january = '2024-01-01'
/** As both policies do. */
async function run() {
  const moved = await runArchive(archive, { afterDays: 75 })
  expect(await renewFiles(archive)).toMatchObject({ faults: [] })
  await removeUnused(archive, 90)
  return moved
}

async function addPerson(): Promise<Person> {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, history(), [
    { account: 'A', asset: 'EUR', day: '2024-01-20', edge: 'close', amount: '1000' },
  ])
  return { userId: user.id, sourceId }
}

function history(): Upsert[] {
  return [
    ...['01', '02', '03', '05'].flatMap((month) =>
      [1, 2, 3, 4].map((n) =>
        row(`${month} ${n}`, `2024-${month}-0${n}`, `${n}.10`, {
          account: n === 4 ? 'B' : 'A',
          description: `${month} ${n}`,
          kind: n % 2 ? 'card' : 'opening',
        }),
      ),
    ),
    row('pending', '2024-01-05', '-20', { status: 'pending', description: 'pending' }),
    row('requested', '2024-01-05', '20', {
      status: 'requested' as never,
      kind: 'payout',
      description: 'requested',
    }),
    row('zero 1', '2024-01-06', '5', { description: 'zero 1' }),
    row('zero 2', '2024-01-06', '-5', { description: 'zero 2' }),
    row('long', '2024-01-07', '-0.000000000000000000000000000001', {
      asset: "\"Ω; 'x' \\ 😀",
      description: '\uFEFF"a", b\\n 😀',
    }),
    row('future', '2031-01-07', '3', { description: 'future' }),
  ]
}

beforeEach(async () => {
  twin = await addPerson()
  person = await addPerson()
  await archiveAll()
  expect(await placesOf(db, person.userId)).toMatchObject({ archived: 15 })
})

/** Of the person alone. */
async function archiveAll(): Promise<void> {
  await run()
  for (const month of ['2024-01-01', '2024-02-01', '2024-03-01']) {
    await restoreMonth(archive, month, { userId: twin.userId })
  }
}

/** What a person sees, without what differs between two. */
async function told({ userId }: Person, store = archive.store) {
  const accounts = new Map((await listAccounts(db.sql, userId)).map(({ id, externalId }) => [id, externalId]))
  const whole = await seen(db, store, userId)
  const named = ({ accountId, id: _, ...rest }: (typeof whole.transactions)[number]) => ({
    ...rest,
    account: accounts.get(accountId),
  })
  const texts = (values: unknown[]) => values.map((each) => JSON.stringify(each)).sort()
  return {
    worth: whole.worth,
    reconciled: await reconciliationsOf(userId),
    balances: whole.balances.map((of) =>
      texts(of.map((each) => ({ ...each, account: undefined, accountId: accounts.get(each.accountId) }))),
    ),
    transactions: texts(whole.transactions.map(named)),
  }
}

async function reconciliationsOf(userId: string) {
  const rows = await db.sql`
    SELECT a.external_id, r.asset, r.day, r.edge, trim_scale(r.reported) AS reported, trim_scale(r.folded) AS folded
    FROM reconciliation r JOIN account a ON a.id = r.account_id WHERE r.user_id = ${userId}
    ORDER BY a.external_id, r.asset, r.day, r.edge`
  return rows.map((each) => ({ ...each }))
}

/** Both persons are told the same, and see the same, before and after the rest is archived again. */
async function expectSame(write: (of: Person) => Promise<unknown>): Promise<void> {
  const outcome = await write(person)
  expect(outcome).toEqual(await write(twin))
  const whole = await told(twin)
  expect(await told(person)).toEqual(whole)
  await refreshRollups(db.sql, db.engine)
  expect(await told(person)).toEqual(whole)
  await run()
  expect(await told(person)).toEqual(whole)
  expect(await told(twin)).toEqual(whole)
  expect((await verifyArchive(archive)).faults).toEqual([])
}

const counts = async (of: Person, changes: (Upsert | Delete)[], balances: ReportedBalance[] = []) =>
  (await ingest(db, of.sourceId, changes, balances)).map(({ accountId: _, ...rest }) => rest)

const accountOf = async ({ userId }: Person, externalId: string) =>
  (await listAccounts(db.sql, userId)).find((each) => each.externalId === externalId)!

const lates: Record<string, (of: Person) => Promise<unknown>> = {
  'a row that is new': (of) => counts(of, [row('late', '2024-01-02', '7.5', { description: 'late' })]),
  'rows that are known': (of) => counts(of, history()),
  'another amount': (of) => counts(of, [row('01 1', '2024-01-01', '99', { description: '01 1' })]),
  'another day of the month': (of) => counts(of, [row('01 1', '2024-01-09', '1.1', { description: '01 1' })]),
  'another month that is archived': (of) =>
    counts(of, [row('01 1', '2024-02-03', '1.1', { description: '01 1' })]),
  'a day that is not archived': (of) =>
    counts(of, [row('01 1', '2024-06-03', '1.1', { description: '01 1' })]),
  'a row of the present that moves there': (of) =>
    counts(of, [row('05 1', '2024-02-03', '1.1', { description: '05 1' })]),
  'a month of which there was nothing': (of) =>
    counts(of, [row('old', '2021-07-03', '1.1', { description: 'old' })]),
  'rows that go': (of) =>
    counts(of, [
      { type: 'delete', account: 'A', id: '01 1' },
      { type: 'delete', account: 'B', id: '02 4' },
      { type: 'delete', account: 'A', id: 'unheard' },
    ]),
  'rows that go and come again': async (of) => [
    await counts(of, [{ type: 'delete', account: 'A', id: '01 1' }]),
    await run().then(() => {}),
    await counts(of, [row('01 1', '2024-01-01', '1.1', { description: '01 1' })]),
  ],
  'a pending row that is posted under another id': (of) =>
    counts(of, [row('posted', '2024-01-08', '-21', { replaces: ['pending'], description: 'posted' })]),
  'an archived row that another one replaces': (of) =>
    counts(of, [row('posted', '2024-06-08', '-21', { replaces: ['01 3'], description: 'posted' })]),
  'a pending row that is posted': (of) =>
    counts(of, [row('pending', '2024-01-05', '-20', { description: 'pending' })]),
  'a posted row that is pending again': (of) =>
    counts(of, [row('01 2', '2024-01-02', '2.1', { status: 'pending', description: '01 2' })]),
  'an earlier version': async (of) => [
    await counts(of, [row('01 1', '2024-01-01', '5', { version: 9 })]),
    await run().then(() => {}),
    await counts(of, [row('01 1', '2024-01-01', '6', { version: 8 })]),
    await counts(of, [{ type: 'delete', account: 'A', id: '01 1', version: 7 }]),
  ],
  'a balance of an archived day': (of) =>
    counts(of, [], [{ account: 'A', asset: 'EUR', day: '2024-01-02', edge: 'close', amount: '77' }]),
  'a first row, before which the opening moves': (of) =>
    counts(of, [row('first', '2023-12-20', '-3', { description: 'first' })]),
  'balances set by hand, and taken back': async (of) => {
    const account = await accountOf(of, 'A')
    for (const day of ['2024-01-03', '2024-02-02', '2023-12-02'])
      await setBalance(db.sql, of.userId, account, { day, asset: 'EUR', amount: '500' }, now)
    await run()
    for (const day of ['2024-02-02', '2023-12-02'])
      await unsetBalance(db.sql, of.userId, account.id, { day, asset: 'EUR' }, now)
  },
  'days that are complete without some rows': async (of) => {
    const page = {
      ...pageOf([row('fresh', '2024-01-30', '4', { description: 'fresh' })]),
      completed: [
        { account: 'A', from: '2024-01-02', to: '2024-02-01', ids: ['fresh', '01 3', 'zero 1', 'long'] },
      ],
    }
    const rows = await ingestEncodedPage(db.sql, of.sourceId, encodePage(of.sourceId, page), now)
    return rows.map(({ accountId: _, ...rest }) => rest)
  },
  'days that are complete as they are': async (of) => {
    const page = {
      ...pageOf([]),
      accounts: [{ externalId: 'B' }],
      completed: [{ account: 'B', from: '2024-01-01', to: '2024-01-31', ids: ['01 4'] }],
    }
    const rows = await ingestEncodedPage(db.sql, of.sourceId, encodePage(of.sourceId, page), now)
    return rows.map(({ accountId: _, ...rest }) => rest)
  },
  'what is said of an archived row': async (of) => {
    const [found] = (await listAll(db, archive.store, of.userId)).filter(
      ({ description }) => description === '01 2',
    )
    const said = await annotateTransaction(db.sql, of.userId, found!.id, { note: 'n', tags: ['t'] }, now)
    await run()
    const cleared = await annotateTransaction(db.sql, of.userId, found!.id, { note: null }, now)
    return [said!.note, cleared!.tags, cleared!.note]
  },
}

test.each(Object.entries(lates))('comes late: %s', async (_, write) => {
  await expectSame(write)
})

test('in columnstore chunks as well', async () => {
  await compressEverything(db)
  await expectSame(lates['another amount']!)
  await compressEverything(db)
  await expectSame(lates['days that are complete without some rows']!)
})

test('nothing is written, and it is told, where no archive is configured', async () => {
  const bare = { ...db, sql: connect(db.url, { max: 2 }) }
  const whole = await told(person)
  const refused = async (write: Promise<unknown>) => {
    const error = await write.then(
      () => undefined,
      (each: Error) => each,
    )
    expect(error).toBeInstanceOf(ArchiveUnavailableError)
    expect(error!.message).toMatch(
      /^the transactions of 2024-0\d(, 2024-0\d)* lie in the archive, which this process cannot reach: set TIDEMARK_ARCHIVE/,
    )
  }
  const { sourceId, userId } = person
  await refused(
    ingest(bare, sourceId, [row('01 1', '2024-01-01', '99'), row('not written', '2024-06-01', '1')]),
  )
  await refused(ingest(bare, sourceId, [{ type: 'delete', account: 'A', id: '02 1' }]))
  const [found] = (await listAll(db, archive.store, userId)).filter(
    ({ description }) => description === '01 2',
  )
  await refused(annotateTransaction(bare.sql, userId, found!.id, { note: 'n' }, now))
  expect(await told(person)).toEqual(whole)
  // What has nothing to do with archived rows is written, in archived months as well.
  await ingest(bare, sourceId, [row('late', '2024-01-02', '1')])
  expect(await placesOf(db, userId)).toMatchObject({ archived: 15 })
  await bare.sql.end()
})

test('openings, revaluations, pending and requested rows and the month of the horizon are never archived', async () => {
  const { userId, sourceId } = await addPerson()
  await setBalance(
    db.sql,
    userId,
    await accountOf({ userId, sourceId }, 'A'),
    { day: '2024-01-25', asset: 'EUR', amount: '1' },
    now,
  )
  // 75 days before 15 June is 1 April: the whole of March is older. 76: it is not.
  await ingest(db, sourceId, [row('last of March', '2024-03-31', '1'), row('April', '2024-04-01', '1')])
  await runArchive(archive, { afterDays: 76 })
  const left = async () =>
    (
      await db.sql`SELECT description FROM transaction WHERE user_id = ${userId} AND archived_count IS NULL
      AND booked_on < '2024-04-02' ORDER BY booked_on, description`
    ).map(({ description }) => description)
  expect(await left()).toEqual([
    'Opening balance',
    'pending',
    'requested',
    'Balance set by hand',
    '03 1',
    '03 2',
    '03 3',
    '03 4',
    null,
    null,
  ])
  await runArchive(archive, { afterDays: 75 })
  expect(await left()).toEqual(['Opening balance', 'pending', 'requested', 'Balance set by hand', null])
})

test('a month of more rows than a file holds lies in several, of one user too', async () => {
  const { userId, sourceId } = await addPerson()
  const whole = await seen(db, archive.store, userId)
  await archiveMonth(archive, january, { rowsPerFile: 3, rowsInFile: 2 })
  expect(await placesOf(db, userId)).toMatchObject({ parts: 4, archived: 7 })
  expect(await seen(db, archive.store, userId)).toEqual(whole)
  await ingest(db, sourceId, [row('late', '2024-01-02', '1')])
  await run()
  expect((await placesOf(db, userId)).archived).toBe(16)
  expect(await listAll(db, archive.store, userId, 1)).toHaveLength(whole.transactions.length + 1)
  expect((await verifyArchive(archive)).faults).toEqual([])
  await ingest(db, sourceId, [{ type: 'delete', account: 'A', id: 'late' }])
  expect(await seen(db, archive.store, userId)).toEqual(whole)
})

test('more windows than a write is tried again, in months that lie apart: one refusal names them all', async () => {
  const { userId, sourceId } = await addPerson()
  const months = Array.from({ length: 12 }, (_, n) => `2022-${String(n + 1).padStart(2, '0')}`)
  await ingest(
    db,
    sourceId,
    months.map((month) => row(`of ${month}`, `${month}-10`, '2')),
  )
  await run()
  const page = {
    ...pageOf([row('05 1', '2024-05-01', '9'), row('01 2', '2024-01-02', '9')]),
    completed: months.map((month) => ({ account: 'A', from: `${month}-10`, to: `${month}-10`, ids: [] })),
  }
  const [counted] = await ingestEncodedPage(db.sql, sourceId, encodePage(sourceId, page), now)
  expect(counted).toMatchObject({ removed: 12, changed: 2 })
  // Back is what the page had to do with, and nothing else.
  const parts = await db.sql`SELECT month FROM archive_part WHERE user_id = ${userId} ORDER BY month`
  expect(parts.map(({ month }) => month)).toEqual(['2024-02-01', '2024-03-01'])
})

test('a write that is refused after each time that its months were brought back can be asked again', async () => {
  const sql = connect(db.url, { max: 1 })
  let times = 0
  attachArchive(sql, async (places) => {
    times++
    expect(places).toEqual([{ userId: person.userId, month: january }])
  })
  const write = ingestPage(sql, person.sourceId, pageOf([row('01 1', '2024-01-01', '99')]), now)
  await expect(write).rejects.toThrow(ArchiveUnavailableError)
  expect(times).toBe(7)
  await sql.end()
})

test('an id is looked for among the transactions of its own user alone', async () => {
  const [found] = (await listAll(db, archive.store, person.userId)).filter(
    ({ description }) => description === '01 1',
  )
  const id = found!.id
  const places = (userIds: string[], ids: string[]) =>
    db.sql`SELECT user_id, month FROM archived_places(${userIds}::bigint[], ${ids}::uuid[]) ORDER BY user_id`
  const other = await addPerson()
  await run()
  const unknown = '00000000-0000-4000-8000-000000000000'
  expect([...(await places([other.userId, person.userId], [id, unknown]))]).toEqual([])
  expect([...(await places([other.userId, person.userId], [unknown, id]))]).toEqual([
    { user_id: person.userId, month: january },
  ])
  // Another id of the same first seven bytes.
  const near = `${id.slice(0, 14)}1${id.slice(15, 16)}${id[16] === '0' ? '1' : '0'}${id.slice(17)}`
  expect([...(await places([person.userId], [near]))]).toEqual([])
})

test('a month of one user comes back in several statements, and what is left stands for the rest', async () => {
  const { userId } = await addPerson()
  const whole = await seen(db, archive.store, userId)
  await archiveMonth(archive, january, { rowsPerFile: 3, rowsInFile: 2 })
  const parts = await partsOf(db.sql, [{ userId, month: january }])
  expect(parts.map(({ transactions }) => transactions)).toEqual([2, 2, 2, 1])
  // In any order, part by part.
  let back = 0
  for (const part of [parts[2]!, parts[0]!, parts[3]!]) {
    expect(await putBack(db.sql, january, [part], await readParts(archive.store, [part]))).toBe(true)
    expect(await putBack(db.sql, january, [part], await readParts(archive.store, [part]))).toBe(false)
    back += part.transactions
    expect(await placesOf(db, userId)).toMatchObject({ archived: 7 - back, summed: 7 - back })
    expect(await seen(db, archive.store, userId)).toEqual(whole)
    expect((await verifyArchive(archive)).faults).toEqual([])
  }
  // Rows of another part are not taken for those of this one.
  const rows = await readParts(archive.store, [parts[0]!])
  await expect(putBack(db.sql, january, [parts[1]!], rows)).rejects.toThrow()
  expect(await bringBack(archive, [{ userId, month: january }], { rows: 1, parts: 1 })).toBe(2)
  expect(await placesOf(db, userId)).toMatchObject({ archived: 0, summed: 0, parts: 0 })
  expect(await seen(db, archive.store, userId)).toEqual(whole)
})

test('users with late rows alone are archived again, each to one part, and the month is left alone where none has', async () => {
  const { userId, sourceId } = person
  await ingest(db, twin.sourceId, [row('now', '2024-06-01', '1')])
  await run()
  const asked: unknown[] = []
  for (let n = 0; n < 3; n++) {
    await ingest(db, sourceId, [row(`late ${n}`, '2024-01-02', '1')])
    asked.push(await run())
    expect(await placesOf(db, userId)).toMatchObject({ archived: 16 + n, parts: 3 })
    expect(await monthsToArchive(db, '2024-04-01')).toEqual([])
  }
  expect(asked).toMatchObject([8, 9, 10].map((transactions) => ({ months: 1, files: 1, transactions })))
  // What is said again notes nothing.
  await ingest(db, twin.sourceId, [row('now', '2024-06-01', '1')])
  expect(await db.sql`SELECT 1 FROM archive_late`).toEqual([])
})

test('an earlier part that cannot be read does not keep late rows from being archived', async () => {
  const { userId, sourceId } = person
  await run()
  const [part] = await partsOf(db.sql, [{ userId, month: january }])
  const file = join(archive.folder, part!.file.key)
  const bytes = await readFile(file)
  await writeFile(file, bytes.subarray(0, 100))
  await ingest(db, sourceId, [row('late', '2024-01-02', '1')])
  expect(await run()).toMatchObject({ left: 0, files: 1, transactions: 1 })
  expect(await placesOf(db, userId)).toMatchObject({ archived: 16, parts: 4 })
  await writeFile(file, bytes)
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('of a source of the whole platform, each user’s rows are brought back alone', async () => {
  const [source] = await db.sql`
    INSERT INTO user_source (user_id, source_type_id, name) VALUES (NULL, 'file', 'platform')
    RETURNING id`
  const accounts = ['u1', 'u2', 'u3'].map((owner) => ({ externalId: `of ${owner}`, owner }))
  const rows = accounts.flatMap(({ externalId }) =>
    [1, 2, 3].map((n) => row(`${n}`, `2024-02-0${n}`, `${n}`, { account: externalId })),
  )
  const ingestAll = (changes: (Upsert | Delete)[]) =>
    ingestPage(db.sql, source!.id, { accounts, changes, balances: [] }, now)
  await ingestAll(rows)
  const users = await db.sql<{ user_id: string }[]>`
    SELECT user_id FROM platform_user WHERE source_id = ${source!.id} ORDER BY external_id`
  await run()
  const archived = async () =>
    Promise.all(users.map(async ({ user_id }) => (await placesOf(db, user_id)).archived))
  expect(await archived()).toEqual([3, 3, 3])
  await ingestAll([row('2', '2024-02-02', '99', { account: 'of u2' })])
  expect(await archived()).toEqual([3, 0, 3])
  expect((await ingestAll(rows)).map(({ unchanged, changed }) => [unchanged, changed])).toEqual([
    [3, 0],
    [2, 1],
    [3, 0],
  ])
  await run()
  expect((await verifyArchive(archive)).faults).toEqual([])
  // The source goes, with all its users’ rows, wherever they lie.
  await removeSourceWithHistory(db.sql, source!.id, null as never)
  for (const { user_id } of users) {
    expect(await placesOf(db, user_id)).toEqual({ here: 0, archived: 0, summed: 0, parts: 0 })
    expect(await listAll(db, archive.store, user_id)).toEqual([])
  }
  await run()
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('what is removed is gone from lists and sums at once, with the next run from the files, and what was said of it', async () => {
  const { userId, sourceId } = person
  const said = async () =>
    (await db.sql`SELECT note FROM transaction_annotation WHERE user_id = ${userId} ORDER BY note`).map(
      ({ note }) => note,
    )
  for (const each of await listAll(db, archive.store, userId)) {
    if (each.description === '01 1' || each.description === '01 4')
      await annotateTransaction(db.sql, userId, each.id, { note: each.description }, now)
  }
  await run()
  await removeAccount(db.sql, userId, (await accountOf(person, 'A')).id)
  expect((await listAll(db, archive.store, userId)).map(({ description }) => description)).toEqual([
    '05 4',
    '03 4',
    '02 4',
    '01 4',
  ])
  expect((await verifyArchive(archive)).faults).toEqual([])
  await run()
  expect(await said()).toEqual(['01 4'])
  for (const file of (await listArchiveFiles(db.sql)).filter(
    ({ archived, firstUserId }) => archived > 0 && firstUserId === userId,
  ))
    expect(file.transactions).toBe(1)
  expect(await placesOf(db, userId)).toMatchObject({ archived: 3, parts: 3 })
  expect((await verifyArchive(archive)).faults).toEqual([])

  await removeSourceWithHistory(db.sql, sourceId, userId as never)
  expect(await listAll(db, archive.store, userId)).toEqual([])
  expect((await worthOf(db, userId)).worth.at(-1)).toMatchObject({ netWorth: '0' })
  await run()
  expect(await said()).toEqual([])
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('an account that goes leaves the files in which its transactions lay before they were brought back, too', async () => {
  const { userId } = person
  const { id } = await accountOf(person, 'A')
  const restore = async () => {
    for (const month of ['2024-01-01', '2024-02-01', '2024-03-01'])
      await restoreMonth(archive, month, { userId })
  }
  // Beside another one's, in the same files.
  await restore()
  const other = await addPerson()
  await run()
  // Brought back, and in other files from then on; the first are still the other one's.
  await restore()
  await run()
  await restoreMonth(archive, '2024-02-01', { userId })
  await removeAccount(db.sql, userId, id)
  await run()
  const ofAccount = async () => {
    const keys: string[] = []
    for await (const { key } of archive.store.list('')) {
      const rows = await decodeDetailFile(await archive.store.get(key))
      if (rows.some(({ accountId }) => accountId === id)) keys.push(key)
    }
    return keys
  }
  const used = (await listArchiveFiles(db.sql)).filter(({ archived }) => archived > 0).map(({ key }) => key)
  expect((await ofAccount()).filter((key) => used.includes(key))).toEqual([])
  expect(await ofAccount()).not.toEqual([])
  archive.time.now = new Date(now.getTime() + 91 * 86_400_000)
  await removeUnused(archive, 90)
  archive.time.now = now
  expect(await ofAccount()).toEqual([])
  expect(await told(other)).toEqual(await told(twin))
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('an account that went and came again keeps what is said of its transactions since', async () => {
  const { userId, sourceId } = person
  await removeAccount(db.sql, userId, (await accountOf(person, 'A')).id)
  const known = history().filter(({ account }) => account === 'A')
  await ingest(db, sourceId, known)
  const list = await listAll(db, archive.store, userId)
  const found = list.find(({ description }) => description === '01 1')!
  await annotateTransaction(db.sql, userId, found.id, { note: 'mine' }, now)
  // Archived once more, before the files of old are written anew.
  await archiveMonth(archive, january)
  expect((await renewFiles(archive)).renewed).toBeGreaterThan(0)
  const reads = { sql: db.sql, store: archive.store }
  expect(await findWholeTransaction(reads, userId, found.id)).toMatchObject({ note: 'mine' })
  expect(await listAll(db, archive.store, userId)).toHaveLength(list.length)
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('a file that nothing is read from is removed once so many days have passed, and no other', async () => {
  const files = async () => {
    const keys: string[] = []
    for await (const { key } of archive.store.list('')) keys.push(key)
    return keys
  }
  await renewFiles(archive)
  await removeUnused(archive, 0)
  const before = await files()
  const used = (await listArchiveFiles(db.sql)).map(({ key }) => key)
  await restoreMonth(archive, january)
  const unused = (await listArchiveFiles(db.sql, january)).map(({ key }) => key)
  const whole = await told(person)
  expect(await removeUnused(archive, 90)).toBe(0)
  archive.time.now = new Date(now.getTime() + 89 * 86_400_000)
  expect(await removeUnused(archive, 90)).toBe(0)
  expect(await files()).toEqual(before)
  archive.time.now = new Date(now.getTime() + 90 * 86_400_000)
  expect(await removeUnused(archive, 90)).toBe(unused.length)
  archive.time.now = now
  expect(unused.length).toBeGreaterThan(0)
  expect(await files()).toEqual(before.filter((key) => !unused.includes(key)))
  expect((await listArchiveFiles(db.sql)).map(({ key }) => key)).toEqual(
    used.filter((key) => !unused.includes(key)),
  )
  expect(await told(person)).toEqual(whole)
})

test('a file that cannot be read is told, and is in the way of no other', async () => {
  const neighbour = await addPerson()
  await run()
  let damaged: KnownFile | undefined
  for (const file of await listArchiveFiles(db.sql))
    if ((await usersOf(db.sql, file.id)).includes(person.userId)) damaged = file
  expect(await usersOf(db.sql, damaged!.id)).not.toContain(neighbour.userId)
  const bytes = await archive.store.get(damaged!.key)
  await archive.store.remove(damaged!.key)
  for (const each of [person, neighbour])
    await removeAccount(db.sql, each.userId, (await accountOf(each, 'A')).id)
  const { renewed, faults } = await renewFiles(archive)
  expect(faults).toEqual([expect.stringContaining(damaged!.key)])
  expect(renewed).toBeGreaterThan(0)
  await archive.store.put(damaged!.key, bytes)
  expect(await renewFiles(archive)).toEqual({ renewed: 1, faults: [] })
  expect(await renewFiles(archive)).toEqual({ renewed: 0, faults: [] })
  expect((await verifyArchive(archive)).faults).toEqual([])
})

test('of an account that went and came again, nothing is stale for what had replaced it before', async () => {
  const { sourceId, userId } = await addPerson()
  const chain = (of: string, day: string) => [
    row(`${of} 1`, day, '-5', { status: 'pending' }),
    row(`${of} 2`, day, '-6', { status: 'pending', replaces: [`${of} 1`] }),
    row(`${of} 3`, day, '-7', { replaces: [`${of} 2`] }),
  ]
  const all = [...chain('old', '2024-01-10'), ...chain('new', '2024-06-10')]
  const ofB = chain('B', '2024-06-11').map((each) => ({ ...each, account: 'B' }))
  for (const each of [...all, ...ofB]) await ingest(db, sourceId, [each])
  const known = () => listAll(db, archive.store, userId)
  await run()
  await removeAccount(db.sql, userId, (await accountOf({ sourceId, userId }, 'A')).id)
  const firsts = [all[0]!, all[3]!]
  expect(await counts({ sourceId, userId }, [firsts[1]!])).toMatchObject([{ added: 1, stale: 0 }])
  await run()
  expect(await counts({ sourceId, userId }, firsts)).toMatchObject([{ added: 1, unchanged: 1, stale: 0 }])
  expect(await counts({ sourceId, userId }, [ofB[0]!, ofB[1]!])).toMatchObject([{ stale: 2 }])
  expect(await known()).toEqual(expect.arrayContaining([expect.objectContaining({ amount: '-7' })]))
})
