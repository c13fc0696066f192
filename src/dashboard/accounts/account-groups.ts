import type { Answer } from '../api.ts'
import { sum } from '../format/arithmetic.ts'
import { assetKinds, debtKinds } from './account-kinds.ts'

export type Account = Answer<'listAccounts'>['accounts'][number]
export type Worth = Answer<'getNetWorth'>

export interface ValuedAccount {
  account: Account
  /** In the currency of the worth that it was taken from. */
  value: string
  /** What it holds without a price, which is left out of the value. */
  missing: string[]
}

export interface AccountGroup {
  kind: string
  name: string
  accounts: ValuedAccount[]
  subtotal: string
}

/** Accounts by kind, assets before debts, each kind with what it adds up to. Kinds without accounts are left out. */
export function groupAccounts(
  accounts: readonly Account[],
  worth: Worth,
): { assets: AccountGroup[]; debts: AccountGroup[] } {
  const groupsOf = (kinds: typeof assetKinds): AccountGroup[] =>
    kinds
      .map(({ kind, group }) => {
        const members = accounts.filter((account) => account.kind === kind)
        const valued = members.map((account) => ({ account, ...worthOf(account.id, worth) }))
        return { kind, name: group, accounts: valued, subtotal: sum(valued.map(({ value }) => value)) }
      })
      .filter((group) => group.accounts.length > 0)
  return { assets: groupsOf(assetKinds), debts: groupsOf(debtKinds) }
}

/** At the last day of the series. An account that holds nothing all the while has no part in it. */
export function worthOf(accountId: string, worth: Worth): { value: string; missing: string[] } {
  const point = worth.groups?.find(({ key }) => key === accountId)?.points.at(-1)
  return { value: point?.netWorth ?? '0', missing: point?.missing ?? [] }
}
