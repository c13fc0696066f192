import type { Limit } from '../../connector.ts'
import { RateLimitedError } from '../../errors.ts'
import type { CaseRunner } from '../case.ts'
import { describe, expectDone, expectThat } from '../failure.ts'
import type { AskedRequest, Trial } from '../trial.ts'

/** Connections that sync at once, as often as it takes. */
const connections = 3
/** More requests than a run can make in reasonable time; a limit above it is kept and not measured. */
const mostRequests = 2_500
const leastUse = 0.9

/** Several connections at once never exceed what the provider counts, and use what it allows. */
export const limits: CaseRunner = async ({ fixture, open }) => {
  const declared = fixture.connector.limits
  const measured = declared.filter(({ max }) => max * 2 < mostRequests)
  const perConnection = Math.max(0, ...measured.filter(isPerConnection).map(({ max }) => max * 2 + 1))
  const together = Math.max(
    0,
    ...measured.filter(isShared).map(({ max }) => max * 2 + 1),
    perConnection * connections,
  )
  await expectCounting(await open({ limits: true }), Math.max(...declared.map(({ max }) => max)))

  const trial = await open({ limits: true, gated: true })
  const { asked, emulated } = trial
  const owners = Array.from({ length: connections }, (_, owner) => owner)
  await Promise.all(
    owners.map(async (owner) => {
      const subject = await trial.connect(owner)
      do {
        expectDone(await subject.sync(), `a sync among ${connections} at once`)
      } while (
        asked.length < Math.min(together, mostRequests) ||
        asked.filter((request) => request.owner === owner).length <
          Math.min(perConnection, mostRequests / connections)
      )
    }),
  )

  const refused = emulated.traffic.requests().filter(({ status }) => status === 429).length
  expectThat(
    refused === 0,
    `${refused} of ${asked.length} requests were answered 429, though the limits of the manifest were kept: they allow more than the provider does, or requests are made past ctx.http`,
  )
  for (const limit of declared.filter(isShared)) {
    if (limit.kind === 'fixed') continue
    const most = emulated.traffic.mostWithin(limit.per)
    expectThat(
      most <= limit.max,
      `${most} requests in ${limit.per / 1000} s exceed the manifest’s ${limit.max}`,
    )
  }
  const timesOf = (who: (request: AskedRequest) => boolean) => asked.filter(who).map(({ at }) => at)
  const all = timesOf(() => true)
  // Whichever limit binds, a connection's own or that of all together, sets how fast it could have been.
  const shortest = Math.max(
    shortestSpan(declared.filter(isShared), all),
    ...owners.map((owner) =>
      shortestSpan(
        declared.filter(isPerConnection),
        timesOf((request) => request.owner === owner),
      ),
    ),
  )
  const took = all.at(-1)! - all[0]!
  expectThat(
    took * leastUse <= shortest,
    `the connections had work all the time and did not use what the limits allow: ${all.length} requests took ${took / 1000} s and could have taken ${shortest / 1000} s`,
  )
}

/** The emulator has to refuse what goes beyond its limits, or the case would show nothing. */
async function expectCounting(trial: Trial, max: number): Promise<void> {
  if (max > mostRequests) return
  try {
    const subject = await trial.connect()
    while (trial.asked.length <= max * 4 + 10) {
      const { errors } = await subject.sync()
      if (errors.some((error) => error instanceof RateLimitedError)) return
      expectThat(errors.length === 0, `a sync without regard to limits: ${describe(errors[0])}`)
    }
  } catch (error) {
    if (error instanceof RateLimitedError) return
    throw error
  }
  expectThat(
    false,
    `${trial.asked.length} requests at once met no 429, though the manifest allows ${max}: the emulator has to enforce the provider’s limits (options.limits)`,
  )
}

/** How long as many requests take at least, in milliseconds, from the moment of the first one. */
function shortestSpan(limits: Limit[], made: number[]): number {
  const start = made[0] ?? 0
  const times: number[] = [start]
  for (let index = 1; index < made.length; index++) {
    let at = times.at(-1)!
    for (const { max, per, kind } of limits) {
      const before = times[index - max]
      if (before === undefined) continue
      const free = kind === 'sliding' ? before + per : (Math.floor(before / per) + 1) * per
      at = Math.max(at, free)
    }
    times.push(at)
  }
  return times.at(-1)! - start
}

function isShared({ scope }: Limit): boolean {
  return scope === 'client'
}

function isPerConnection({ scope }: Limit): boolean {
  return scope === 'connection'
}
