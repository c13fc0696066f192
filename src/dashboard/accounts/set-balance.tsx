import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { FormDialog } from '../ui/form-dialog.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { Account } from './account-groups.ts'
import { useToday } from './account-queries.ts'
import { balanceOf, noBalance } from './balance-field.tsx'
import { BalanceFields, type DayBalance } from './balance-fields.tsx'
import { useUsualAsset } from './usual-asset.ts'

export function SetBalance({ account, onClose }: { account: Account; onClose: () => void }) {
  const [chosen, setChosen] = useState<Partial<DayBalance>>({})
  const today = useToday()
  const usual = useUsualAsset(account.id)
  const held = { balance: noBalance, day: today ?? '', asset: usual, ...chosen }
  const submit = useSubmit(async () => {
    const { balance, day, asset } = held
    const body = { amount: balanceOf(balance, account.kind), asset }
    await api.putBalance({ params: { id: account.id, date: day }, body })
  }, onClose)
  return (
    <FormDialog title="Set a balance" submit={submit} onClose={onClose}>
      <p class="hint">
        From the end of that day on the account holds what you say, whatever its transactions add up to. What
        is entered for later days counts on top. Another one for the same day takes its place.
      </p>
      <BalanceFields
        kind={account.kind}
        value={held}
        faults={submit.faults}
        onChange={(change) => setChosen({ ...chosen, ...change })}
      />
    </FormDialog>
  )
}
