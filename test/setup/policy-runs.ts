import type { TestDatabase } from './database.ts'

/**
 * What TimescaleDB keeps of the runs of its policies of one kind: its own workers do not watch the databases of tests.
 * Nothing on the plain engine.
 */
export async function recordPolicyRuns(
  db: TestDatabase,
  procedure: string,
  { last, next, failures, succeeded }: { last: Date; next: Date; failures: number; succeeded: boolean },
): Promise<void> {
  if (db.engine !== 'timescale') return
  await db.sql`
    INSERT INTO _timescaledb_internal.bgw_job_stat (
      job_id, last_start, last_finish, next_start, last_successful_finish, last_run_success, total_runs,
      total_duration, total_duration_failures, total_successes, total_failures, total_crashes, consecutive_failures,
      consecutive_crashes, flags
    )
    SELECT job_id, ${last.toISOString()}, ${last.toISOString()}, ${next.toISOString()}, '-infinity', ${succeeded},
      ${failures + 1}, '1 second', '1 second', 1, ${failures}, 0, 0, 0, 0
    FROM timescaledb_information.jobs WHERE proc_name = ${procedure}`
}

/** The messages of the newest runs that failed, the newest last, behind one that has not ended. */
export async function recordPolicyErrors(
  db: TestDatabase,
  procedure: string,
  messages: string[],
): Promise<void> {
  if (db.engine !== 'timescale') return
  for (const message of [...messages, null])
    await db.sql`
      INSERT INTO _timescaledb_internal.bgw_job_stat_history (
        job_id, pid, execution_start, execution_finish, succeeded, data
      )
      SELECT job_id, 1, clock_timestamp(), ${message && '2024-06-15'}::timestamptz, ${message === null ? null : false}::boolean,
        jsonb_strip_nulls(jsonb_build_object('error_data', jsonb_build_object('message', ${message}::text)))
      FROM timescaledb_information.jobs WHERE proc_name = ${procedure}`
}
