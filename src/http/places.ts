import { BusyError } from '../errors.ts'

/**
 * Lets so many run at once, and refuses others with a BusyError before they have received anything: their bodies
 * would be held in memory. Without a number, all run.
 */
export function createPlaces(
  most: number | undefined,
): <Outcome>(run: () => Promise<Outcome>) => Promise<Outcome> {
  let taken = 0
  return async (run) => {
    if (most !== undefined && taken >= most)
      throw new BusyError('others are being worked on: send this request again', 5)
    taken++
    try {
      return await run()
    } finally {
      taken--
    }
  }
}
