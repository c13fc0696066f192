/** Counts values by steps, of which there may be millions. */
export interface Histogram {
  total: number
  add(value: number): void
  quantile(q: number): number
}

export function createHistogram(step: number): Histogram {
  const counts: number[] = []
  return {
    total: 0,
    add(value) {
      const at = Math.max(0, Math.floor(value / step))
      while (counts.length <= at) counts.push(0)
      counts[at]!++
      this.total++
    },
    quantile(q) {
      let left = q * this.total
      for (const [at, count] of counts.entries()) {
        left -= count
        if (left <= 0) return (at + 0.5) * step
      }
      return Number.NaN
    },
  }
}
