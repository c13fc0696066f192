import { daysBetween } from '../../calendar.ts'

const [width, height, margin] = [600, 140, 6]

/** A line, and where it crosses it, zero. Numbers are for drawing alone. */
export function ValueLine({ points }: { points: { date: string; netWorth: string }[] }) {
  const values = points.map(({ netWorth }) => Number(netWorth))
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const first = points[0]?.date ?? ''
  const days = Math.max(1, daysBetween(first, points.at(-1)?.date ?? first))
  const x = (date: string) => (daysBetween(first, date) / days) * width
  const y = (value: number) =>
    most === least ? height / 2 : margin + ((most - value) / (most - least)) * (height - 2 * margin)
  const line = points.map(({ date }, index) => `${x(date).toFixed(1)} ${y(values[index] ?? 0).toFixed(1)}`)
  return (
    <svg
      class="accounts-line"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label="The value over time, as a line"
    >
      {least < 0 && most > 0 && <path class="accounts-zero" d={`M0 ${y(0)} H${width}`} />}
      <path d={`M${line.join('L')}`} />
    </svg>
  )
}
