import { transfer } from './ledger.ts'
import type { Month } from './month.ts'
import { multiply } from './units.ts'

/** Basis points a year on savings: next to nothing for seven years, then more. */
const savingsRates = [30n, 20n, 10n, 10n, 5n, 5n, 20n, 200n, 250n, 225n, 200n]

/** The end of a month: the card is paid, spare money saved, a shortfall covered, interest credited. */
export function settleMonth(month: Month): void {
  const { books, yearsIn } = month
  const owed = -books.card.balance('EUR', month.day(20))
  if (owed > 0n) {
    transfer(books.checking, books.card, {
      day: month.day(28),
      amount: owed,
      asset: 'EUR',
      description: `Credit card ${month.label}`,
    })
  }
  level(month, 'joint', 900_00n, 2_600_00n)
  level(month, 'checking', 2_000_00n, 3_200_00n)

  const balance = books.savings.balance('EUR', month.day(29))
  books.savings.post({
    day: month.day(31),
    amount: multiply(balance > 0n ? balance : 0n, savingsRates[yearsIn] ?? 150n, 120_000n),
    asset: 'EUR',
    kind: 'interest',
    description: `Interest ${month.label}`,
    category: 'Interest',
  })
}

/** What lies above `high` goes to savings; what is missing to `low` comes from there. Round amounts. */
function level({ books, day: dayOf }: Month, account: 'checking' | 'joint', low: bigint, high: bigint): void {
  const day = dayOf(29)
  const balance = books[account].balance('EUR', day)
  const round = (cents: bigint) => cents - (cents % 50_00n)
  if (balance > high) {
    transfer(books[account], books.savings, {
      day,
      amount: round(balance - low),
      asset: 'EUR',
      description: 'Savings',
    })
  } else if (balance < low) {
    const available = books.savings.balance('EUR', day)
    const wanted = round(low - balance) + 50_00n
    const amount = wanted < available ? wanted : round(available)
    if (amount > 0n)
      transfer(books.savings, books[account], { day, amount, asset: 'EUR', description: 'From savings' })
  }
}
