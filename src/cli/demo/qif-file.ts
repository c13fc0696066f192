import type { Statement } from './statements.ts'
import { formatAmount } from './units.ts'

/** A year of a loan as QIF, dates with the month first. The format knows neither balances nor currencies. */
export function qifFile({ account, entries }: Statement): string {
  const records = entries.map(({ day, amount, asset, kind, description, counterparty, category }) => {
    // An own account in brackets marks a transfer.
    const label = kind === 'transfer' && counterparty !== undefined ? `[${counterparty}]` : category
    return [
      `D${day.slice(5, 7)}/${day.slice(8)}/${day.slice(0, 4)}`,
      `T${formatAmount(amount, asset)}`,
      `P${kind === 'opening' ? 'Opening Balance' : (counterparty ?? description)}`,
      `M${description}`,
      ...(label === undefined ? [] : [`L${label}`]),
      '^',
    ]
  })
  return `${['!Account', `N${account}`, 'TOth L', '^', '!Type:Oth L', ...records.flat()].join('\n')}\n`
}
