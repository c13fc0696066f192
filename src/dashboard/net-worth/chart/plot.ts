import uPlot from 'uplot'
import { formatShort } from '../../format/money.ts'
import type { Group, Series } from '../series.ts'
import type { Colours } from './colours.ts'
import { drawMarks, type Marks } from './marks.ts'
import { extentOf, stackOf } from './stack.ts'

export interface PlotOptions {
  width: number
  height: number
  colours: Colours
  fromZero: boolean
  /** The axis tells no amounts. */
  privacy: boolean
  marks: Marks
  /** The place of the point under the cursor; null beside the chart. */
  onCursor: (index: number | null) => void
  /** Two days between which the pointer was drawn. */
  onSelect: (from: number, to: number) => void
}

const straight = uPlot.paths.linear!()

/** Draws the series into `element`: areas of the parts from zero, the net line over them. */
export function drawPlot(element: HTMLElement, series: Series, groups: Group[], options: PlotOptions): uPlot {
  const { width, height, colours, fromZero, privacy, marks, onCursor, onSelect } = options
  const stack = stackOf(series, groups)
  const extent = extentOf(stack, fromZero)
  const hasParts = groups.length > 0
  const fillOf = ({ index, values }: (typeof stack.layers)[number]) =>
    hasParts ? colours.part(index) : values.some((value) => value < 0) ? colours.debts : colours.assets
  return new uPlot(
    {
      width,
      height,
      padding: [12, 12, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
      scales: { x: { time: true }, y: { range: () => extent } },
      axes: [
        { stroke: colours.soft, grid: { show: false }, ticks: { stroke: colours.line }, values: dayTicks },
        {
          size: privacy ? 16 : 72,
          stroke: colours.soft,
          grid: { stroke: colours.line, width: 1 },
          ticks: { show: false },
          values: (_, values) => values.map((value) => (privacy ? '' : formatShort(value, series.currency))),
        },
      ],
      series: [
        {},
        ...stack.layers.map((layer) => ({
          // An edge in the colour of what is behind keeps neighbours apart.
          stroke: colours.surface,
          width: hasParts ? 1 : 0,
          fill: fillOf(layer),
          fillTo: 0,
          points: { show: false },
          paths: straight,
        })),
        {
          stroke: colours.text,
          width: 2,
          points: { show: stack.net.length === 1, size: 8 },
          paths: straight,
        },
      ],
      cursor: {
        y: false,
        // The net line alone bears a dot.
        points: { show: (_: uPlot, at: number) => at === stack.layers.length + 1 && pointElement() } as never,
        drag: { x: true, y: false, setScale: false },
      },
      hooks: {
        draw: [(plot) => drawMarks(plot, marks, colours)],
        setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width: wide } = plot.select
            if (wide < 8) return
            onSelect(plot.posToIdx(left), plot.posToIdx(left + wide))
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
      },
    },
    [stack.times, ...stack.layers.map(({ values }) => values), stack.net],
    element,
  )
}

function pointElement(): HTMLElement {
  const element = document.createElement('div')
  element.className = 'u-cursor-pt'
  return element
}

/** As many letters as their distance asks for: years, months, or days. */
function dayTicks(_: uPlot, ticks: number[], __: number, ___: number, distance: number): string[] {
  const day = 86_400
  const style: Intl.DateTimeFormatOptions =
    distance >= 365 * day
      ? { year: 'numeric' }
      : distance >= 28 * day
        ? { month: 'short' }
        : { month: 'short', day: 'numeric' }
  const locales = navigator.languages as string[]
  const format = new Intl.DateTimeFormat(locales, { ...style, timeZone: 'UTC' })
  const withYear = new Intl.DateTimeFormat(locales, { ...style, year: '2-digit', timeZone: 'UTC' })
  let year: number | undefined
  return ticks.map((tick) => {
    const date = new Date(tick * 1000)
    const isFirst = date.getUTCFullYear() !== year
    year = date.getUTCFullYear()
    return (isFirst && distance < 365 * day ? withYear : format).format(date)
  })
}
