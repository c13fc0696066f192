import { negate } from '../../decimal.ts'
import type { AccountKind, PageAccount, ReportedBalance } from '../../page.ts'
import { assetOf } from './asset.ts'
import type { PlaidAccount } from './wire.ts'

/**
 * Accounts of investments are left out: their worth lies in holdings, which /transactions/sync does not tell.
 * `brokerage` is what API versions until 2018-05-22 called them.
 */
export function isInvestment({ type }: PlaidAccount): boolean {
  return type === 'investment' || type === 'brokerage'
}

export function pageAccountOf(account: PlaidAccount): PageAccount {
  const name = account.name || account.official_name
  return { externalId: account.account_id, kind: kindOfAccount(account), ...(name && { name }) }
}

/** https://plaid.com/docs/api/accounts/#account-type-schema */
function kindOfAccount({ type, subtype }: PlaidAccount): AccountKind {
  switch (type) {
    case 'depository':
      return depositoryKinds.get(subtype ?? '') ?? 'checking'
    case 'credit':
      return 'card'
    case 'loan':
      return 'loan'
    default:
      return 'other'
  }
}
const depositoryKinds = new Map<string, AccountKind>([
  ['savings', 'savings'],
  ['hsa', 'savings'],
  ['cd', 'savings'],
  ['money market', 'savings'],
  ['gic', 'savings'],
  ['paypal', 'wallet'],
  ['prepaid', 'wallet'],
  ['ebt', 'wallet'],
])

/** Undefined where the institution does not tell it. */
export function balanceOf(account: PlaidAccount, day: string): ReportedBalance | undefined {
  const { current } = account.balances
  if (current === null || current === undefined) return undefined
  // Of credit and loans, `current` is what is owed.
  const owed = account.type === 'credit' || account.type === 'loan'
  return {
    account: account.account_id,
    asset: assetOf(account.balances),
    day,
    edge: 'now',
    amount: owed ? negate(current) : current,
  }
}
