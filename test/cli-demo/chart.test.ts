import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { type ChartPoint, drawChart } from '../../src/cli/chart.ts'
import { displayWidth } from '../../src/cli/table.ts'

const plain = { width: 80, height: 16, colour: false, currency: 'EUR' }
const wave = (count: number, from = '2016-01-01', step = 30): ChartPoint[] =>
  Array.from({ length: count }, (_, at) => ({
    date: addDays(from, at * step),
    value: (at * 1000 - 20_000 + 4000 * Math.sin(at / 3)).toFixed(2),
  }))
const linesOf = (chart: string) => chart.split('\n')

test.each([20, 60, 80, 140, 200])('at %i columns no line is wider, and all rows are there', (width) => {
  for (const height of [5, 12, 30]) {
    const lines = linesOf(drawChart(wave(120), { ...plain, width, height }))
    expect(lines).toHaveLength(Math.max(height, 6))
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width)
    for (const line of lines) expect(line).toBe(line.trimEnd())
  }
})

test('a range that crosses zero has a line there, another has none', () => {
  const zero = linesOf(drawChart(wave(60), plain)).filter((line) => line.includes('╌'))
  expect(zero).toHaveLength(1)
  expect(zero[0]).toMatch(/^ *0 ┼/)
  const above = wave(60).map(({ date }, at) => ({ date, value: String(1000 + at) }))
  expect(drawChart(above, plain)).not.toContain('╌')
})

test('labels are round and grow downwards', () => {
  const labels = linesOf(drawChart(wave(120), plain)).flatMap((line) => /^ *(\S+) [┤┼]/.exec(line)?.[1] ?? [])
  expect(labels).toEqual(['100k', '50k', '0'])
  const small = [
    { date: '2024-01-01', value: '0.00012' },
    { date: '2024-03-01', value: '0.00031' },
  ]
  expect(drawChart(small, plain)).toContain('0.0002 ┤')
  const large = [
    { date: '2024-01-01', value: '1200000' },
    { date: '2024-03-01', value: '1900000.5' },
  ]
  expect(drawChart(large, plain)).toContain('1.50M ┤')
})

test.each([
  [wave(120), '2018'],
  [wave(13), 'Jul 2016'],
  [wave(30, '2024-02-20', 1), '5 Mar'],
])('the dates below are years, months or days', (points, label) => {
  expect(linesOf(drawChart(points, plain)).at(-1)).toContain(label)
})

test('a rising line rises: the first column is lit at the bottom, the last at the top', () => {
  const points = Array.from({ length: 50 }, (_, at) => ({
    date: addDays('2024-01-01', at),
    value: String(at),
  }))
  const rows = linesOf(drawChart(points, { ...plain, width: 40 })).slice(1, -2)
  const columnOf = (row: string) => row.search(/[\u2801-\u28ff]/)
  const columns = rows.map(columnOf).filter((column) => column !== -1)
  expect(columns).toEqual(columns.toSorted((a, b) => b - a))
  expect(columns.length).toBe(rows.length)
})

test('points in another order draw the same', () => {
  expect(drawChart(wave(40).reverse(), plain)).toBe(drawChart(wave(40), plain))
})

test('one point, equal values, two values on one day and no points at all', () => {
  const one = drawChart([{ date: '2024-03-05', value: '1234.5' }], plain)
  expect(one.match(/●/g)).toHaveLength(1)
  expect(one).toContain('2024-03-05')
  const equal = linesOf(
    drawChart([{ date: '2024-01-01', value: '0' }, { date: '2025-01-01', value: '0.00' }], plain), // biome-ignore format: one line
  )
  expect(equal.filter((line) => /[\u2801-\u28ff]/.test(line))).toHaveLength(1)
  expect(equal.find((line) => /[\u2801-\u28ff]/.test(line))).toMatch(/^ *0 ┼/)
  const day = { date: '2024-01-01' }
  expect(
    drawChart(
      [
        { ...day, value: '1' },
        { ...day, value: '2' },
      ],
      plain,
    ),
  ).toContain('2024-01-01')
  expect(drawChart([], plain)).toBe('No data to draw.')
})

test('colour only adds escapes, and what lies below zero is red', () => {
  const coloured = drawChart(wave(60), { ...plain, colour: true })
  expect(coloured.replace(/\x1b\[\d*m/g, '')).toBe(drawChart(wave(60), plain))
  const rows = linesOf(coloured)
  const zero = rows.findIndex((row) => row.includes('╌'))
  expect(rows.slice(0, zero).join('')).not.toContain('\x1b[31m')
  expect(rows.slice(zero + 1).join('')).toContain('\x1b[31m')
  expect(drawChart(wave(60), plain)).not.toContain('\x1b')
})
