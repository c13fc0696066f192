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
