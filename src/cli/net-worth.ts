import { dayInZone } from '../calendar.ts'
import {
  type Breakdown,
  type Interval,
  type NetWorth,
  type NetWorthPoint,
  readNetWorth,
} from '../db/net-worth.ts'
import { asCurrency, findUser, markSeen } from '../db/users.ts'
import { formatCsv } from './csv.ts'
import { formatMoney, formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface NetWorthOptions {
  user: string
  from?: string
  to?: string
  interval: Interval | 'auto'
  currency?: string
  by?: Breakdown
  format: 'table' | 'csv' | 'json'
}

export async function netWorthCommand(context: CommandContext, options: NetWorthOptions): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = await findUser(db, options.user)
  await markSeen(db, user.id, context.clock())
  const series = await readNetWorth(db.sql, {
    userId: user.id,
    currency: asCurrency(options.currency ?? user.baseCurrency),
    from: options.from,
    to: options.to ?? dayInZone(context.clock(), user.timeZone),
    interval: options.interval,
    by: options.by,
  })
  context.stdout.write(formats[options.format](series))
  return 0
}

const formats: Record<NetWorthOptions['format'], (series: NetWorth) => string> = {
  json: (series) => `${JSON.stringify(series, null, 2)}\n`,
  csv: (series) => formatCsv([csvHead(series), ...csvRows(series)]),
  table: formatNetWorthTable,
}

/** With a breakdown, a column before the sums names the part; the whole has none. */
function csvHead(series: NetWorth): string[] {
  const sums = ['net_worth', 'assets', 'liabilities', 'quality']
  return series.groups ? ['date', 'group', ...sums] : ['date', ...sums]
}

function csvRows(series: NetWorth): string[][] {
  const sums = (point: NetWorthPoint) => [point.netWorth, point.assets, point.liabilities, point.quality]
  if (!series.groups) return series.points.map((point) => [point.date, ...sums(point)])
  return [{ name: '', points: series.points }, ...series.groups].flatMap((group) =>
    group.points.map((point) => [point.date, group.name, ...sums(point)]),
  )
}

export function formatNetWorthTable(series: NetWorth): string {
  const table = formatTable(
    series.points.map((point, index) => [
      point.date,
      formatMoney(point.netWorth),
      formatMoney(point.assets),
      formatMoney(point.liabilities),
      ...(series.groups ?? []).map((group) => formatMoney(group.points[index]?.netWorth ?? '0')),
      point.quality,
    ]),
    {
      head: [
        'date',
        `net worth ${series.currency}`,
        'assets',
        'liabilities',
        ...(series.groups ?? []).map((group) => group.name),
        'quality',
      ],
      align: [
        'left',
        'right',
        'right',
        'right',
        ...(series.groups ?? []).map(() => 'right' as const),
        'left',
      ],
    },
  )
  return `${table}\n${missingLine(series)}`
}

function missingLine(series: NetWorth): string {
  const missing = [...new Set(series.points.flatMap((point) => point.missing))].sort()
  if (missing.length === 0) return ''
  const shown = missing.slice(0, 20).join(', ')
  const more = missing.length > 20 ? ` and ${missing.length - 20} more` : ''
  return `Left out for want of a price at some point: ${shown}${more}. Import prices with "tidemark import-prices".\n`
}
