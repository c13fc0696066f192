import type { AccountKind } from '../../page.ts'

interface KindWords {
  kind: AccountKind
  /** Of one account. */
  name: string
  /** Of all of them. */
  group: string
}

/** Nearest at hand first. */
export const assetKinds: KindWords[] = [
  { kind: 'checking', name: 'Checking account', group: 'Checking accounts' },
  { kind: 'savings', name: 'Savings account', group: 'Savings accounts' },
  { kind: 'cash', name: 'Cash', group: 'Cash' },
  { kind: 'wallet', name: 'Wallet', group: 'Wallets' },
  { kind: 'brokerage', name: 'Brokerage account', group: 'Brokerage accounts' },
  { kind: 'crypto', name: 'Crypto account', group: 'Crypto' },
  { kind: 'property', name: 'Property', group: 'Property' },
  { kind: 'other', name: 'Other', group: 'Other' },
]

export const debtKinds: KindWords[] = [
  { kind: 'card', name: 'Card', group: 'Cards' },
  { kind: 'loan', name: 'Loan', group: 'Loans' },
]

export const allKinds = [...assetKinds, ...debtKinds]

export function kindName(kind: AccountKind): string {
  return allKinds.find((each) => each.kind === kind)?.name ?? kind
}

/** Of all accounts of a kind. */
export function kindGroupName(kind: string): string {
  return allKinds.find((each) => each.kind === kind)?.group ?? kind
}
