import { useMemo } from 'preact/hooks'
import { useToday } from '../accounts/account-queries.ts'
import { formatDay } from '../format/dates.ts'
import { useAccounts } from '../queries.ts'
import type { Transaction } from './transaction-queries.ts'
import { TransactionRow } from './transaction-row.tsx'

/** Grouped by day. Days out of sight are neither laid out nor painted (`content-visibility`). */
export function TransactionList({
  rows,
  newId,
  onOpen,
}: {
  rows: Transaction[]
  /** The one that was entered just now. */
  newId: string | undefined
  onOpen: (transaction: Transaction) => void
}) {
  const { data: accounts } = useAccounts()
  const names = useMemo(
    () => new Map(accounts?.accounts.map(({ id, name }) => [id, name] as const)),
    [accounts],
  )
  const days = useMemo(() => byDay(rows), [rows])
  const today = useToday()
  return useMemo(
    () =>
      days.map(({ day, transactions }) => (
        <section
          key={day}
          class="tx-day"
          aria-labelledby={`day-${day}`}
          style={{ containIntrinsicBlockSize: `auto ${2.5 + transactions.length * 3.25}rem` }}
        >
          <h2 id={`day-${day}`}>
            {formatDay(day)}
            {day === today && <span class="soft"> · Today</span>}
          </h2>
          <ul>
            {transactions.map((each) => (
              <TransactionRow
                key={each.id}
                transaction={each}
                account={names.get(each.accountId) ?? '…'}
                isNew={each.id === newId}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </section>
      )),
    [days, today, names, newId, onOpen],
  )
}

/** The rows come by day. */
function byDay(rows: Transaction[]): { day: string; transactions: Transaction[] }[] {
  const days: { day: string; transactions: Transaction[] }[] = []
  for (const row of rows) {
    const open = days.at(-1)
    if (open?.day === row.date) open.transactions.push(row)
    else days.push({ day: row.date, transactions: [row] })
  }
  return days
}
