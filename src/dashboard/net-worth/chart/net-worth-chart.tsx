import 'uplot/dist/uPlot.min.css'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
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
  const summary = useMemo(() => summaryOf(series, { privacy }), [series, privacy])

  // Also where light became dark: the colours are then others.
  useEffect(() => {
    if (width === 0 || !element.current) return
    const select = (from: number, to: number) => onSelect(points[from]!.date, points[to]!.date)
    const made = drawPlot(element.current, series, groups, {
      ...{ width, height, fromZero, privacy, marks },
      colours: readColours(element.current),
      onCursor: setCursor,
      onSelect: select,
    })
    plot.current = made
    onDrawn?.(made)
    return () => made.destroy()
  }, [series, groups, marks, width, fromZero, privacy, isDark, theme])

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
    const left = plot.current.valToPos(plot.current.data[0][index]!, 'x')
    plot.current.setCursor({ left, top: 10 })
    setSpoken(describePoint(points[index]!, series.currency, { privacy }))
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
      <p class="visually-hidden">{summary}</p>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </div>
  )
}
