import { beforeAll, describe, expect, test } from 'vitest'
import { connect, type Sql } from '../../src/db/client.ts'
import {
  type ImportOptions,
  type ImportReport,
  importStatement as importBatches,
} from '../../src/db/import-statement.ts'
import type { StatementEvent } from '../../src/statement.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson, now, storedRows } from '../setup/people.ts'

let db: TestDatabase

/** Events come in batches; here in some of every size. */
async function* inBatches(events: AsyncIterable<StatementEvent>): AsyncIterable<StatementEvent[]> {
  let batch: StatementEvent[] = []
  let size = 1
  for await (const event of events) {
    batch.push(event)
    if (batch.length < size) continue
    yield batch
    batch = []
    size = (size % 7) + 1
  }
  yield batch
}

function importStatement(
  sql: Sql,
  events: AsyncIterable<StatementEvent>,
  options: ImportOptions,
): Promise<ImportReport> {
  return importBatches(sql, inBatches(events), options)
}

beforeAll(async () => {
  db = await cloneDatabase()
})

/** A statement of 40 days, a row a day, with balances on both ends. */
async function* statement(): AsyncIterable<StatementEvent> {
  yield { type: 'statement', line: 1, account: { externalId: 'NL01', kind: 'checking' } }
  yield { type: 'balance', line: 2, edge: 'open', day: '2024-01-01', amount: '100', asset: 'EUR' }
  for (let day = 1; day <= 40; day++) {
    const bookedOn =
      day <= 31 ? `2024-01-${String(day).padStart(2, '0')}` : `2024-02-${String(day - 31).padStart(2, '0')}`
    yield {
      type: 'entry',
      line: 2 + day,
      bookedOn,
      amount: `${day}.01`,
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
    }
  }
  yield { type: 'balance', line: 43, edge: 'close', day: '2024-02-09', amount: '920.4', asset: 'EUR' }
}

const options = (sourceId: string, rest: Partial<ImportOptions> = {}): ImportOptions => ({
  sourceId,
  subject: 'statement',
  now,
  rowsPerPage: 10,
  ...rest,
})

async function state(userId: string) {
  const rows = await storedRows(db, userId)
  const reconciliations = await db.sql`
    SELECT day, edge, trim_scale(reported) AS reported, trim_scale(difference) AS difference FROM reconciliation
    WHERE user_id = ${userId} ORDER BY day, edge`
  return { rows, reconciliations: reconciliations.map((each) => ({ ...each })) }
}

async function wholeState() {
  const { user, sourceId } = await newPerson(db)
  await importStatement(db.sql, statement(), options(sourceId))
  return state(user.id)
}

test('a statement is stored with its opening, and its closing is met', async () => {
  const { rows, reconciliations } = await wholeState()
  expect(rows).toHaveLength(41)
  expect(rows[0]).toEqual({ day: '2023-12-31', amount: '100', kind: 'opening', status: 'posted' })
  expect(reconciliations).toEqual([
    { day: '2023-12-31', edge: 'open', reported: '100', difference: '0' },
    { day: '2024-02-09', edge: 'close', reported: '920.4', difference: '0' },
  ])
})

/** Where a backend can be stopped inside an import: it waits for the table, is killed there, and the table opened. */
const writtenTables = (engine: string) => [
  'account',
  'transaction_ref',
  'transaction',
  ...(engine === 'plain' ? ['daily_flow', 'monthly_flow'] : ['rollup_dirty']),
  'reconciliation',
  'sync_run',
]

describe('the backend killed', () => {
  test('at each step of a page leaves whole pages only, and the next run completes it', async () => {
    const whole = await wholeState()
    for (const table of writtenTables(db.engine)) {
      const { user, sourceId } = await newPerson(db)
      const victim = connect(db.url, { max: 1, applicationName: 'victim' })
      const jailer = connect(db.url, { max: 1 })
      const reserved = await jailer.reserve()
      await reserved`BEGIN`
      await reserved.unsafe(`LOCK TABLE ${table} IN EXCLUSIVE MODE`)
      const run = importStatement(victim, statement(), options(sourceId)).then(
        () => 'done',
        (error: Error) => error.message,
      )
      await killWhenWaiting('victim')
      await reserved`ROLLBACK`
      reserved.release()
      expect(await run, table).not.toBe('done')
      await Promise.all([victim.end({ timeout: 1 }), jailer.end()])

      const cut = await storedRows(db, user.id)
      // The balances stand in the last page, which has no rows; sync_run is written behind it. Everything before belongs to
      // the first one.
      const stored = { reconciliation: 40, sync_run: 41 }[table] ?? 0
      expect(cut, table).toHaveLength(stored)
      const again = await importStatement(db.sql, statement(), options(sourceId))
      expect(await state(user.id), table).toEqual(whole)
      expect(again.accounts[0]).toMatchObject(
        stored > 0 ? { added: 0, unchanged: 40 } : { added: 40, unchanged: 0 },
      )
    }
  })

  test('between any two pages leaves the pages before, and the next run completes it', async () => {
    const whole = await wholeState()
    for (const killedAfter of [10, 20, 30, 40]) {
      const { user, sourceId } = await newPerson(db)
      const victim = connect(db.url, { max: 1, applicationName: 'victim' })
      let killing: Promise<unknown> = Promise.resolve()
      const outcome = await importStatement(
        victim,
        statement(),
        options(sourceId, {
          onStored: (rows) => {
            if (rows === killedAfter)
              killing = db.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'`
          },
        }),
      ).then(
        () => 'done',
        () => 'cut off',
      )
      await killing
      await victim.end({ timeout: 1 })
      const cut = (await storedRows(db, user.id)).filter(({ kind }) => kind === 'card')
      expect(outcome === 'done' ? 40 : cut.length % 10).toBe(outcome === 'done' ? cut.length : 0)
      await importStatement(db.sql, statement(), options(sourceId))
      expect(await state(user.id)).toEqual(whole)
    }
  })
})

async function killWhenWaiting(applicationName: string): Promise<void> {
  for (;;) {
    const [killed] = await db.sql<{ count: number }[]>`
      SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
      WHERE application_name = ${applicationName} AND wait_event_type = 'Lock'`
    if (killed!.count > 0) return
  }
}

describe('a file with a bad record', () => {
  async function* faulty(): AsyncIterable<StatementEvent> {
    yield* statement()
    yield { type: 'fault', line: 44, reason: 'amount "1e309" is not a plain decimal number' }
  }

  test('is refused whole', async () => {
    const { user, sourceId } = await newPerson(db)
    const report = await importStatement(db.sql, faulty(), options(sourceId))
    expect(report).toMatchObject({ refused: true, accounts: [], faults: [{ line: 44 }] })
    expect(await state(user.id)).toEqual({ rows: [], reconciliations: [] })
    expect(await db.sql`SELECT 1 FROM account WHERE user_id = ${user.id}`).toHaveLength(0)
  })

  test('gives the rest where that is asked for', async () => {
    const { user, sourceId } = await newPerson(db)
    const report = await importStatement(db.sql, faulty(), options(sourceId, { skipBad: true }))
    expect(report).toMatchObject({ refused: false, accounts: [{ added: 40 }], faults: [{ line: 44 }] })
    expect((await state(user.id)).rows).toHaveLength(41)
  })

  test('that breaks off stores nothing of it', async () => {
    const { user, sourceId } = await newPerson(db)
    async function* truncated(): AsyncIterable<StatementEvent> {
      yield* statement()
      throw new Error('truncated')
    }
    await expect(importStatement(db.sql, truncated(), options(sourceId))).rejects.toThrow('truncated')
    expect((await state(user.id)).rows).toEqual([])
  })
})

describe('rows without ids', () => {
  const entry = (bookedOn: string, amount: string): StatementEvent => ({
    type: 'entry',
    line: 1,
    bookedOn,
    amount,
    asset: 'EUR',
    kind: 'card',
    status: 'posted',
    description: 'coffee',
  })
  async function* file(...events: StatementEvent[]): AsyncIterable<StatementEvent> {
    yield { type: 'statement', line: 1, account: { externalId: 'A' } }
    yield* events
  }

  test('two identical coffees both stay, and overlapping files do not double them', async () => {
    const { user, sourceId } = await newPerson(db)
    await importStatement(
      db.sql,
      file(entry('2024-01-05', '-2.8'), entry('2024-01-05', '-2.8')),
      options(sourceId),
    )
    const again = await importStatement(
      db.sql,
      file(entry('2024-01-05', '-2.8'), entry('2024-01-05', '-2.8'), entry('2024-01-06', '-2.8')),
      options(sourceId, { rowsPerPage: 1 }),
    )
    expect(again.accounts).toMatchObject([{ added: 1, unchanged: 2 }])
    expect(await storedRows(db, user.id)).toHaveLength(3)
  })
})

test('a gap between two statements of an account is told', async () => {
  const { sourceId } = await newPerson(db)
  async function* two(): AsyncIterable<StatementEvent> {
    yield { type: 'statement', line: 1, account: { externalId: 'A' } }
    yield { type: 'balance', line: 2, edge: 'open', day: '2024-01-01', amount: '100', asset: 'EUR' }
    yield {
      type: 'entry',
      line: 3,
      bookedOn: '2024-01-10',
      amount: '5',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
    }
    yield { type: 'balance', line: 4, edge: 'close', day: '2024-01-31', amount: '105', asset: 'EUR' }
    yield { type: 'statement', line: 5, account: { externalId: 'A' } }
    yield { type: 'balance', line: 6, edge: 'open', day: '2024-03-01', amount: '205', asset: 'EUR' }
    yield {
      type: 'entry',
      line: 7,
      bookedOn: '2024-03-10',
      amount: '1',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
    }
    yield { type: 'balance', line: 8, edge: 'close', day: '2024-03-31', amount: '206', asset: 'EUR' }
  }
  const report = await importStatement(db.sql, two(), options(sourceId))
  expect(report.checks.map(({ difference, previousClosing }) => [difference, previousClosing])).toEqual([
    ['0', undefined],
    ['0', '105'],
  ])
  expect(report.differences.map(({ day, edge, difference }) => [day, edge, difference])).toEqual([
    ['2024-03-01', 'open', '100'],
    ['2024-03-31', 'close', '100'],
  ])
})

test('a file without an account is refused unless one is named', async () => {
  const { sourceId } = await newPerson(db)
  async function* nameless(): AsyncIterable<StatementEvent> {
    yield {
      type: 'entry',
      line: 1,
      bookedOn: '2024-01-05',
      amount: '1',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
    }
  }
  await expect(importStatement(db.sql, nameless(), options(sourceId))).rejects.toThrow('--account NAME')
  const report = await importStatement(db.sql, nameless(), options(sourceId, { accountName: 'Cash' }))
  expect(report.accounts).toMatchObject([{ externalId: 'Cash', added: 1 }])
})
