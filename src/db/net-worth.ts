import { addDays, daysBetween } from '../calendar.ts'
import { RefusedError } from '../errors.ts'
import type { Sql } from './client.ts'

export const intervals = ['day', 'week', 'month', 'quarter', 'year'] as const
export type Interval = (typeof intervals)[number]

export const breakdowns = ['account', 'kind', 'asset', 'source'] as const
export type Breakdown = (typeof breakdowns)[number]

/** `carried`: a price older than its day was used. `incomplete`: assets without any price were left out. */
export type Quality = 'exact' | 'carried' | 'incomplete'

/** The value at the end of `date`. Decimal strings, at most 8 decimals; netWorth = assets + liabilities. */
export interface NetWorthPoint {
  date: string
  netWorth: string
  assets: string
  /** Zero or negative. */
  liabilities: string
  quality: Quality
  missing: string[]
}

export interface NetWorthGroup {
  /** An account's or a source's id, a kind, or an asset. */
  key: string
  /** The account's or source's name; otherwise the key. */
  name: string
  points: NetWorthPoint[]
}

export interface NetWorth {
  currency: string
  interval: Interval
  from: string
  to: string
  points: NetWorthPoint[]
  groups?: NetWorthGroup[]
}

export interface NetWorthQuery {
  /** Whose accounts, and what others let this user see. */
  userId: string
  currency: string
  /** Default: the day of the first transaction. */
  from?: string | undefined
  to: string
  interval?: Interval | 'auto' | undefined
  by?: Breakdown | undefined
}

const mostPoints = 5000
/** Of a series with its parts, all together. */
const mostPartPoints = 50_000
/** `auto` never gives more than this. */
const mostAutoPoints = 400

/**
 * Net worth over time. Each point is the value at the end of its bucket's last day; the last bucket ends at `to`.
 * Throws a RefusedError where the range is reversed or a named interval would give more than 5,000 points.
 */
export async function readNetWorth(sql: Sql, query: NetWorthQuery): Promise<NetWorth> {
  const { userId, currency, to } = query
  const from = query.from ?? earlier((await firstTransactionDay(sql, userId)) ?? to, to)
  if (from > to) throw new RefusedError(`the range is reversed: from ${from} lies after to ${to}`)
  const interval = chooseInterval(from, to, query.interval ?? 'auto')
  if (query.by !== undefined) await refuseTooMany(sql, { userId, from, to, interval, by: query.by })
  const rows = await sql<SeriesRow[]>`
    SELECT group_key, day, trim_scale(net_worth) AS net_worth, trim_scale(assets) AS assets,
      trim_scale(liabilities) AS liabilities, quality, missing
    FROM net_worth(${userId}, ${from}, ${to}, ${interval}, ${currency})`
  const series: NetWorth = { currency, interval, from, to, points: rows.map(asPoint) }
  if (query.by !== undefined) series.groups = await readGroups(sql, series, userId, query.by)
  return series
}

/** Throws a RefusedError that names the next coarser interval, or says that there is none. */
async function refuseTooMany(
  sql: Sql,
  {
    userId,
    from,
    to,
    interval,
    by,
  }: { userId: string; from: string; to: string; interval: Interval; by: Breakdown },
): Promise<void> {
  const parts = await countParts(sql, userId, to, by)
  const most = (each: Interval) => (parts + 1) * countPoints(from, to, each)
  if (most(interval) <= mostPartPoints) return
  const coarser = intervals
    .slice(intervals.indexOf(interval) + 1)
    .find((each) => most(each) <= mostPartPoints)
  throw new RefusedError(
    `${from} to ${to} by ${interval} in ${parts} parts has ${most(interval)} points, and at most ${mostPartPoints} are ` +
      `given: ${coarser ? `ask by ${coarser}` : 'ask for a shorter range, or by kind'}`,
  )
}

async function countParts(sql: Sql, userId: string, to: string, by: Breakdown): Promise<number> {
  const [row] =
    by === 'asset'
      ? await sql<{ count: number }[]>`
          SELECT count(DISTINCT asset)::int AS count FROM account_flow(${userId}, ${to}, ${to}, 'day')`
      : await sql<{ count: number }[]>`
          SELECT count(DISTINCT CASE ${by}::text
              WHEN 'account' THEN a.id::text WHEN 'kind' THEN a.kind ELSE a.source_id::text END)::int AS count
          FROM visible_account(${userId}) v JOIN account a ON a.id = v.account_id`
  return row!.count
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}

/** The day of the user's first posted transaction. */
export async function firstTransactionDay(sql: Sql, userId: string): Promise<string | undefined> {
  const [first] = await sql<{ day: string | null }[]>`SELECT first_flow_day(${userId}) AS day`
  return first?.day ?? undefined
}

export function chooseInterval(from: string, to: string, wanted: Interval | 'auto'): Interval {
  if (wanted === 'auto') {
    if (to < addYears(from, 1)) return 'day'
    if (to < addYears(from, 5)) return 'week'
    return (
      (['month', 'quarter', 'year'] as const).find((each) => countPoints(from, to, each) <= mostAutoPoints) ??
      'year'
    )
  }
  const points = countPoints(from, to, wanted)
  if (points <= mostPoints) return wanted
  const coarser = intervals
    .slice(intervals.indexOf(wanted) + 1)
    .find((each) => countPoints(from, to, each) <= mostPoints)
  throw new RefusedError(
    `${from} to ${to} by ${wanted} has ${points} points, and at most ${mostPoints} are given: ask by ${coarser ?? 'year'}`,
  )
}

function addYears(day: string, years: number): string {
  const moved = `${String(Number(day.slice(0, 4)) + years).padStart(4, '0')}${day.slice(4)}`
  // Ranges of whole years end on the day before the same date; 29 February counts as 1 March.
  return addDays(moved.endsWith('-02-29') ? `${moved.slice(0, 5)}03-01` : moved, 0)
}

function countPoints(from: string, to: string, interval: Interval): number {
  const months = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
  switch (interval) {
    case 'day':
      return daysBetween(from, to) + 1
    case 'week': {
      // Weeks since a Monday, 1899-12-25.
      const week = (day: string) => Math.floor(daysBetween('1899-12-25', day) / 7)
      return week(to) - week(from) + 1
    }
    case 'month':
      return months(to) - months(from) + 1
    case 'quarter':
      return Math.floor(months(to) / 3) - Math.floor(months(from) / 3) + 1
    case 'year':
      return Number(to.slice(0, 4)) - Number(from.slice(0, 4)) + 1
  }
}

interface SeriesRow {
  group_key: string | null
  day: string
  net_worth: string
  assets: string
  liabilities: string
  quality: Quality
  missing: string[]
}

function asPoint(row: SeriesRow): NetWorthPoint {
  return {
    date: row.day,
    netWorth: row.net_worth,
    assets: row.assets,
    liabilities: row.liabilities,
    quality: row.quality,
    missing: row.missing,
  }
}

async function readGroups(
  sql: Sql,
  series: NetWorth,
  userId: string,
  by: Breakdown,
): Promise<NetWorthGroup[]> {
  const rows = await sql<(SeriesRow & { name: string | null })[]>`
    SELECT n.group_key, n.day, trim_scale(n.net_worth) AS net_worth, trim_scale(n.assets) AS assets,
      trim_scale(n.liabilities) AS liabilities, n.quality, n.missing,
      CASE ${by}::text
        WHEN 'account' THEN (SELECT name FROM account WHERE id::text = n.group_key)
        WHEN 'source' THEN (SELECT name FROM user_source WHERE id::text = n.group_key)
      END AS name
    FROM net_worth(${userId}, ${series.from}, ${series.to}, ${series.interval}, ${series.currency}, ${by}) AS n
    WHERE n.group_key IS NOT NULL
    ORDER BY n.group_key, n.day`
  const groups = new Map<string, NetWorthGroup>()
  for (const row of rows) {
    const key = row.group_key ?? ''
    const group = groups.get(key) ?? { key, name: row.name ?? key, points: [] }
    group.points.push(asPoint(row))
    groups.set(key, group)
  }
  return [...groups.values()]
}
