import type uPlot from 'uplot'
import type { Series } from '../series.ts'
import type { Colours } from './colours.ts'

export interface Marks {
  /** Names of the accounts that begin in the bucket of a point, by its place. */
  begins: Map<number, string[]>
  /** Of each point. */
  qualities: Series['points'][number]['quality'][]
}

export interface AccountSince {
  name: string
  /** The day of its first transaction. */
  since: string | null
}

/** Where the accounts begin: in the first point that holds their first day. Those from before the range are not marked. */
export function marksOf({ points, from }: Series, accounts: readonly AccountSince[]): Marks {
  const begins = new Map<number, string[]>()
  for (const { name, since } of accounts) {
    if (since === null || since < from) continue
    const index = points.findIndex(({ date }) => date >= since)
    if (index >= 0) begins.set(index, [...(begins.get(index) ?? []), name])
  }
  return { begins, qualities: points.map(({ quality }) => quality) }
}

/** A strip along the foot where values are carried or incomplete, and a mark where accounts begin. */
export function drawMarks(plot: uPlot, { begins, qualities }: Marks, colours: Colours): void {
  const { ctx, bbox } = plot
  const scale = devicePixelRatio
  const foot = bbox.top + bbox.height
  const times = plot.data[0]
  const at = (index: number) => plot.valToPos(times[index]!, 'x', true)
  ctx.save()
  for (const [index, quality] of qualities.entries()) {
    if (quality === 'exact') continue
    const left = index === 0 ? at(0) : (at(index - 1) + at(index)) / 2
    const right = index === qualities.length - 1 ? at(index) : (at(index) + at(index + 1)) / 2
    const height = (quality === 'carried' ? 2 : 4) * scale
    ctx.fillStyle = quality === 'carried' ? colours.warning : colours.bad
    ctx.fillRect(left, foot - height, Math.max(right - left, scale), height)
  }
  ctx.fillStyle = colours.text
  for (const index of begins.keys()) {
    const x = at(index)
    ctx.beginPath()
    ctx.moveTo(x, foot - 14 * scale)
    ctx.lineTo(x + 5 * scale, foot - 5 * scale)
    ctx.lineTo(x - 5 * scale, foot - 5 * scale)
    ctx.fill()
  }
  ctx.restore()
}
