import { BusyError } from '../errors.ts'

/**
 * Lets so many run at once, of one caller at most two, and refuses others with a BusyError before they have received
 * anything: their bodies would be held in memory. Without a number, all run.
 */
export function createPlaces(
  most: number | undefined,
  mostOfOne = 2,
): <Outcome>(caller: string, run: () => Promise<Outcome>) => Promise<Outcome> {
  const taken = new Map<string, number>()
  let all = 0
  return async (caller, run) => {
    if (most === undefined) return run()
    const own = taken.get(caller) ?? 0
    if (all >= most || own >= mostOfOne)
      throw new BusyError('others are being worked on: send this request again', 5)
    all++
    taken.set(caller, own + 1)
    try {
      return await run()
    } finally {
      all--
      const left = taken.get(caller)! - 1
      if (left > 0) taken.set(caller, left)
      else taken.delete(caller)
    }
  }
}
