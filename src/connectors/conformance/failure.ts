import { ConnectorError } from '../errors.ts'
import type { SyncOutcome } from './drive.ts'

/** What a case found wrong, in a sentence for the connector's author. */
export class CaseFailure extends Error {}

export function expectThat(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new CaseFailure(sentence)
}

/** The sync came to its end, and every row that it met could be used. */
export function expectDone(outcome: SyncOutcome, what: string): void {
  expectThat(outcome.ended === undefined, `${what} should come to its end, but ${describe(outcome.ended)}`)
  const problem = outcome.problems[0]
  expectThat(
    problem === undefined,
    `${what} could not use ${outcome.problems.length} rows of a faultless provider, the first: ${problem?.message}`,
  )
}

/** A sync without a single error: nothing went wrong on the provider's side. */
export function expectSmooth(outcome: SyncOutcome, what: string): void {
  expectThat(
    outcome.errors.length === 0,
    `${what} met no fault of the provider, yet ${describe(outcome.errors[0])}`,
  )
  expectDone(outcome, what)
}

export function expectNoDifference(difference: string | undefined, what: string): void {
  expectThat(difference === undefined, `${what}: ${difference}`)
}

/** Every error is one that src/connectors/errors.ts knows. */
export function expectTyped(errors: unknown[], what: string): void {
  for (const error of errors)
    expectThat(
      error instanceof ConnectorError,
      `${what}: throw one of the typed errors; ${describe(error)} ${error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : ''}`.trim(),
    )
}

export function describe(error: unknown): string {
  return error instanceof Error ? `it threw ${error.name}: ${error.message}` : `it threw ${String(error)}`
}
