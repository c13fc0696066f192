import type { Statement } from './statements.ts'
import { formatAmount } from './units.ts'

const header = 'account,id,date,time,amount,asset,kind,status,description,counterparty,category,group'

export function tidemarkCsvFile({ account, entries }: Statement): string {
  const rows = entries.map((entry) =>
    [
      account,
      entry.reference,
      entry.day,
      '',
      formatAmount(entry.amount, entry.asset),
      entry.asset,
      entry.kind,
      'posted',
      entry.description,
      entry.counterparty ?? '',
      entry.category ?? '',
      entry.group ?? '',
    ]
      .map(cell)
      .join(','),
  )
  return `${[header, ...rows].join('\n')}\n`
}

/** Quoted where RFC 4180 asks for it. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
