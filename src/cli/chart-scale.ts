export interface ValueScale {
  low: number
  high: number
  /** From low to high, evenly spaced, labels without a currency (`250k`, `-1.5M`). */
  ticks: { value: number; label: string }[]
}

/** A scale of round numbers around the values, with a tick every three to five rows. */
export function valueScale(lowest: number, highest: number, rows: number): ValueScale {
  const intervals = Math.max(2, Math.floor(rows / 4))
  // Equal values get a band around them, so that the line has a middle to lie in.
  const margin = lowest === highest ? Math.max(Math.abs(lowest) * 0.1, 1) : 0
  const step = roundStep((highest - lowest + 2 * margin) / intervals)
  const from = Math.floor((lowest - margin) / step)
  const to = Math.max(Math.ceil((highest + margin) / step), from + 1)
  const ticks = Array.from({ length: to - from + 1 }, (_, at) => {
    const value = (from + at) * step
    return { value, label: shorten(value, step) }
  })
  return { low: from * step, high: to * step, ticks }
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
