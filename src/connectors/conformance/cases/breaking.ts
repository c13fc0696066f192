import type { TransportFault } from '../../emulator/faults.ts'
import { ConnectorError, TransientError } from '../../errors.ts'
import type { CaseContext, CaseRunner } from '../case.ts'
import type { SyncOutcome } from '../drive.ts'
import { describe, expectDone, expectNoDifference, expectThat, expectTyped } from '../failure.ts'
import type { TrialOptions } from '../trial.ts'
import { countRequests } from './refusals.ts'

export const serverErrors: CaseRunner = async (context) => {
  for (const status of [500, 502, 503]) {
    const what = `when an answer is ${status}`
    await meet(context, { kind: 'status', status }, what, {}, expectTransient)
  }
}

/** No answer before or after the provider acted, and one that breaks off. */
export const silence: CaseRunner = async (context) => {
  for (const when of ['before', 'after'] as const) {
    await meet(
      context,
      { kind: 'silence', when },
      `when an answer does not come (${when} the provider acted)`,
      { timeout: 150 },
      expectTransient,
    )
    await meet(
      context,
      { kind: 'reset', when },
      `when an answer breaks off (${when} the provider acted)`,
      {},
      expectTransient,
    )
  }
}

/** An answer that ends in the middle, and one that never ends. */
export const malformed: CaseRunner = async (context) => {
  const expectTold = (outcome: SyncOutcome, what: string) => {
    expectThat(
      outcome.errors.length + outcome.problems.length > 0,
      `${what}, expected a typed error, and nothing was told: an answer that is not whole must not pass for one`,
    )
    expectTyped(outcome.errors, what)
  }
  await meet(context, { kind: 'truncated' }, 'when an answer is cut off in the middle', {}, expectTold)
  const bytes = 33 * 1024 * 1024
  await meet(context, { kind: 'oversized', bytes }, `when an answer has ${bytes} bytes`, {}, expectTold)
}

/** Meets the fault at the first and at the last request of a sync; a sync after it has everything right. */
async function meet(
  { open }: CaseContext,
  fault: TransportFault,
  what: string,
  options: TrialOptions,
  expectErrors: (outcome: SyncOutcome, what: string) => void,
): Promise<void> {
  const requests = await countRequests(await open())
  for (const request of new Set([0, requests - 1])) {
    const trial = await open(options)
    const subject = await trial.connect()
    trial.emulated.faults.plan(fault, request)
    const which = `${what}, request ${request + 1} of ${requests}`
    const outcome = await subject.sync()
    expectErrors(outcome, which)
    expectThat(
      outcome.ended === undefined || outcome.ended instanceof ConnectorError,
      `${which}: ${describe(outcome.ended)}`,
    )
    trial.emulated.faults.clear()
    // The next day's sync reads again what may have been lost of this one's.
    trial.clock.advance(86_400_000)
    expectDone(await subject.sync(), `${which}, the next sync`)
    expectNoDifference(subject.difference(), `${which}, after the next sync`)
  }
}

function expectTransient({ errors }: SyncOutcome, what: string): void {
  expectThat(errors.length > 0, `${what}, expected a TransientError, and no error came`)
  for (const error of errors)
    expectThat(error instanceof TransientError, `${what}, expected a TransientError, but ${describe(error)}`)
}
