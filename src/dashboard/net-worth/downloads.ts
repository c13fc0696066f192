import type uPlot from 'uplot'
import { saveFile } from '../save-file.ts'
import type { Series } from './series.ts'

/** RFC 4180; amounts with every digit of the API. Parts follow as columns of their own. */
export function csvOf({ points, groups = [] }: Series): string {
  const head = ['date', 'net_worth', 'assets', 'liabilities', 'quality', ...groups.map(({ name }) => name)]
  const rows = points.map(({ date, netWorth, assets, liabilities, quality }, index) => [
    ...[date, netWorth, assets, liabilities, quality],
    ...groups.map((group) => group.points[index]!.netWorth),
  ])
  return [head, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('')
}

/** Names that begin as formulas do are kept from being one. */
function cellOf(text: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(text)
  const safe = !isNumber && /^[=+\-@\t]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
}

export function downloadCsv(series: Series): void {
  saveFile(new Blob([csvOf(series)], { type: 'text/csv' }), `${nameOf(series)}.csv`)
}

/** The chart as it is drawn, on the page's ground, under a line that says what it is. */
export function downloadPng(plot: uPlot, series: Series, title: string): void {
  const { canvas } = plot.ctx
  const style = getComputedStyle(plot.root)
  const line = Math.round(28 * devicePixelRatio)
  const picture = document.createElement('canvas')
  picture.width = canvas.width
  picture.height = canvas.height + line
  const context = picture.getContext('2d')!
  context.fillStyle = getComputedStyle(plot.root.closest('.card')!).backgroundColor
  context.fillRect(0, 0, picture.width, picture.height)
  context.fillStyle = style.color
  context.font = `${Math.round(14 * devicePixelRatio)}px ${style.fontFamily}`
  context.fillText(title, 12 * devicePixelRatio, line * 0.7)
  context.drawImage(canvas, 0, line)
  picture.toBlob((blob) => blob && saveFile(blob, `${nameOf(series)}.png`))
}

function nameOf({ from, to }: Series): string {
  return `net-worth-${from}-${to}`
}
