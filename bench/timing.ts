/** Milliseconds that a piece of work takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value that the share `q` of them does not exceed. */
export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!
}

/**
 * The median time of each piece of work. They take turns, so that what else the machine does meanwhile falls on all
 * of them alike. The first turns are not counted: they fill caches.
 */
export async function medianTimes<Name extends string>(
  work: Record<Name, (turn: number) => Promise<unknown>>,
  { turns, warmUp }: { turns: number; warmUp: number },
): Promise<Record<Name, number>> {
  const names = Object.keys(work) as Name[]
  const times = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let turn = 0; turn < warmUp + turns; turn++) {
    for (const name of names) {
      const taken = await time(() => work[name](turn))
      if (turn >= warmUp) times.get(name)!.push(taken)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<Name, number>
}
