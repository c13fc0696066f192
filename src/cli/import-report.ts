import type { ImportReport } from '../db/import-statement.ts'
import type { StatementCheck } from '../db/statement-balances.ts'

/** Faults and differences that are listed one by one; more are counted. */
const mostListed = 20

/** What became of one file: accounts with their counts, whether its statements balance, and what was left out. */
export function formatImportReport(file: string, report: ImportReport): string {
  const lines = [`${file}: ${count(report.rows, 'row')}${report.refused ? ', refused' : ''}`]
  for (const account of report.accounts) {
    const shown =
      account.name === account.externalId ? account.name : `${account.name} (${account.externalId})`
    const removed = account.removed > 0 ? `, ${account.removed} removed` : ''
    lines.push(
      `  ${shown}: ${account.added} added, ${account.changed} changed, ${account.unchanged} unchanged${removed}`,
    )
  }
  if (report.superseded > 0) {
    lines.push(
      `  ${count(report.superseded, 'row')} with the id of a later row of the same account, which holds`,
    )
  }
  // What a bad record leaves out would be missing from the sums.
  if (!report.refused) lines.push(...checkLines(report.checks))
  lines.push(
    ...listed(
      report.differences,
      ({ account, asset, day, edge, reported, folded, difference }) =>
        `  difference: ${account} on ${day}: ${edge === 'set' ? 'set by hand' : 'reported'} ${reported} ${asset}, ` +
        `the transactions add up to ${folded} (${signed(difference)})`,
    ),
  )
  lines.push(
    ...listed(
      report.faults,
      ({ line, reason }) => `  ${report.refused ? 'bad' : 'left out'}: line ${line}: ${reason}`,
      report.faultCount,
    ),
  )
  return `${lines.join('\n')}\n`
}

function checkLines(checks: StatementCheck[]): string[] {
  const closed = checks.filter((check) => check.difference !== null)
  const off = closed.filter((check) => check.difference !== '0')
  const lines: string[] = []
  const only = closed[0]
  if (off.length > 0) {
    lines.push(
      `  ${off.length} of ${count(closed.length, 'statement')} ${off.length === 1 ? 'does' : 'do'} not balance:`,
    )
    lines.push(
      ...listed(
        off,
        (check) =>
          `    line ${check.line}: ${check.account}: opening ${check.opening} + entries ${check.entries} is not closing ` +
          `${check.closing} ${check.asset} on ${check.closingDay} (${signed(check.difference ?? '')})`,
      ),
    )
  } else if (closed.length > 1) {
    lines.push(`  ${closed.length} statements: opening + entries = closing in every one`)
  } else if (only) {
    lines.push(
      `  opening ${only.opening} + entries ${only.entries} = closing ${only.closing} ${only.asset}: balances`,
    )
  }
  lines.push(
    ...listed(
      checks.filter((check) => check.closing === null),
      (check) =>
        `  no closing balance: line ${check.line}: ${check.account}: opening ${check.opening} + entries ${check.entries} ` +
        `${check.asset} cannot be checked`,
    ),
  )
  const gaps = checks.filter((check) => check.previousClosing !== undefined)
  lines.push(
    ...listed(
      gaps,
      (check) =>
        `  gap: line ${check.line}: ${check.account}: the statement before closes with ${check.previousClosing}, this one opens ` +
        `with ${check.opening} ${check.asset} on ${check.openingDay}`,
    ),
  )
  return lines
}

function listed<T>(items: T[], format: (item: T) => string, total = items.length): string[] {
  const lines = items.slice(0, mostListed).map(format)
  if (total > mostListed) lines.push(`  … and ${total - mostListed} more`)
  return lines
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function signed(difference: string): string {
  return difference.startsWith('-') ? difference : `+${difference}`
}
