import { isDay } from '../../calendar.ts'
import { formatDay } from '../format/dates.ts'
import { Money } from '../ui/money.tsx'

/** What will be entered, before it is: all digits of the amount, as they were understood. */
export function Understood({
  amount,
  asset,
  account,
  date,
}: {
  amount: string | undefined
  asset: string
  account: string | undefined
  date: string
}) {
  const isWhole = amount !== undefined && asset !== '' && account !== undefined && isDay(date)
  return (
    <output class="tx-understood">
      {isWhole && (
        <>
          <Money amount={amount} asset={asset} exact signed />
          {amount.startsWith('-') ? ' out of ' : ' into '}
          {account} on {formatDay(date)}
        </>
      )}
    </output>
  )
}
