import { addDays } from '../../calendar.ts'
import type { Connector } from '../connector.ts'
import type { EmulatedProvider } from './fixture.ts'

/**
 * Gives every account of a provider that is asked by windows a few rows older than the first window, and every feed
 * of prices a few such prices: otherwise a small history leaves backfill nothing to find.
 */
export function addOldRows({ history }: Connector, { world, rowFor }: EmulatedProvider, today: string): void {
  if (history.windowDays === undefined) return
  const days = [3, 9, history.windowDays + 4]
    .map((back) => history.windowDays! + back)
    .filter((back) => back < history.maxDays)
    .map((back) => addDays(today, -back))
  for (const account of world.accounts()) {
    const model = world
      .rows(account.id)
      .findLast(({ status, group }) => (status ?? 'posted') === 'posted' && group === undefined)
    if (model === undefined) continue
    for (const day of days) {
      const row = { ...model, id: `old-${day}`, occurredAt: `${day}${model.occurredAt.slice(10)}` }
      world.put(rowFor?.(row, account) ?? row)
    }
  }
  if (world.accounts().length > 0) return
  const latest = new Map(world.prices().map((price) => [`${price.asset}/${price.currency}`, price]))
  for (const price of latest.values()) for (const day of days) world.putPrice({ ...price, day })
}
