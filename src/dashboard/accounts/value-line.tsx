import { daysBetween } from '../../calendar.ts'

interface Point {
  date: string
  netWorth: string
  /** What was held without a price. */
  missing: string[]
}

const [width, height, margin] = [600, 140, 6]

/** A line, dashed where prices are missing, and where it crosses it, zero. Numbers are for drawing alone. */
export function ValueLine({ points }: { points: Point[] }) {
  const values = points.map(({ netWorth }) => Number(netWorth))
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const first = points[0]?.date ?? ''
  const days = Math.max(1, daysBetween(first, points.at(-1)?.date ?? first))
  const x = (date: string) => (daysBetween(first, date) / days) * width
  const y = (value: number) =>
    most === least ? height / 2 : margin + ((most - value) / (most - least)) * (height - 2 * margin)
  const places = points.map(({ date, missing }, index) => ({
    at: `${x(date).toFixed(1)} ${y(values[index] ?? 0).toFixed(1)}`,
    isWhole: missing.length === 0,
  }))
  return (
    <svg
      class="accounts-line"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label="The value over time, as a line"
    >
      {least < 0 && most > 0 && <path class="accounts-zero" d={`M0 ${y(0)} H${width}`} />}
      {runsOf(places).map(({ isWhole, path }) => (
        <path key={path} d={path} {...(!isWhole && { class: 'accounts-dashed' })} />
      ))}
    </svg>
  )
}

/** Stretches of one kind, each from the last place of the one before; one between a whole and another point is not whole. */
function runsOf(places: { at: string; isWhole: boolean }[]): { isWhole: boolean; path: string }[] {
  const runs: { isWhole: boolean; path: string }[] = []
  for (const [index, { at, isWhole }] of places.entries()) {
    const before = places[index - 1]
    if (before === undefined) continue
    const whole = isWhole && before.isWhole
    const last = runs.at(-1)
    if (last?.isWhole === whole) last.path += `L${at}`
    else runs.push({ isWhole: whole, path: `M${before.at}L${at}` })
  }
  return runs
}
