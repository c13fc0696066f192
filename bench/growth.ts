import { type AreaReport, count, type Figure, milliseconds, ratio } from './report.ts'

/** The same figures of populations of several sizes, of one run and one engine. */
export interface Growth {
  add(rows: number, report: AreaReport): void
  /** A table of each figure beside what it was with the first size; undefined where there was only one size. */
  report(): AreaReport | undefined
}

export function createGrowth(): Growth {
  const sizes: number[] = []
  const lines = new Map<string, { unit: Figure['unit']; values: Map<number, number> }>()
  return {
    add(rows, { figures = [] }) {
      if (!sizes.includes(rows)) sizes.push(rows)
      for (const { name, value, unit } of figures) {
        const line = lines.get(name) ?? { unit, values: new Map() }
        line.values.set(rows, value)
        lines.set(name, line)
      }
    },
    report() {
      const [first, ...others] = sizes
      if (first === undefined || others.length === 0) return undefined
      return {
        title: 'Growth with the rows that are stored',
        about: ['measured  the figures of the tables above; each beside what it was with the fewest rows'],
        head: ['', count(first), ...others.flatMap((rows) => [count(rows), 'of it'])],
        rows: [...lines].map(([name, { unit, values }]) => [
          name,
          written(values.get(first), unit),
          ...others.flatMap((rows) => [
            written(values.get(rows), unit),
            values.has(first) && values.has(rows) ? ratio(values.get(rows)! / values.get(first)!) : '',
          ]),
        ]),
      }
    },
  }
}

function written(value: number | undefined, unit: Figure['unit']): string {
  if (value === undefined) return ''
  if (unit === 'ms') return milliseconds(value)
  return unit === 'bytes' ? `${value.toFixed(1)} bytes` : `${count(value)} a second`
}
