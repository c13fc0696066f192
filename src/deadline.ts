import { BusyError } from './errors.ts'

/**
 * What the work gives, or a BusyError after so many milliseconds: a driver can lose a query when its connection
 * breaks, and nobody waits for ever. What the work does then is not heard of.
 */
export async function withDeadline<Outcome>(
  milliseconds: number,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new BusyError('the answer takes too long to make: ask again', 5)),
      milliseconds,
    )
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
