export interface ValueScale {
  low: number
  high: number
  /** From low to high, evenly spaced, labels without a currency (`250k`, `-1.5M`). At least one. */
  ticks: { value: number; label: string }[]
}

/** A scale a little wider than the values, with a tick at every round number about four rows apart. */
export function valueScale(lowest: number, highest: number, rows: number): ValueScale {
  // Equal values get a band around them, so that the line has a middle to lie in.
  const margin = lowest === highest ? Math.max(Math.abs(lowest) * 0.1, 1) : (highest - lowest) * 0.02
  const low = lowest - margin
  const high = highest + margin
  const step = roundStep((high - low) / Math.max(3, Math.round(rows / 4)))
  const first = Math.ceil(low / step)
  const ticks = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => {
    const value = (first + at) * step
    return { value, label: shorten(value, step) }
  })
  return { low, high, ticks }
}

/** The least of 1, 2, 2.5 and 5 times a power of ten that is not below `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10)
}

/** A tick in thousands, millions or billions, with the decimals that tell it from its neighbours. */
function shorten(value: number, step: number): string {
  const magnitude = Math.max(Math.abs(value), step)
  const [unit, suffix] = units.find(([least]) => magnitude >= least) ?? [1, '']
  const perUnit = step / unit
  const decimals = [0, 1, 2, 3, 4].find((places) => isWhole(perUnit * 10 ** places)) ?? 4
  const text = (value / unit).toFixed(decimals)
  return value === 0 ? '0' : `${text}${suffix}`
}
const units: [number, string][] = [
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
]

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6
}
