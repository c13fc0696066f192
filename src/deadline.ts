import { BusyError } from './errors.ts'

/**
 * What the work gives, or a BusyError after so many milliseconds: a driver can lose a query when its connection
 * breaks, and nobody waits for ever. What the work does then is not heard of.
 */
export async function withDeadline<Outcome>(
  milliseconds: number,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  return withPausedDeadline(milliseconds, work)
}

/** Runs a part of the work for which somebody else is waited for. */
export type Apart = <Outcome>(work: () => Promise<Outcome>) => Promise<Outcome>

/** The same, where nothing is counted while something runs apart; behind that, the time begins anew. */
export async function withPausedDeadline<Outcome>(
  milliseconds: number,
  work: (apart: Apart) => Promise<Outcome>,
): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  let running = 0
  let ended = false
  let giveUp = () => {}
  const late = new Promise<never>((_, reject) => {
    giveUp = () => reject(new BusyError('the answer takes too long to make: ask again', 5))
  })
  const begin = () => {
    if (!ended) timer = setTimeout(giveUp, milliseconds)
  }
  const apart: Apart = async (part) => {
    clearTimeout(timer)
    running++
    try {
      return await part()
    } finally {
      running--
      if (running === 0) begin()
    }
  }
  begin()
  try {
    return await Promise.race([work(apart), late])
  } finally {
    ended = true
    clearTimeout(timer)
  }
}
