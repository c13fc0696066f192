import { type CaseRunner, spread } from '../case.ts'
import {
  addRow,
  asProvider,
  changeAtOnce,
  editAmount,
  editDay,
  editPrice,
  hasPricesOnly,
  mutableRows,
  nextDay,
} from '../changes.ts'
import { expectDone, expectNoDifference, expectSmooth, expectThat } from '../failure.ts'
import type { Subject, Trial } from '../trial.ts'
import { repeatRows } from './repeat-rows.ts'

/** The provider's rows change between two requests; the next day's sync has it right. */
export const midPagination: CaseRunner = async ({ open, lacks }) => {
  const first = await open({ pageSize: 5 })
  const probe = await first.connect()
  const before = first.asked.length
  expectSmooth(await probe.sync(), 'a sync without changes')
  for (const request of spread(first.asked.length - before, 10)) {
    const trial = await open({ pageSize: 5 })
    const subject = await trial.connect()
    trial.emulated.faults.plan(
      {
        kind: 'rewritten',
        rewrite: (body) => {
          changeAtOnce(trial, lacks, request)
          return body
        },
      },
      request,
    )
    const what = `when rows change behind request ${request + 1}`
    expectDone(await subject.sync(), `${what}, the sync`)
    expectThat(trial.emulated.faults.met() > 0, `${what}: the emulator has to meet the planned faults first`)
    nextDay(trial)
    expectSmooth(await subject.sync(), `${what}, the sync of the next day`)
    expectNoDifference(subject.difference(), `${what}, after the sync of the next day`)
  }
}

/** The posted row has an id of its own and takes the pending one's place. */
export const pendingPosted: CaseRunner = async ({ open }) => {
  const trial = await open()
  expectThat(!hasPricesOnly(trial), 'a provider of prices has no pending rows: say so in the fixture’s lacks')
  const { world } = trial.emulated
  const model = mutableRows(trial)[0]!
  const at = new Date(trial.clock.now().getTime() - 3_600_000).toISOString()
  world.put(asProvider(trial, { ...model, id: 'pending-1', occurredAt: at, status: 'pending' }))
  const subject = await trial.connect()
  expectSmooth(await subject.sync(), 'the first sync')
  expectNoDifference(subject.difference(), 'with pending rows')

  for (const row of world.rows().filter(({ status }) => status === 'pending')) {
    world.remove(row.account, row.id)
    const posted = { ...row, id: `${row.id}-posted`, status: 'posted' as const, replaces: row.id }
    world.put(asProvider(trial, posted))
  }
  await expectFollowed(trial, subject, 'when the pending rows are posted with new ids')
}

export const removed: CaseRunner = async ({ open, lacks }) => {
  const trial = await open()
  expectThat(!hasPricesOnly(trial), 'a provider of prices takes none back: say so in the fixture’s lacks')
  const { world } = trial.emulated
  const subject = await trial.connect()
  expectSmooth(await subject.sync(), 'the first sync')
  const row = mutableRows(trial)[0]!
  world.remove(row.account, row.id)
  await expectFollowed(trial, subject, `when the provider removed ${row.id}`)

  const pending = world.rows().find(({ status }) => status === 'pending')
  if (!pending || lacks['pending-posted'] !== undefined) return
  world.remove(pending.account, pending.id)
  await expectFollowed(trial, subject, `when the pending ${pending.id} came to nothing`)
}

/** Another amount, then another day. */
export const edited: CaseRunner = async ({ open }) => {
  const trial = await open()
  const subject = await trial.connect()
  expectSmooth(await subject.sync(), 'the first sync')
  if (hasPricesOnly(trial)) {
    const { asset, day } = editPrice(trial, 0)
    return expectFollowed(trial, subject, `when the price of ${asset} on ${day} was corrected`)
  }
  const row = mutableRows(trial).at(0)!
  const doubled = editAmount(trial, row)
  await expectFollowed(trial, subject, `when the amount of ${row.id} became ${doubled.amount}`)
  editDay(trial, doubled)
  await expectFollowed(trial, subject, `when ${row.id} was booked a day earlier`)
}

/** Whatever stands in the cursor after a change of versions, the next sync has it right. */
export const garbageCursor: CaseRunner = async ({ open }) => {
  const garbage = [
    { garbage: true },
    'a string',
    12_345,
    ['a', 'list'],
    { v: 0, after: 'an-old-shape', page: 3, since: 'never' },
  ]
  for (const cursor of garbage) {
    const trial = await open()
    const subject = await trial.connect()
    expectSmooth(await subject.sync(), 'the first sync')
    if (!hasPricesOnly(trial)) addRow(trial, 'meanwhile')
    subject.source.cursor = cursor
    const what = `with the cursor ${JSON.stringify(cursor)}`
    expectDone(await subject.sync(), `${what}, a sync`)
    expectNoDifference(subject.difference(), `${what}, after a sync`)

    // A backfill that was interrupted has a cursor, too.
    const late = await (await open({ pageSize: 1 })).connect()
    await late.sync(() => late.source.lastSyncDay !== null)
    if (!late.source.backfill) continue
    late.source.backfill.cursor = cursor
    expectDone(await late.sync(), `${what} in the backfill, a sync`)
    expectNoDifference(late.difference(), `${what} in the backfill, after a sync`)
  }
}

/** The same row twice in one answer is one row. */
export const duplicateIds: CaseRunner = async ({ open }) => {
  const trial = await open()
  const subject = await trial.connect()
  let repeated = 0
  for (let request = 0; request < 500; request++) {
    trial.emulated.faults.plan({
      kind: 'rewritten',
      rewrite: (body) => {
        const { text, rows } = repeatRows(body)
        repeated += rows
        return text
      },
    })
  }
  expectDone(await subject.sync(), 'a sync whose answers have their rows twice')
  expectThat(repeated > 0, 'no answer had a JSON list of rows to repeat: say in the fixture’s lacks why')
  expectNoDifference(subject.difference(), 'after a sync whose answers have their rows twice')
}

async function expectFollowed(trial: Trial, subject: Subject, what: string): Promise<void> {
  nextDay(trial)
  expectSmooth(await subject.sync(), `${what}, the sync of the next day`)
  expectNoDifference(subject.difference(), `${what}, after the sync of the next day`)
}
