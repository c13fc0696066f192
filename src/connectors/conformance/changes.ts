import { Big } from 'big.js'
import { addDays } from '../../calendar.ts'
import type { PriceQuote } from '../../page.ts'
import type { WorldRow } from '../emulator/world.ts'
import { expectThat } from './failure.ts'
import type { ConformanceCase } from './fixture.ts'
import type { Trial } from './trial.ts'

/** What happens at the provider while Tidemark is not looking. Each applies to rows, or to prices where it has only those. */

export function hasPricesOnly({ emulated }: Trial): boolean {
  return emulated.world.accounts().length === 0
}

/** The provider's next day. */
export function nextDay({ clock }: Trial): void {
  clock.advance(86_400_000)
}

/**
 * Rows that the provider may still change and that the next day's sync reads again, newest first: posted, not part
 * of a group, and unlike every other row.
 */
export function mutableRows(trial: Trial): WorldRow[] {
  const { world } = trial.emulated
  const [from, to] = mutableDays(trial)
  const like = new Map<string, number>()
  const likeness = (row: WorldRow) =>
    [row.account, row.occurredAt.slice(0, 10), row.amount, row.asset ?? ''].join(' ')
  for (const row of world.rows()) like.set(likeness(row), (like.get(likeness(row)) ?? 0) + 1)
  const rows = world
    .rows()
    .filter((row) => (row.status ?? 'posted') === 'posted' && row.group === undefined)
    .filter(({ occurredAt }) => occurredAt.slice(0, 10) > from && occurredAt.slice(0, 10) <= to)
    .filter((row) => like.get(likeness(row)) === 1)
    .toReversed()
  expectThat(
    rows.length > 0,
    `the fixture's world needs a posted row without a group after ${from}, which can still change`,
  )
  return rows
}

export function addRow(trial: Trial, name: string): void {
  const { world } = trial.emulated
  const model = mutableRows(trial)[0]!
  world.put(
    asProvider(trial, {
      ...model,
      id: `added-${name}`,
      occurredAt: new Date(trial.clock.now().getTime() - 3_600_000).toISOString(),
      amount: new Big(model.amount).times(3).toFixed(),
    }),
  )
}

export function editAmount(trial: Trial, row: WorldRow): WorldRow {
  const edited = asProvider(trial, { ...row, amount: new Big(row.amount).times(2).toFixed() })
  trial.emulated.world.put(edited)
  return edited
}

/** Books the row a day earlier. */
export function editDay(trial: Trial, row: WorldRow): void {
  const earlier = new Date(Date.parse(row.occurredAt) - 86_400_000).toISOString()
  trial.emulated.world.put(asProvider(trial, { ...row, occurredAt: earlier }))
}

/** The provider corrects a price that it has told before. */
export function editPrice(trial: Trial, index: number): PriceQuote {
  const { world } = trial.emulated
  const [from, to] = mutableDays(trial)
  const prices = world.prices().filter(({ day }) => day > from && day < to)
  expectThat(prices.length > 0, `the fixture's world needs a price after ${from}, which can still change`)
  const price = prices[index % prices.length]!
  const edited = { ...price, price: new Big(price.price).times(2).toFixed() }
  world.putPrice(edited)
  return edited
}

/** Whatever of the three the provider's protocol knows: a row added, one changed, one removed. */
export function changeAtOnce(
  trial: Trial,
  lacks: Partial<Record<ConformanceCase, string>>,
  round: number,
): void {
  if (hasPricesOnly(trial)) {
    if (lacks.edited === undefined) editPrice(trial, round)
    return
  }
  const rows = mutableRows(trial)
  const changed = rows[round % rows.length]!
  const removed = rows[(round + 1) % rows.length]!
  addRow(trial, `${round}`)
  if (lacks.edited === undefined) editAmount(trial, changed)
  if (lacks.removed === undefined && removed !== changed)
    trial.emulated.world.remove(removed.account, removed.id)
}

export function asProvider({ emulated }: Trial, row: WorldRow): WorldRow {
  const account = emulated.world.accounts().find(({ id }) => id === row.account)!
  return emulated.rowFor?.(row, account) ?? row
}

/** Days, the first one excluded, of what can still change; a provider that tells of changes has no such bound. */
function mutableDays({ connector, clock }: Trial): [string, string] {
  const { mutableDays: mutable, overlapDays, windowDays } = connector.history
  const today = clock.now().toISOString().slice(0, 10)
  const reach = Math.max(mutable, overlapDays, windowDays === undefined ? 7 : 0)
  return [addDays(today, -reach), today]
}
