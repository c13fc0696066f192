import Big from 'big.js'
import type { StatementBalance } from '../../statement.ts'

interface Row {
  line: number
  day: string
  amount: string
  balance: string
}

interface Run {
  first: Row
  last: Row
  /** Every balance so far is the one before it plus the row's amount (oldest first), or the reverse. */
  oldestFirst: boolean
  newestFirst: boolean
}

/** Accounts of one file whose balances are followed; those beyond get none. */
const maxAccounts = 10_000

/**
 * Opening and closing balances from a column that gives the balance after each row. The rows' order is the one
 * in which the balances continue each other; else, where the days differ, that of the days.
 */
export function createRunningBalance() {
  const runs = new Map<string, { account: string | undefined; asset: string; run: Run }>()
  return {
    add(account: string | undefined, asset: string, row: Row) {
      const key = JSON.stringify([account, asset])
      const known = runs.get(key)
      if (!known) {
        const run: Run = { first: row, last: row, oldestFirst: true, newestFirst: true }
        if (runs.size < maxAccounts) runs.set(key, { account, asset, run })
        return
      }
      const { run } = known
      run.oldestFirst &&= new Big(run.last.balance).plus(row.amount).eq(row.balance)
      run.newestFirst &&= new Big(row.balance).plus(run.last.amount).eq(run.last.balance)
      run.last = row
    },
    /** The balances of each account, in the order of the file. */
    *balances(): Iterable<{ account: string | undefined; balances: StatementBalance[] }> {
      for (const { account, asset, run } of runs.values()) {
        const byDay = run.first.day < run.last.day ? 'up' : run.first.day > run.last.day ? 'down' : undefined
        const oldestFirst = run.oldestFirst || (!run.newestFirst && byDay === 'up')
        if (!oldestFirst && !run.newestFirst && byDay !== 'down') continue
        const [oldest, newest] = oldestFirst ? [run.first, run.last] : [run.last, run.first]
        const before = new Big(oldest.balance).minus(oldest.amount).toFixed()
        yield {
          account,
          balances: [
            { type: 'balance', line: oldest.line, edge: 'open', day: oldest.day, amount: before, asset },
            {
              type: 'balance',
              line: newest.line,
              edge: 'close',
              day: newest.day,
              amount: newest.balance,
              asset,
            },
          ],
        }
      }
    },
  }
}
