import type { PlaidTransaction } from './wire.ts'

/** Empty where neither is told, which is no asset and found out where rows are checked. */
export function assetOf(
  amount: Pick<PlaidTransaction, 'iso_currency_code' | 'unofficial_currency_code'>,
): string {
  return amount.iso_currency_code || amount.unofficial_currency_code || ''
}
