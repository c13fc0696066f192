import { addDays } from '../../calendar.ts'
import type { Books } from './month.ts'

/**
 * What the accounts hold before the first day. A first movement on that day in each of them makes every
 * statement's opening balance one of the day before.
 */
export function postOpening(books: Books, firstDay: string): void {
  const before = addDays(firstDay, -1)
  const open = (ledger: Books[keyof Books], amount: bigint, asset: 'EUR' | 'GBP') =>
    ledger.post({ day: before, amount, asset, kind: 'opening', description: 'Opening Balance' })
  open(books.checking, 1_842_17n, 'EUR')
  open(books.savings, 2_600_00n, 'EUR')
  open(books.joint, 913_55n, 'EUR')
  open(books.pounds, 1_148_30n, 'GBP')
  open(books.carLoan, -14_900_00n, 'EUR')

  const fee = { day: firstDay, kind: 'fee', category: 'Bank fees' }
  books.checking.post({ ...fee, amount: -4_90n, asset: 'EUR', description: 'Account fee' })
  books.pounds.post({ ...fee, amount: -2_00n, asset: 'GBP', description: 'Account fee' })
  books.savings.post({
    day: firstDay,
    amount: 3_12n,
    asset: 'EUR',
    kind: 'interest',
    description: 'Interest of the year before',
    category: 'Interest',
  })
}
