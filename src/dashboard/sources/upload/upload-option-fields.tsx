import { useId } from 'preact/hooks'
import { allKinds } from '../../accounts/account-kinds.ts'
import { useAccounts, useMe } from '../../queries.ts'
import { CurrencyField } from '../../ui/choice-fields.tsx'
import { Field, SelectField } from '../../ui/field.tsx'
import type { UploadOptions } from './uploads.ts'

/** What holds for records that do not say it. */
export function UploadOptionFields({
  options,
  needsAccount = false,
  onChange,
}: {
  options: UploadOptions
  needsAccount?: boolean
  onChange: (options: UploadOptions) => void
}) {
  const names = useId()
  const { data: me } = useMe()
  const known = useAccounts().data?.accounts.filter(({ connector }) => connector === 'file') ?? []
  const change = (name: keyof UploadOptions, value: string) => {
    const { [name]: _, ...rest } = options
    onChange(value === '' ? rest : { ...rest, [name]: value })
  }
  return (
    <div class="upload-options">
      <Field
        label={needsAccount ? 'Account' : 'Account (optional)'}
        hint="A new name makes a new account."
        list={names}
        required={needsAccount}
        maxLength={200}
        autocomplete="off"
        value={options.account ?? ''}
        onInput={({ currentTarget }) => change('account', currentTarget.value)}
      />
      <datalist id={names}>
        {known.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
      <SelectField
        label="Kind of account (optional)"
        value={options.kind ?? ''}
        onChange={({ currentTarget }) => change('kind', currentTarget.value)}
      >
        <option value="">As the file says</option>
        {allKinds.map(({ kind, name }) => (
          <option key={kind} value={kind}>
            {name}
          </option>
        ))}
      </SelectField>
      <CurrencyField
        label="Currency (optional)"
        required={false}
        hint={
          me ? `Of records that name none. Without it, ${me.baseCurrency}.` : 'Of records that name none.'
        }
        value={options.currency ?? ''}
        onChange={(currency) => change('currency', currency)}
      />
    </div>
  )
}
