import { negate } from '../../decimal.ts'
import type { AccountKind } from '../../page.ts'
import { AmountField, amountOf } from '../ui/amount-field.tsx'
import { debtKinds } from './account-kinds.ts'

export interface Balance {
  text: string
  /** Of a card or a loan: it is not what is owed, but paid above that. */
  inCredit: boolean
}

export const noBalance: Balance = { text: '', inCredit: false }

/** What an account holds; of a card or a loan what is owed, without a sign that is easily forgotten. */
export function BalanceField({
  kind,
  required = true,
  value,
  fault,
  onChange,
}: {
  kind: AccountKind
  required?: boolean
  value: Balance
  fault: string | undefined
  onChange: (value: Balance) => void
}) {
  const field = { required, fault, text: value.text, onText: (text: string) => onChange({ ...value, text }) }
  if (!isDebt(kind))
    return (
      <AmountField {...field} label="Balance" hint="What is owed is below zero, with a minus before it." />
    )
  return (
    <>
      <AmountField {...field} label={value.inCredit ? 'What you have in credit' : 'What you owe'} />
      <label class="check">
        <input
          type="checkbox"
          checked={value.inCredit}
          onChange={({ currentTarget }) => onChange({ ...value, inCredit: currentTarget.checked })}
        />
        It is in credit: you have paid more than you owe
      </label>
    </>
  )
}

/** As the API takes it: what is owed is below zero. Throws a sentence where it is no amount, or its sign says otherwise. */
export function balanceOf({ text, inCredit }: Balance, kind: AccountKind): string {
  const amount = amountOf(text)
  if (!isDebt(kind)) return amount
  if (amount.startsWith('-'))
    throw new Error('The amount must not be below zero: the tick below it says which way it counts.')
  return inCredit ? amount : negate(amount)
}

function isDebt(kind: AccountKind): boolean {
  return debtKinds.some((each) => each.kind === kind)
}
