import { transfer } from './ledger.ts'
import type { Month } from './month.ts'
import { raise } from './units.ts'

interface Bill {
  on: 'checking' | 'joint'
  day: number
  cents: bigint
  /** Percent a year. */
  rise: number
  description: string
  counterparty: string
  category: string
  /** The month of a yearly bill; without it the bill is monthly. */
  month?: number
}

const bills: Bill[] = [
  bill('joint', 4, 62_00n, 4, 'Electricity', 'Stadtwerke Leipzig', 'Utilities'),
  bill('joint', 4, 71_00n, 5, 'Gas', 'Stadtwerke Leipzig', 'Utilities'),
  bill('joint', 6, 34_99n, 1, 'Internet', 'Kabelnetz Ost', 'Utilities'),
  bill('joint', 15, 18_36n, 0, 'Broadcasting fee', 'Rundfunk', 'Utilities'),
  bill('checking', 2, 57_40n, 3, 'Disability insurance', 'Elbe Versicherung', 'Insurance'),
  bill('checking', 2, 11_90n, 2, 'Dental insurance', 'Elbe Versicherung', 'Insurance'),
  bill('checking', 3, 49_00n, 2, 'Transit pass', 'Verkehrsbetriebe', 'Transport'),
  bill('checking', 5, 14_99n, 1, 'Mobile phone', 'Funkwerk', 'Utilities'),
  bill('checking', 8, 9_99n, 3, 'Music and films', 'Streamly', 'Subscriptions'),
  bill('checking', 10, 24_90n, 2, 'Climbing hall', 'Blockwerk', 'Sport'),
  bill('checking', 16, 25_00n, 0, 'Donation', 'Seenotrettung e.V.', 'Donations'),
  { ...bill('checking', 4, 412_80n, 3, 'Car insurance', 'Elbe Versicherung', 'Insurance'), month: 1 },
  { ...bill('checking', 11, 118_00n, 0, 'Vehicle tax', 'Zoll', 'Taxes'), month: 5 },
  { ...bill('checking', 4, 68_20n, 2, 'Liability insurance', 'Elbe Versicherung', 'Insurance'), month: 7 },
]

/** What leaves the accounts every month or year without anybody's doing, and the feeding of the joint account. */
export function postStandingOrders(month: Month): void {
  const { books, yearsIn } = month
  transfer(books.checking, books.joint, {
    day: month.day(1),
    amount: raise(1_150_00n, 3, yearsIn),
    asset: 'EUR',
    description: 'Household money',
  })
  for (const { on, day, cents, rise, description, counterparty, category, month: only } of bills) {
    if (only !== undefined && only !== month.number) continue
    books[on].post({
      day: month.day(day),
      amount: -raise(cents, rise, yearsIn),
      asset: 'EUR',
      kind: 'withdrawal',
      description: only === undefined ? `${description} ${month.label}` : `${description} ${month.year}`,
      counterparty,
      category,
    })
  }
  if (month.number % 3 === 0) {
    books.checking.post({
      day: month.day(31),
      amount: -14_70n,
      asset: 'EUR',
      kind: 'fee',
      description: 'Account fees of the quarter',
      category: 'Bank fees',
    })
  }
}

function bill(
  on: Bill['on'],
  day: number,
  cents: bigint,
  rise: number,
  description: string,
  counterparty: string,
  category: string,
): Bill {
  return { on, day, cents, rise, description, counterparty, category }
}
