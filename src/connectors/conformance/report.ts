import type { Connector } from '../connector.ts'
import { conformanceCases } from './fixture.ts'
import type { CaseResult } from './run.ts'

const signs = { passed: '✓', failed: '✗', 'left out': '–' }
const widestCase = Math.max(...conformanceCases.map((name) => name.length))

/** The whole report: one line a case, with the reason beneath what failed or was left out, and the counts. */
export function formatReport(connector: Pick<Connector, 'id' | 'title'>, results: CaseResult[]): string {
  return [formatHead(connector), ...results.map(formatResult), formatTotals(results)].join('')
}

export function formatHead({ id, title }: Pick<Connector, 'id' | 'title'>): string {
  return `${title} (${id})\n`
}

export function formatResult({ case: name, outcome, reason }: CaseResult): string {
  const lines = [`  ${signs[outcome]} ${name.padEnd(widestCase)}  ${outcome}`]
  for (const line of reason?.split('\n') ?? []) lines.push(`      ${line.trim()}`)
  return `${lines.join('\n')}\n`
}

export function formatTotals(results: CaseResult[]): string {
  const counts = (['passed', 'failed', 'left out'] as const).map(
    (outcome) => `${results.filter((result) => result.outcome === outcome).length} ${outcome}`,
  )
  return `${counts.join(', ')}\n`
}
