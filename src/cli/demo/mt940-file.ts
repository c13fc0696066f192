import type { NumberedEntry, Statement } from './statements.ts'
import { type Asset, formatAmount } from './units.ts'

/** MT940 messages, one a statement, of one account. SWIFT ends lines with CR LF and allows 65 places in field 86. */
export function mt940File(statements: Statement[], account: string): string {
  return statements.map((statement) => `${message(statement, account).join('\r\n')}\r\n`).join('')
}

function message(
  { sequence, from, to, opening, closing, asset, entries }: Statement,
  account: string,
): string[] {
  return [
    `:20:STMT${sequence}`,
    `:25:${account}`,
    `:28C:${sequence}/1`,
    `:60F:${balance(opening, asset, from)}`,
    ...entries.flatMap(entryFields),
    `:62F:${balance(closing, asset, to)}`,
    '-',
  ]
}

function balance(units: bigint, asset: Asset, day: string): string {
  return `${units < 0n ? 'D' : 'C'}${shortDay(day)}${asset}${magnitude(units, asset)}`
}

function entryFields({
  amount,
  asset,
  day,
  kind,
  reference,
  description,
  counterparty,
}: NumberedEntry): string[] {
  const date = shortDay(day)
  const party = counterparty === undefined ? '' : `/NAME/${counterparty}`
  return [
    `:61:${date}${date.slice(2)}${amount < 0n ? 'D' : 'C'}${magnitude(amount, asset)}${types[kind] ?? 'NTRF'}NONREF//${reference}`,
    `:86:${(`${party}/REMI/${description}`.match(/.{1,65}/g) ?? []).join('\r\n')}`,
  ]
}
const types: Record<string, string> = { fee: 'NCHG', interest: 'NINT', card: 'NMSC' }

function magnitude(units: bigint, asset: Asset): string {
  return formatAmount(units < 0n ? -units : units, asset).replace('.', ',')
}

function shortDay(day: string): string {
  return day.slice(2).replaceAll('-', '')
}
