import { addDays } from '../calendar.ts'
import { type Sql, sqlState } from './client.ts'
import type { Engine } from './engine.ts'

export interface RollupPass {
  /** Users whose marks were cleared. */
  cleared: number
  /** Users whose marks stay, because an aggregate is not what their rows say even after it was refreshed by force. */
  stale: number
  /** The days that were refreshed, both included; undefined where nothing was dirty. */
  window: { from: string; to: string } | undefined
  /** True where another refresh held the same days; the marks stay for the next pass. */
  busy: boolean
  /** Windows that were refreshed, of so many. */
  windows: { done: number; all: number }
}

export interface PassOptions {
  /** Looked at between two windows. */
  signal?: AbortSignal
  onWindow?: (done: number, all: number) => void
}

/** Days from `from` on, up to `to`, which is not included: both the first of a month. */
interface Window {
  from: string
  to: string
}

const nothing: RollupPass = {
  cleared: 0,
  stale: 0,
  window: undefined,
  busy: false,
  windows: { done: 0, all: 0 },
}

/** Everything that is marked, in one window: for commands that have just written, and tests. */
export async function refreshRollups(sql: Sql, engine: Engine): Promise<RollupPass> {
  return refresh(sql, engine, ({ first, end }) => [{ from: first, to: end }])
}

/** The recent pass: the days from the month on in which `days` ago lies, and the marks that begin there. */
export async function refreshRecent(
  sql: Sql,
  engine: Engine,
  { days, today }: { days: number; today: string },
): Promise<RollupPass> {
  const from = monthOf(addDays(today, -days))
  return refresh(sql, engine, ({ newest, end }) => (newest >= from ? [{ from, to: end }] : []))
}

/**
 * The deep pass: everything that is marked, from the newest months to the oldest, `batchMonths` at a time, so that no
 * refresh holds the aggregates for long and what was done stays done. The first batch takes the future along, too.
 */
export async function refreshDeep(
  sql: Sql,
  engine: Engine,
  { batchMonths, today }: { batchMonths: number; today: string },
  options: PassOptions = {},
): Promise<RollupPass> {
  return refresh(sql, engine, ({ first, end }) => batches(first, end, today, batchMonths), options)
}

function batches(first: string, end: string, today: string, months: number): Window[] {
  const windows: Window[] = []
  let to = end
  let from = addMonths(monthOf(today), 1 - months)
  while (from >= end) from = addMonths(from, -months)
  for (;;) {
    windows.push({ from, to })
    if (from <= first) return windows
    to = from
    from = addMonths(from, -months)
  }
}

interface Marked {
  /** The months in which the first and the last of the marks begin. */
  first: string
  newest: string
  /** Behind the last chunk: an open end would let a row dated in the future drag the watermark along. */
  end: string
}

/**
 * Brings the aggregates up to date with every write that had committed when it began, window by window from the newest
 * to the oldest, and behind each window clears the marks of those writes that the windows so far cover wholly. A write
 * that commits meanwhile carries a newer transaction id and keeps its mark. Days first, then months, which are made of
 * days. Readers are exact before, during and after; broken off anywhere, it leaves marks that the next pass takes.
 *
 * TimescaleDB recomputes only what its invalidation log names inside the window, so a wide window is no waste.
 */
async function refresh(
  sql: Sql,
  engine: Engine,
  windowsOf: (marked: Marked) => Window[],
  { signal, onWindow }: PassOptions = {},
): Promise<RollupPass> {
  if (engine === 'plain') return nothing
  const [pass] = await sql<{ horizon: string; first: string | null; newest: string; end: string | null }[]>`
    SELECT horizon::text, month_start(min(d.from_day))::text AS first, month_start(max(d.from_day))::text AS newest,
      (SELECT (bucket_end(max(range_end)::date, 'month') + 1)::text FROM timescaledb_information.chunks
        WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction') AS end
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS h
    LEFT JOIN rollup_dirty d ON d.marked_xid < h.horizon
    GROUP BY horizon`
  if (!pass?.first || !pass.end) return nothing
  const { horizon, first, newest, end } = pass
  const windows = windowsOf({ first, newest, end })
  if (windows.length === 0) return nothing
  const outcome = { ...nothing, windows: { done: 0, all: windows.length } }
  for (const { from, to } of windows) {
    if (signal?.aborted) break
    try {
      await refreshWindow(sql, from, to, false)
      let marks = await clearMarks(sql, horizon, from)
      outcome.cleared += marks.cleared
      if (marks.stale.length > 0) {
        for (const month of marks.stale) await refreshWindow(sql, month, addMonths(month, 1), true)
        marks = await clearMarks(sql, horizon, from)
        outcome.cleared += marks.cleared
      }
      outcome.stale = marks.staleUsers
    } catch (error) {
      // A policy or another pass refreshes days of this window right now.
      if (!(error instanceof Error && 'code' in error && busyStates.has(String(error.code)))) throw error
      outcome.busy = true
      break
    }
    outcome.window = { from, to: outcome.window?.to ?? to }
    outcome.windows.done++
    onWindow?.(outcome.windows.done, windows.length)
  }
  return outcome
}

const busyStates = new Set<string>([sqlState.lockNotAvailable, sqlState.deadlockDetected])

async function refreshWindow(sql: Sql, from: string, to: string, force: boolean): Promise<void> {
  await refreshAggregate(sql, 'daily_flow', from, to, force)
  await refreshAggregate(sql, 'monthly_flow', from, to, force)
}

/**
 * A statement of its own, since a refresh commits in between and cannot run inside a transaction. In one pass: the
 * batches that TimescaleDB 2.28 would cut by itself leave out invalidations that are not in the aggregate's own log
 * yet, and end without a word. See docs/decisions/0005-refresh-in-one-pass.md.
 */
async function refreshAggregate(
  sql: Sql,
  aggregate: string,
  from: string,
  to: string,
  force: boolean,
): Promise<void> {
  await sql.unsafe(
    `CALL refresh_continuous_aggregate('${aggregate}', '${from}'::date, '${to}'::date,
      force => ${force}, options => '{"buckets_per_batch": 0}')`,
  )
}

/** So that what is compared at once stays small. */
const usersPerStatement = 200

/** See sql/functions/0029_clear_rollup_marks.sql. */
async function clearMarks(
  sql: Sql,
  horizon: string,
  from: string,
): Promise<{ cleared: number; stale: string[]; staleUsers: number }> {
  const stale = new Set<string>()
  let [cleared, users, after] = [0, 0, '0']
  for (;;) {
    const [batch] = await sql<
      { last_user: string; cleared: string; stale_months: string[]; stale_users: number }[]
    >`
      SELECT last_user, cleared, stale_months::text[], stale_users
      FROM clear_rollup_marks(${horizon}::xid8, ${from}, ${after}, ${usersPerStatement})`
    if (!batch) return { cleared, stale: [...stale].sort().reverse(), staleUsers: users }
    cleared += Number(batch.cleared)
    users += batch.stale_users
    for (const month of batch.stale_months) stale.add(month)
    after = batch.last_user
  }
}

const monthOf = (day: string) => `${day.slice(0, 7)}-01`

/** Of the first of a month. */
function addMonths(month: string, months: number): string {
  const count = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + months
  return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}-01`
}
