import { addDays } from '../../calendar.ts'
import type { Ledger } from './ledger.ts'
import type { Month } from './month.ts'
import { multiply } from './units.ts'

/** The car loan is paid back from the first month on; the last payment is what is left. */
export function postCarLoan(month: Month): void {
  payLoan(month, month.books.carLoan, month.books.checking, { yearlyBasisPoints: 399n, payment: 289_00n })
}

/**
 * A month of an annuity loan: interest on what is owed, added to it, and the payment that covers both interest
 * and repayment. Nothing where nothing is owed.
 */
export function payLoan(
  month: Month,
  loan: Ledger,
  from: Ledger,
  { yearlyBasisPoints, payment }: { yearlyBasisPoints: bigint; payment: bigint },
): void {
  const day = month.day(30)
  const owed = -loan.balance('EUR', addDays(month.day(1), -1))
  if (owed <= 0n) return
  const interest = multiply(owed, yearlyBasisPoints, 120_000n)
  const paid = payment < owed + interest ? payment : owed + interest
  const about = `${loan.name} ${month.label}`
  loan.post({
    day,
    amount: -interest,
    asset: 'EUR',
    kind: 'interest',
    description: `Interest ${month.label}`,
    category: 'Interest',
  })
  const leg = { day, asset: 'EUR', kind: 'transfer', category: 'Transfers' } as const
  loan.post({ ...leg, amount: paid, description: `Payment ${month.label}`, counterparty: from.name })
  from.post({ ...leg, amount: -paid, description: about, counterparty: loan.name })
}
