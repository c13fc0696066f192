import { instantOrNull } from './client.ts'
import type { Database } from './database.ts'

/** Work that TimescaleDB does by itself, and how it went. */
export interface TimescaleJob {
  /** Such as `policy_columnstore`. */
  procedure: string
  /** The hypertable or the continuous aggregate. */
  relation: string
  everySeconds: number
  /** When the last run began; null where there was none. */
  lastRun: Date | null
  /** Null where none is planned. */
  nextRun: Date | null
  /** Of the last run that ended. */
  lastStatus: 'succeeded' | 'failed' | null
  /** Runs that failed, of all. */
  failures: number
  /** What the newest run that failed ended with; TimescaleDB forgets it after some time. */
  lastError: string | null
}

/** Of Tidemark's relations, by procedure; none on the plain engine. */
export async function readTimescaleJobs({
  sql,
  engine,
}: Pick<Database, 'sql' | 'engine'>): Promise<TimescaleJob[]> {
  if (engine === 'plain') return []
  const rows = await sql`
    SELECT j.proc_name, coalesce(c.view_name, j.hypertable_name) AS relation,
      extract(epoch FROM j.schedule_interval)::int AS every_seconds,
      -- What never was is told as an infinite moment.
      CASE WHEN isfinite(s.last_run_started_at) THEN s.last_run_started_at END AS last_run,
      CASE WHEN j.scheduled AND isfinite(coalesce(s.next_start, j.next_start)) THEN coalesce(s.next_start, j.next_start) END
        AS next_run,
      s.last_run_status, coalesce(s.total_failures, 0)::int AS failures, e.err_message AS last_error
    FROM timescaledb_information.jobs j
    LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
    LEFT JOIN timescaledb_information.continuous_aggregates c
      ON c.materialization_hypertable_name = j.hypertable_name
    LEFT JOIN LATERAL (
      SELECT err_message FROM timescaledb_information.job_errors
      -- A run that has not ended yet is there, too, without a message.
      WHERE job_id = j.job_id AND err_message IS NOT NULL
      ORDER BY start_time DESC LIMIT 1
    ) AS e ON true
    WHERE j.hypertable_name IS NOT NULL
    ORDER BY j.proc_name, relation`
  return rows.map((row) => ({
    procedure: row.proc_name,
    relation: row.relation,
    everySeconds: row.every_seconds,
    lastRun: instantOrNull(row.last_run),
    nextRun: instantOrNull(row.next_run),
    lastStatus: statuses[row.last_run_status as keyof typeof statuses] ?? null,
    failures: row.failures,
    lastError: row.last_error,
  }))
}

const statuses = { Success: 'succeeded', Failed: 'failed' } as const
