import { Big } from 'big.js'
import { type CaseRunner, spread } from '../case.ts'
import { asProvider, hasPricesOnly, mutableRows, nextDay } from '../changes.ts'
import { listDifference } from '../compare.ts'
import { expectDone, expectNoDifference, expectSmooth, expectThat } from '../failure.ts'
import type { Trial } from '../trial.ts'

/** One row a page says the same as the provider's largest page. */
export const pageSize: CaseRunner = async ({ open }) => {
  const read = async (size?: number) => {
    const trial = await open(size === undefined ? {} : { pageSize: size })
    const subject = await trial.connect()
    const what = size === undefined ? 'a sync with the largest pages' : `a sync with pages of ${size}`
    expectSmooth(await subject.sync(), what)
    expectNoDifference(subject.difference(), `after ${what}`)
    return subject.source.store
      .rows()
      .map((row) => JSON.stringify(row))
      .toSorted()
  }
  const largest = await read()
  const smallest = await read(1)
  expectNoDifference(
    listDifference('row', largest, smallest),
    'pages of 1 should say what the largest pages say',
  )
}

export const secondSync: CaseRunner = async ({ open }) => {
  const trial = await open()
  const subject = await trial.connect()
  expectSmooth(await subject.sync(), 'the first sync')
  const expectUnchanged = async (what: string) => {
    const outcome = await subject.sync()
    expectSmooth(outcome, what)
    const { added, changed, removed } = outcome
    expectThat(
      added + changed + removed === 0,
      `${what} should change nothing, but it added ${added}, changed ${changed} and removed ${removed}`,
    )
    expectNoDifference(subject.difference(), `after ${what}`)
  }
  await expectUnchanged('a second sync at once')
  nextDay(trial)
  await expectUnchanged('a sync on the next day')
}

/** The process dies after each page in turn; the next one goes on from what is stored. */
export const interrupted: CaseRunner = async ({ open }) => {
  const trial = await open({ pageSize: 5 })
  const whole = await (await trial.connect(1)).sync()
  expectSmooth(whole, 'a sync that nothing interrupts')
  const { pages } = whole
  for (const page of spread(pages, 24)) {
    const subject = await trial.connect(page + 2)
    await subject.sync((done) => done === page + 1)
    const what = `a sync that goes on after a kill behind page ${page + 1} of ${pages}`
    expectSmooth(await subject.sync(), what)
    expectNoDifference(subject.difference(), `after ${what}`)
  }
}

/** Two rows that are alike in everything but their id are two. */
export const twins: CaseRunner = async ({ open }) => {
  const trial = await open()
  const rows = trial.expected().rows
  const alike = rows.filter((row, index) => row === rows[index + 1])
  expectThat(
    alike.length > 0,
    'the fixture’s world needs a pair of identical twins: two rows of one account, day and amount',
  )
  const subject = await trial.connect()
  const expectBoth = (what: string) => {
    const stored = subject.stored().rows
    for (const twin of alike) {
      const [expected, got] = [count(rows, twin), count(stored, twin)]
      expectThat(expected === got, `${what}: expected ${expected} times ${twin} and got it ${got} times`)
    }
  }
  expectSmooth(await subject.sync(), 'the first sync')
  expectBoth('after the first sync')
  nextDay(trial)
  expectSmooth(await subject.sync(), 'the sync of the next day')
  expectBoth('after the sync of the next day')
}

/** Reported balances are those that the provider's rows lead to, in Tidemark's signs, to the last digit. */
export const balances: CaseRunner = async ({ open }) => {
  const trial = await open()
  expectThat(!hasPricesOnly(trial), 'a provider of prices has no balances: say so in the fixture’s lacks')
  addLongAmounts(trial)
  const subject = await trial.connect()
  expectDone(await subject.sync(), 'a sync')
  expectNoDifference(subject.difference(), 'after a sync')
  const expected = trial.expected()
  expectNoDifference(
    listDifference('balance', expected.balances, subject.stored().balances),
    'the reported balances, liabilities being negative',
  )
  const today = trial.clock.now().toISOString().slice(0, 10)
  for (const { account, asset, day, edge } of subject.source.store.balances()) {
    if (edge === 'now')
      expectThat(day === today, `the balance of ${account} in ${asset} is of now, ${today}, but says ${day}`)
  }
}

/** Amounts that a floating-point number cannot hold. */
function addLongAmounts(trial: Trial): void {
  const model = mutableRows(trial)[0]!
  for (const [index, amount] of ['9007199254740993', '-9007199254740991.53'].entries()) {
    const sign = new Big(model.amount).lt(0) ? -1 : 1
    trial.emulated.world.put(
      asProvider(trial, { ...model, id: `long-${index}`, amount: new Big(amount).times(sign).toFixed() }),
    )
  }
}

function count(lines: string[], line: string): number {
  return lines.filter((each) => each === line).length
}
