import { transfer } from './ledger.ts'
import type { Month } from './month.ts'

const purchases: {
  yearsIn: number
  month: number
  cents: bigint
  description: string
  counterparty: string
}[] = [
  purchase(1, 2, 1_429_00n, 'Laptop', 'Elektro Nord'),
  purchase(2, 4, 1_180_00n, 'Bicycle', 'Radhaus'),
  purchase(3, 10, 1_890_00n, 'Sofa', 'Möbel Ahorn'),
  purchase(4, 11, 649_00n, 'Washing machine', 'Elektro Nord'),
  purchase(5, 6, 11_480_00n, 'Kitchen', 'Küchenstudio Eck'),
  purchase(6, 9, 8_650_00n, 'Wedding', 'Gasthaus Zur Linde'),
  purchase(7, 5, 14_900_00n, 'Used car', 'Autohaus Reuter'),
  purchase(8, 10, 6_240_00n, 'Share of the new heating', 'Hausverwaltung Kern'),
  purchase(9, 3, 2_310_00n, 'Dentist', 'Praxis Dr. Amini'),
  purchase(10, 4, 3_150_00n, 'Two bicycles', 'Radhaus'),
]

const reserve = 1_500_00n

/** Once or so a year something large is bought, out of savings and where they allow it. */
export function postLargePurchases(month: Month): void {
  const { books } = month
  for (const { yearsIn, month: number, cents, description, counterparty } of purchases) {
    if (yearsIn !== month.yearsIn || number !== month.number) continue
    const day = month.day(21)
    if (books.savings.balance('EUR', day) < cents + reserve) continue
    const leg = { day, asset: 'EUR', description } as const
    transfer(books.savings, books.checking, { ...leg, amount: cents })
    books.checking.post({ ...leg, amount: -cents, kind: 'withdrawal', counterparty, category: 'Shopping' })
  }
}

function purchase(yearsIn: number, month: number, cents: bigint, description: string, counterparty: string) {
  return { yearsIn, month, cents, description, counterparty }
}
