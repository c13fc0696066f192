import { useMe } from '../queries.ts'
import { useHoldings } from './account-queries.ts'

/** What an account is usually kept in: the one asset that it holds, else the user's base currency. */
export function useUsualAsset(accountId: string): string {
  const { data: me } = useMe()
  const held = useHoldings(accountId).data?.balances.filter(({ quantity }) => quantity !== '0') ?? []
  return (held.length === 1 ? held[0]?.asset : undefined) ?? me?.baseCurrency ?? ''
}
