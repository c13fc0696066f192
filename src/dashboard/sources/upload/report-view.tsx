import { Link } from 'wouter-preact'
import { counted } from '../../format/counts.ts'
import { Notice } from '../../ui/notice.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { BalanceChecks, Differences } from './balance-checks.tsx'
import { FaultList } from './fault-list.tsx'
import type { ImportReport } from './uploads.ts'

/** What became of a file that was taken. */
export function ReportView({ report }: { report: ImportReport }) {
  const { accounts, faults, faultCount, superseded } = report
  return (
    <>
      <Notice kind="good">{summaryOf(report)}</Notice>
      {accounts.length > 0 && (
        <TableScroll label="What it changed">
          <table>
            <thead>
              <tr>
                <th scope="col">Account</th>
                <th scope="col" class="number">
                  Added
                </th>
                <th scope="col" class="number">
                  Changed
                </th>
                <th scope="col" class="number">
                  Known already
                </th>
                {accounts.some(({ removed }) => removed > 0) && (
                  <th scope="col" class="number">
                    Removed
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {accounts.map(({ accountId, name, added, changed, unchanged, removed }) => (
                <tr key={accountId}>
                  <th scope="row">
                    <Link href={`/accounts/${accountId}`}>{name}</Link>
                  </th>
                  <td class="number">{added}</td>
                  <td class="number">{changed}</td>
                  <td class="number">{unchanged}</td>
                  {accounts.some((each) => each.removed > 0) && <td class="number">{removed}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {superseded > 0 && (
        <p class="hint">
          {counted(superseded, 'record')} with the id of a later one in the file: the later one holds.
        </p>
      )}
      <BalanceChecks checks={report.checks} />
      <Differences differences={report.differences} />
      {faultCount > 0 && (
        <>
          <p>{counted(faultCount, 'record')} left out, since they cannot be read:</p>
          <FaultList faults={faults} faultCount={faultCount} />
        </>
      )}
    </>
  )
}

function summaryOf({ rows, accounts }: ImportReport): string {
  const sum = (field: 'added' | 'changed' | 'removed') =>
    accounts.reduce((total, account) => total + account[field], 0)
  const [added, changed, removed] = [sum('added'), sum('changed'), sum('removed')]
  if (rows === 0) return 'The file was read, and has no transactions.'
  if (added + changed + removed === 0)
    return `Nothing was added: ${rows === 1 ? 'its one transaction was' : `all its ${counted(rows, 'transaction')} were`} known already.`
  const parts = [
    added > 0 && `${counted(added, 'transaction')} added`,
    changed > 0 && `${added > 0 ? changed : counted(changed, 'transaction')} changed`,
    removed > 0 && `${added + changed > 0 ? removed : counted(removed, 'transaction')} removed`,
  ].filter(Boolean)
  return `${parts.join(', ')}.`
}
