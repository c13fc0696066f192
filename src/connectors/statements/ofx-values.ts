import { requireAmount, requireDay } from './record.ts'

/**
 * The day of an OFX date and time, as written: `YYYYMMDD[HHMMSS[.XXX]][[offset:zone]]` (OFX 2.2, 3.2.8.2). Banks
 * write local time, so the day is not moved by the offset.
 */
export function ofxDay(text: string | undefined): string {
  const match = /^(\d{4})(\d{2})(\d{2})/.exec(text ?? '')
  return requireDay(match ? `${match[1]}-${match[2]}-${match[3]}` : '', text ?? '')
}

/**
 * An OFX amount: a point or a comma starts the decimals (OFX 2.2, 3.2.9.1). Grouping is against the standard,
 * yet some files have commas in front of a point.
 */
export function ofxAmount(text: string | undefined, what = 'amount'): string {
  const shown = text ?? ''
  const compact = shown.trim()
  if (/^[+-]?\d{1,3}(?:,\d{3})+\.\d*$/.test(compact)) return requireAmount(compact.replaceAll(',', ''), what)
  if (/^[+-]?\d*,\d*$/.test(compact)) return requireAmount(compact.replace(',', '.'), what, shown)
  return requireAmount(compact, what, shown)
}

/** TRNTYPE (OFX 2.2, 11.4.4.3) as a kind; undefined where the sign of the amount says as much. */
export function kindOfTransactionType(type: string | undefined): string | undefined {
  return kinds[type?.toUpperCase() ?? '']
}
const kinds: Record<string, string> = {
  INT: 'interest',
  DIV: 'dividend',
  FEE: 'fee',
  SRVCHG: 'fee',
  POS: 'card',
  XFER: 'transfer',
  CHECK: 'check',
  PAYMENT: 'payment',
  REPEATPMT: 'payment',
}
