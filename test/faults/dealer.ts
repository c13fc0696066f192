import type { Seeded } from './seeded.ts'

export interface Dealer {
  next(): string
  /** Every name is left again; from now on the orders are this generator's. */
  dealAnew(seeded: Seeded): void
}

/**
 * Each name once before any comes again, in an order of chance, of which this part goes behind the rest: dealers of
 * one seed that begin evenly far apart have together dealt every name early.
 */
export function createDealer(names: readonly string[], part: number): Dealer {
  let orders: Seeded
  let left: string[] = []
  return {
    next() {
      if (left.length === 0) {
        const order = orders.shuffled(names)
        const first = Math.ceil(names.length * part)
        left = [...order.slice(first), ...order.slice(0, first)]
      }
      return left.shift()!
    },
    dealAnew(seeded) {
      orders = seeded
      left = []
    },
  }
}
