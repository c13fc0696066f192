import type { AccountKind } from '../../page.ts'
import type { FieldFault } from '../problem-text.ts'
import { CurrencyField } from '../ui/choice-fields.tsx'
import { Field } from '../ui/field.tsx'
import { type Balance, BalanceField } from './balance-field.tsx'

export interface DayBalance {
  balance: Balance
  asset: string
  day: string
}

/** How much of what an account holds at the end of a day. */
export function BalanceFields({
  kind,
  required = true,
  value: { balance, asset, day },
  faults,
  onChange,
}: {
  kind: AccountKind
  required?: boolean
  value: DayBalance
  faults: Map<FieldFault['field'], string>
  onChange: (change: Partial<DayBalance>) => void
}) {
  return (
    <>
      <BalanceField
        kind={kind}
        required={required}
        value={balance}
        fault={faults.get('amount')}
        onChange={(balance) => onChange({ balance })}
      />
      <CurrencyField
        label="Currency or asset"
        value={asset}
        fault={faults.get('asset')}
        onChange={(asset) => onChange({ asset })}
      />
      <Field
        label="At the end of"
        type="date"
        required
        value={day}
        fault={faults.get('date')}
        onInput={({ currentTarget }) => onChange({ day: currentTarget.value })}
      />
    </>
  )
}
