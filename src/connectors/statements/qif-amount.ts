import { requireAmount } from './record.ts'

/**
 * A QIF amount. The last separator starts the decimals where both occur; a comma alone groups thousands where
 * it stands before three digits, as in the United States, and else starts the decimals.
 */
export function qifAmount(text: string | undefined, what = 'amount'): string {
  const shown = text ?? ''
  const compact = shown.replace(/\s/g, '')
  if (/^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(compact))
    return requireAmount(compact.replaceAll(',', ''), what)
  if (/^[+-]?\d{1,3}(?:\.\d{3})+,\d*$/.test(compact) || /^[+-]?\d{1,3}(?:\.\d{3}){2,}$/.test(compact)) {
    return requireAmount(compact.replaceAll('.', '').replace(',', '.'), what)
  }
  if (/^[+-]?\d*,\d+$/.test(compact)) return requireAmount(compact.replace(',', '.'), what)
  return requireAmount(compact, what, shown)
}
