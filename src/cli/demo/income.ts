import type { Month } from './month.ts'
import { raise } from './units.ts'

/** Salary, a bonus in November, the partner's share of the joint account, a tax refund in summer. */
export function postIncome(month: Month): void {
  const { books, yearsIn } = month
  const random = month.random('income')
  const salary = raise(2_463_38n, 3, yearsIn)
  const common = { asset: 'EUR', kind: 'deposit', category: 'Salary' } as const
  const employer = yearsIn < 4 ? 'Nordwind Software GmbH' : 'Kontor Analytics AG'
  books.checking.post({
    ...common,
    day: month.workday(27),
    amount: salary,
    description: `Salary ${month.label}`,
    counterparty: employer,
  })
  if (month.number === 11) {
    books.checking.post({
      ...common,
      day: month.workday(27),
      amount: (salary * BigInt(random.integer(45, 90))) / 100n,
      description: `Bonus ${month.year}`,
      counterparty: employer,
    })
  }
  if (month.number === 6) {
    books.checking.post({
      ...common,
      day: month.day(random.integer(8, 24)),
      amount: BigInt(random.integer(280_00, 910_00)),
      description: `Income tax refund ${month.year - 1}`,
      counterparty: 'Finanzamt Leipzig II',
      category: 'Taxes',
    })
  }
  books.joint.post({
    ...common,
    day: month.day(1),
    amount: raise(1_150_00n, 3, yearsIn),
    description: 'Household money',
    counterparty: 'Jonas Winter',
    category: 'Household',
  })
}
