import { transfer } from './ledger.ts'
import { payLoan } from './loans.ts'
import type { Month } from './month.ts'
import { multiply, raise } from './units.ts'

const price = 236_000_00n
/** Land transfer tax, notary, register. */
const purchaseCosts = 13_460_00n
/** Kept in savings, not least for a kitchen. */
const reserve = 17_000_00n

/** Rent for five years; then a flat with a mortgage, and what its owner pays every month. */
export function postHome(month: Month): void {
  const { books, yearsIn } = month
  if (yearsIn === 5 && month.number === 5) buyFlat(month)
  const owned = books.flat.balance('EUR', month.day(1)) > 0n
  const monthly = { day: month.day(3), asset: 'EUR', kind: 'withdrawal', category: 'Housing' } as const
  if (owned) {
    books.joint.post({
      ...monthly,
      amount: -raise(246_00n, 4, yearsIn - 5),
      description: `Service charge ${month.label}`,
      counterparty: 'Hausverwaltung Kern',
    })
    payLoan(month, books.mortgage, books.joint, { yearlyBasisPoints: 132n, payment: 748_00n })
    revalue(month)
  } else {
    books.joint.post({
      ...monthly,
      amount: -raise(985_00n, 2, yearsIn),
      description: `Rent ${month.label}`,
      counterparty: 'Wohnbau Connewitz eG',
    })
  }
}

function buyFlat({ books, day: dayOf }: Month): void {
  const day = dayOf(17)
  const saved = books.savings.balance('EUR', day) - reserve - purchaseCosts
  const own = saved > 0n ? saved - (saved % 500_00n) : 0n
  const note = { day, asset: 'EUR' } as const
  transfer(books.savings, books.checking, {
    ...note,
    amount: own + purchaseCosts,
    description: 'For the flat',
  })
  const paid = { ...note, kind: 'withdrawal', category: 'Housing' }
  books.checking.post({
    ...paid,
    amount: -purchaseCosts,
    description: 'Purchase costs',
    counterparty: 'Notariat Lenz',
  })
  books.checking.post({
    ...paid,
    amount: -own,
    description: 'Own share of the price',
    counterparty: 'Notariat Lenz',
  })
  books.mortgage.post({
    ...note,
    amount: own - price,
    kind: 'withdrawal',
    description: 'Loan paid out to the seller',
  })
  books.flat.post({ ...note, amount: price, kind: 'revaluation', description: 'Purchase price' })
}

/** The flat is appraised anew at the end of each half year. */
function revalue(month: Month): void {
  if (month.number % 6 !== 0) return
  const random = month.random('appraisal')
  const day = month.day(30)
  const value = month.books.flat.balance('EUR', day)
  const tenths = BigInt(random.integer(-14, 34))
  const change = multiply(value, tenths, 1000n)
  month.books.flat.post({
    day,
    amount: change - (change % 100_00n),
    asset: 'EUR',
    kind: 'revaluation',
    description: `Appraisal ${month.label}`,
  })
}
