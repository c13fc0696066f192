import type { Seeded } from './seeded.ts'

export interface Dealer {
  next(names: string[]): string
  /** Every name is left again. */
  anew(): void
}

/** Each name once before any comes again, in an order of chance. */
export function createDealer(seeded: Seeded): Dealer {
  let left: string[] = []
  return {
    next(names) {
      if (left.length === 0) left = seeded.shuffled(names)
      return left.pop()!
    },
    anew() {
      left = []
    },
  }
}
