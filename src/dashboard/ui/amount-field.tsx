import { useState } from 'preact/hooks'
import { exampleAmount, readAmount } from '../format/read-amount.ts'
import { Field } from './field.tsx'

/** An amount as the reader writes numbers; `amountOf` reads what was typed. */
export function AmountField({
  label,
  hint = `For example ${exampleAmount()}.`,
  fault,
  text,
  required = true,
  onText,
}: {
  label: string
  hint?: string
  fault?: string | undefined
  text: string
  required?: boolean
  onText: (text: string) => void
}) {
  const [isLeft, setLeft] = useState(false)
  return (
    <Field
      label={label}
      hint={hint}
      fault={(isLeft ? readAmount(text)?.fault : undefined) ?? fault}
      inputMode="decimal"
      autocomplete="off"
      required={required}
      value={text}
      onBlur={() => setLeft(true)}
      onInput={({ currentTarget }) => {
        setLeft(false)
        onText(currentTarget.value)
      }}
    />
  )
}

/** As the API takes it. Throws a sentence where it is no amount. */
export function amountOf(text: string): string {
  const read = readAmount(text) ?? { fault: 'must be a number' }
  if (read.amount === undefined) throw new Error(`The amount ${read.fault}`)
  return read.amount
}
