import { counted } from '../../format/counts.ts'
import { formatDay } from '../../format/dates.ts'
import { Money } from '../../ui/money.tsx'
import type { ImportReport } from './uploads.ts'

type Check = ImportReport['checks'][number]

const mostShown = 12

/** Whether the opening balance and the entries of each statement come to its closing balance. */
export function BalanceChecks({ checks }: { checks: Check[] }) {
  if (checks.length === 0) return null
  const isOff = ({ difference, previousClosing }: Check) =>
    (difference !== null && !isZero(difference)) || previousClosing !== null
  const off = checks.filter(isOff)
  const shown = [...off, ...checks.filter((check) => !isOff(check))].slice(0, mostShown)
  return (
    <details open={off.length > 0}>
      <summary>{summaryOf(checks, off.length)}</summary>
      <ul class="upload-checks">
        {shown.map((check) => (
          <CheckItem key={`${check.account} ${check.asset} ${check.line}`} check={check} />
        ))}
      </ul>
      {checks.length > mostShown && <p class="hint">and {checks.length - mostShown} more</p>}
    </details>
  )
}

function summaryOf(checks: Check[], off: number): string {
  if (off > 0) return `${off} of ${counted(checks.length, 'statement')} off`
  const open = checks.filter(({ closing }) => closing === null).length
  if (open === checks.length) return 'No closing balance to check it by'
  if (open > 0)
    return `${checks.length - open} of ${checks.length} statements balanced, the others tell no closing balance`
  return checks.length === 1
    ? 'Its statement is balanced'
    : `All its ${checks.length} statements are balanced`
}

function CheckItem({ check }: { check: Check }) {
  const { account, asset, opening, openingDay, entries, closing, closingDay, difference, previousClosing } =
    check
  return (
    <li>
      <strong>{account}</strong>: <Money amount={opening} asset={asset} exact /> on {formatDay(openingDay)},
      entries of <Money amount={entries} asset={asset} exact signed />
      {closing !== null && closingDay !== null ? (
        <>
          , closing at <Money amount={closing} asset={asset} exact /> on {formatDay(closingDay)}.{' '}
          {difference !== null && <Verdict difference={difference} asset={asset} />}
        </>
      ) : (
        '; it tells no closing balance.'
      )}
      {previousClosing !== null && (
        <span class="bad-text">
          {' '}
          The statement before it closed at <Money amount={previousClosing} asset={asset} exact />: one
          between them may be missing.
        </span>
      )}
    </li>
  )
}

function Verdict({ difference, asset }: { difference: string; asset: string }) {
  if (isZero(difference)) return <span class="good-text">It balances.</span>
  return (
    <span class="bad-text">
      It is off by <Money amount={difference} asset={asset} exact signed />.
    </span>
  )
}

/** Balances that a source reported, and to which the transactions do not add up. */
export function Differences({ differences }: { differences: ImportReport['differences'] }) {
  if (differences.length === 0) return null
  return (
    <details open>
      <summary>{counted(differences.length, 'reported balance')} not met by the transactions</summary>
      <ul class="upload-checks">
        {differences
          .slice(0, mostShown)
          .map(({ account, asset, day, edge, reported, folded, difference }) => (
            <li key={`${account} ${asset} ${day} ${edge}`}>
              <strong>{account}</strong>, {formatDay(day)}: the statement says{' '}
              <Money amount={reported} asset={asset} exact />, the transactions come to{' '}
              <Money amount={folded} asset={asset} exact />,{' '}
              <span class="bad-text">
                <Money amount={difference} asset={asset} exact signed /> apart
              </span>
              .
            </li>
          ))}
      </ul>
      {differences.length > mostShown && <p class="hint">and {differences.length - mostShown} more</p>}
    </details>
  )
}

function isZero(amount: string): boolean {
  return /^-?0*(\.0*)?$/.test(amount)
}
