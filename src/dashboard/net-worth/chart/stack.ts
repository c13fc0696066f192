import type { Group, Series } from '../series.ts'

/** One filled shape: from zero to the sum of its own and all parts between it and zero. */
export interface Layer {
  /** Of its colour: the place among the parts. */
  index: number
  name: string
  values: number[]
}

/** What is drawn: numbers, for the screen alone. */
export interface Stack {
  /** Seconds since the epoch, of the days' noons in UTC. */
  times: number[]
  net: number[]
  /** The farthest from zero first: each is drawn over those before it. */
  layers: Layer[]
}

/** Assets upwards and debts downwards from zero, in parts where there are any. */
export function stackOf({ points }: Series, groups: Group[]): Stack {
  const parts = groups.length > 0 ? groups : [{ key: '', name: '', points }]
  const up = accumulate(parts, ({ assets }) => Number(assets))
  const down = accumulate(parts, ({ liabilities }) => Number(liabilities))
  return {
    times: points.map(({ date }) => Date.parse(`${date}T12:00:00Z`) / 1000),
    net: points.map(({ netWorth }) => Number(netWorth)),
    layers: [...up.reverse(), ...down.reverse()],
  }
}

function accumulate(parts: Group[], amountOf: (point: Group['points'][number]) => number): Layer[] {
  const layers: Layer[] = []
  let below: number[] | undefined
  for (const [index, { name, points }] of parts.entries()) {
    const own = points.map(amountOf)
    if (own.every((value) => value === 0)) continue
    const base = below
    const values = base ? own.map((value, at) => value + base[at]!) : own
    layers.push({ index, name, values })
    below = values
  }
  return layers
}

/** The least and the greatest value that is shown, with room around; with zero where debts or the choice ask for it. */
export function extentOf({ net, layers }: Stack, fromZero: boolean): [number, number] {
  // Debts, and any part below another, are measured from zero downwards.
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const take = (value: number) => {
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  net.forEach(take)
  for (const { values } of layers) {
    const isDebt = values.some((value) => value < 0)
    // Of assets only the outermost edge: inner ones lie below it, and would ask for zero.
    if (isDebt) values.forEach(take)
    else for (const value of values) if (value > greatest) greatest = value
  }
  if (fromZero || layers.some(({ values }) => values.some((value) => value < 0))) take(0)
  const room = (greatest - least || Math.abs(greatest) || 1) * 0.06
  return [least === 0 ? 0 : least - room, greatest === 0 ? 0 : greatest + room]
}
