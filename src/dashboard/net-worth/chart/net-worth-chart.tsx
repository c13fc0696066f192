import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { preferences } from '../../preferences.ts'
import type { Group, Series } from '../series.ts'
import { describePoint, summaryOf } from '../summary.ts'
import { readColours } from './colours.ts'
import type { Marks } from './marks.ts'
import { drawPlot } from './plot.ts'
import { Tip } from './tip.tsx'
import { useDarkScheme, useWidth } from './use-surroundings.ts'

interface ChartProps {
  series: Series
  groups: Group[]
  marks: Marks
  /** Days between which the pointer was drawn. */
  onSelect: (from: string, to: string) => void
  /** The canvas, for a download. */
  onDrawn?: (plot: uPlot) => void
}

/** The chart, with a cursor that the pointer and the arrow keys move, and what it tells said aloud. */
export function NetWorthChart({ series, groups, marks, onSelect, onDrawn }: ChartProps) {
  const element = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>()
  const [cursor, setCursor] = useState<number | null>(null)
  const [spoken, setSpoken] = useState('')
  const width = useWidth(element)
  const isDark = useDarkScheme()
  const { fromZero, privacy, theme } = preferences.value
  const { points } = series
  const height = width < 560 ? 272 : 384
  const isPlaced = width > 0
  const at = useRef<string>()
  at.current = cursor === null ? undefined : points[cursor]?.date

  // Also where light became dark: the colours are then others.
  useEffect(() => {
    if (!isPlaced || !element.current) return
    const made = drawPlot(element.current, series, groups, {
      ...{ width, height, fromZero, privacy, marks },
      colours: readColours(element.current),
      onCursor: setCursor,
      onSelect: (from, to) => onSelect(points[from]!.date, points[to]!.date),
    })
    plot.current = made
    onDrawn?.(made)
    // Whoever looked at a day goes on looking at it.
    const index = points.findIndex(({ date }) => date === at.current)
    if (index >= 0) place(made, index)
    else setCursor(null)
    return () => made.destroy()
  }, [series, groups, marks, isPlaced, fromZero, privacy, isDark, theme])

  useEffect(() => plot.current?.setSize({ width, height }), [width, height])

  function move(event: KeyboardEvent) {
    const last = points.length - 1
    const from = cursor ?? last + (event.key === 'ArrowLeft' ? 1 : 0)
    const page = Math.max(1, Math.round(points.length / 10))
    const steps: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      PageUp: from - page,
      PageDown: from + page,
      Home: 0,
      End: last,
    }
    if (event.key === 'Escape') return hide()
    const to = steps[event.key]
    if (to === undefined || !plot.current) return
    event.preventDefault()
    const index = Math.min(Math.max(to, 0), last)
    place(plot.current, index)
    setSpoken(describePoint(series, index, { groups, begins: marks.begins.get(index), privacy }))
  }

  function hide() {
    plot.current?.setCursor({ left: -10, top: -10 })
    setCursor(null)
    setSpoken('')
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: no element is a chart
    <div
      class="chart"
      role="group"
      aria-label="Chart of net worth. Arrow keys move through its dates."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor
      tabIndex={0}
      onKeyDown={move}
      onBlur={hide}
    >
      <div class="chart-canvas" ref={element} aria-hidden="true" />
      {cursor !== null && points[cursor] && (
        <Tip
          series={series}
          groups={groups}
          marks={marks}
          index={cursor}
          isLeft={cursor > points.length / 2}
        />
      )}
      <p class="visually-hidden">{summaryOf(series, { privacy }).join(' ')}</p>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </div>
  )
}

function place(plot: uPlot, index: number): void {
  plot.setCursor({ left: plot.valToPos(plot.data[0][index]!, 'x'), top: 10 })
}
