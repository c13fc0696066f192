import type { CaseContext, CaseRunner } from './case.ts'
import { malformed, serverErrors, silence } from './cases/breaking.ts'
import {
  duplicateIds,
  edited,
  garbageCursor,
  midPagination,
  pendingPosted,
  removed,
} from './cases/changing.ts'
import { limits } from './cases/limits.ts'
import { manifest } from './cases/manifest.ts'
import { balances, interrupted, pageSize, secondSync, twins } from './cases/reading.ts'
import {
  rateLimitedDate,
  rateLimitedSeconds,
  rateLimitedSilent,
  refusedCredentials,
} from './cases/refusals.ts'
import { CaseFailure } from './failure.ts'
import { type ConformanceCase, type ConnectorFixture, conformanceCases } from './fixture.ts'
import { openTrial, type Trial, type Way } from './trial.ts'

export interface CaseResult {
  case: ConformanceCase
  outcome: 'passed' | 'failed' | 'left out'
  /** Why it failed or was left out. */
  reason?: string
}

const runners: Record<ConformanceCase, CaseRunner> = {
  manifest,
  'page-size': pageSize,
  'second-sync': secondSync,
  interrupted,
  'mid-pagination': midPagination,
  'rate-limited-seconds': rateLimitedSeconds,
  'rate-limited-date': rateLimitedDate,
  'rate-limited-silent': rateLimitedSilent,
  'refused-credentials': refusedCredentials,
  'pending-posted': pendingPosted,
  removed,
  edited,
  'garbage-cursor': garbageCursor,
  'duplicate-ids': duplicateIds,
  twins,
  balances,
  limits,
  'server-errors': serverErrors,
  silence,
  malformed,
}

export interface ConformanceOptions {
  /** All of them unless told. */
  cases?: readonly ConformanceCase[]
  onResult?: (result: CaseResult) => void
  signal?: AbortSignal
}

/** Runs the cases over a connector and its emulator, over HTTP on loopback. A connector's faults are in the results. */
export async function runConformance(
  fixture: ConnectorFixture,
  { cases = conformanceCases, onResult, signal = new AbortController().signal }: ConformanceOptions = {},
): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const name of cases) {
    const result = await runCase(fixture, name, signal)
    signal.throwIfAborted()
    results.push(result)
    onResult?.(result)
  }
  return results
}

async function runCase(
  fixture: ConnectorFixture,
  name: ConformanceCase,
  signal: AbortSignal,
): Promise<CaseResult> {
  const lack = fixture.lacks?.[name]
  if (lack !== undefined) return { case: name, outcome: 'left out', reason: lack }
  const ways: Way[] = fixture.connector.pullBatch ? ['alone', 'in a batch'] : ['alone']
  for (const way of ways) {
    const reason = await failureOf(fixture, runners[name], way, signal)
    if (reason !== undefined)
      return { case: name, outcome: 'failed', reason: way === 'alone' ? reason : `in a batch: ${reason}` }
  }
  return { case: name, outcome: 'passed' }
}

async function failureOf(
  fixture: ConnectorFixture,
  run: CaseRunner,
  way: Way,
  signal: AbortSignal,
): Promise<string | undefined> {
  const trials: Trial[] = []
  const context: CaseContext = {
    fixture,
    lacks: fixture.lacks ?? {},
    open: async (options) => {
      const trial = await openTrial(fixture, way, signal, options)
      trials.push(trial)
      return trial
    },
  }
  try {
    await run(context)
    return undefined
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof CaseFailure) return error.message
    return `it ended with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  } finally {
    await Promise.all(trials.map((trial) => trial.close()))
  }
}
