import { formatMoney, formatQuantity, type MoneyStyle } from '../format/money.ts'
import { preferences } from '../preferences.ts'

/** What stands for an amount where amounts are hidden: of one length, which tells nothing of it. */
export const hidden = '•••••'

/** An amount, unless amounts are hidden. All its digits are in the tooltip. */
export function Money({ amount, asset, ...style }: { amount: string; asset: string } & MoneyStyle) {
  if (preferences.value.privacy) return <Hidden />
  const text = formatMoney(amount, asset, style)
  const negative = amount.startsWith('-')
  return (
    <data
      value={amount}
      class={negative ? 'money negative' : 'money'}
      title={formatMoney(amount, asset, { exact: true })}
    >
      {text}
    </data>
  )
}

/** How much of an asset, without its name. */
export function Quantity({ amount }: { amount: string }) {
  if (preferences.value.privacy) return <Hidden />
  return (
    <data value={amount} class="money">
      {formatQuantity(amount)}
    </data>
  )
}

function Hidden() {
  return (
    <span class="money">
      <span aria-hidden="true">{hidden}</span>
      <span class="visually-hidden">hidden</span>
    </span>
  )
}
