import { formatTable } from '../src/cli/table.ts'
import { describeMachine } from './machine.ts'
import type { BenchServer } from './server.ts'

export interface AreaReport {
  title: string
  /** What was measured, and how. */
  about: string[]
  head: string[]
  rows: string[][]
  /** What is set beside the same of other sizes of the population. */
  figures?: Figure[]
}

export interface Figure {
  name: string
  value: number
  unit: 'ms' | 'a second' | 'bytes'
}

export function printReport(server: BenchServer, { title, about, head, rows }: AreaReport): void {
  const align = head.map((_, column) => (column === 0 ? ('left' as const) : ('right' as const)))
  const table = formatTable(rows, { head, align })
  process.stdout.write(`\n## ${title}\n\n${describeMachine(server)}\n${about.join('\n')}\n\n${table}\n`)
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function milliseconds(value: number): string {
  return `${value < 100 ? value.toFixed(2) : value.toFixed(0)} ms`
}

export function seconds(value: number): string {
  return `${(value / 1000).toFixed(value < 10_000 ? 2 : 0)} s`
}

export function ratio(value: number): string {
  return `${value.toFixed(2)}x`
}
