import { kindGroupName } from '../accounts/account-kinds.ts'
import type { Answer } from '../api.ts'
import { compare, subtract, sum } from '../format/arithmetic.ts'

export type Series = Answer<'getNetWorth'>
export type Point = Series['points'][number]
export type Group = NonNullable<Series['groups']>[number]

/** Beyond these, parts are hard to tell apart; the rest is one. */
export const mostGroups = 20

/** The parts by their size at their largest; those beyond the first twenty together. */
export function largestGroups(series: Series, by: string): Group[] {
  const named = (series.groups ?? []).map((group) => ({ ...group, name: nameOf(group, by) }))
  const groups = named.filter(({ points }) =>
    points.some(
      ({ assets, liabilities, missing }) => assets !== '0' || liabilities !== '0' || missing.length > 0,
    ),
  )
  const sizes = new Map(groups.map((group) => [group.key, sizeOf(group)]))
  groups.sort((a, b) => sizes.get(b.key)! - sizes.get(a.key)!)
  if (groups.length <= mostGroups) return groups
  const rest = groups.slice(mostGroups - 1)
  const points = series.points.map((point, index): Point => {
    const parts = rest.map((group) => group.points[index]!)
    return {
      ...point,
      netWorth: sum(parts.map(({ netWorth }) => netWorth)),
      assets: sum(parts.map(({ assets }) => assets)),
      liabilities: sum(parts.map(({ liabilities }) => liabilities)),
      missing: [...new Set(parts.flatMap(({ missing }) => missing))],
    }
  })
  return [...groups.slice(0, mostGroups - 1), { key: '', name: `${rest.length} others`, points }]
}

function nameOf({ name }: Group, by: string): string {
  return by === 'kind' ? kindGroupName(name) : name
}

/** For the order alone. */
function sizeOf({ points }: Group): number {
  return points.reduce(
    (size, { assets, liabilities }) => Math.max(size, Number(assets) - Number(liabilities)),
    0,
  )
}

export interface Part {
  key: string
  name: string
  /** Of its colour. */
  place: number
  amount: string
}

/** What a point is made of, the largest first, whichever side of zero it is on. */
export function partsAt(groups: Group[], index: number): Part[] {
  const size = (amount: string) => (amount.startsWith('-') ? amount.slice(1) : amount)
  return groups
    .map(({ key, name, points }, place) => ({ key, name, place, amount: points[index]!.netWorth }))
    .filter(({ amount }) => amount !== '0')
    .sort((a, b) => compare(size(b.amount), size(a.amount)))
}

export interface Change {
  amount: string
  /** Of what there was; undefined where that was not above zero. */
  ratio: number | undefined
  /** The day at whose end it was measured first. */
  since: string
}

/** From one point to another. */
export function changeBetween(first: Point, last: Point): Change {
  const amount = subtract(last.netWorth, first.netWorth)
  const ratio = compare(first.netWorth, '0') > 0 ? Number(amount) / Number(first.netWorth) : undefined
  return { amount, ratio, since: first.date }
}

/** Assets without any price in the series, and the last day on which each was left out. */
export function missingIn({ points }: Series): Map<string, string> {
  return new Map(points.flatMap(({ missing, date }) => missing.map((asset) => [asset, date] as const)))
}
