import type { Shutdown } from '../src/shutdown.ts'
import type { Options } from './options.ts'
import type { AreaReport } from './report.ts'
import { benchBudgets } from './scheduler-budgets.ts'
import { benchClaims } from './scheduler-claims.ts'
import { benchFreshness } from './scheduler-freshness.ts'
import { benchMemory } from './scheduler-memory.ts'
import { makeCrowd } from './scheduler-sources.ts'
import type { BenchServer } from './server.ts'

/** The scheduler's areas, one after the other. */
export async function* benchScheduler(
  server: BenchServer,
  { sources, only }: Pick<Options, 'sources' | 'only'>,
  shutdown: Shutdown,
): AsyncGenerator<AreaReport> {
  if (only.includes('memory') || only.includes('claims')) {
    const db = await server.create('crowd')
    const now = new Date()
    await makeCrowd(db.sql, sources, now)
    if (only.includes('memory')) yield await benchMemory(db, sources, shutdown)
    if (only.includes('claims')) yield await benchClaims(db, sources, now)
    await server.drop('crowd')
  }
  if (only.includes('budget')) yield await benchBudgets(await server.create('budget'), shutdown)
  if (only.includes('freshness')) yield* await benchFreshness(await server.create('freshness'))
}
