import { negate, parseDecimal } from '../../decimal.ts'
import type { PageAccount, Upsert } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import { decimalOfNumber } from '../json.ts'
import { type VendorType, vendorItem, vendorTypes } from './wire.ts'

export interface VendorRows {
  accounts: PageAccount[]
  changes: Upsert[]
  problems: PageProblem[]
}

/** What the items of one page say: a row each, one account for each user among them. */
export function rowsOf(items: unknown[], asset: string): VendorRows {
  const accounts = new Map<string, PageAccount>()
  const changes: Upsert[] = []
  const problems: PageProblem[] = []
  for (const item of items) {
    const row = rowOf(item, asset)
    if ('message' in row) {
      problems.push(row)
      continue
    }
    if (!accounts.has(row.account)) accounts.set(row.account, accountOf(row.account, asset))
    changes.push(row)
  }
  return { accounts: [...accounts.values()], changes, problems }
}

export function accountOf(userId: string, asset: string): PageAccount {
  return { externalId: userId, owner: userId, ownerCurrency: asset, kind: 'wallet', name: 'Vendor balance' }
}

export function isOutgoing(type: VendorType): boolean {
  return type === 'spent' || type === 'paid_out'
}

function rowOf(item: unknown, asset: string): Upsert | PageProblem {
  const read = vendorItem.safeParse(item)
  if (!read.success) {
    const path = read.error.issues[0]?.path.join('.')
    return {
      message: `${nameOf(item)}: ${path ? `${path} is missing or malformed` : 'it is no object'}`,
      row: true,
    }
  }
  const { id, userId, createdAt, type, amount } = read.data
  const fault = (reason: string) => ({ account: userId, message: `${nameOf(item)}: ${reason}`, row: true })
  if (!isVendorType(type)) return fault(`its type ${quote(type)} is none that is known`)
  const magnitude = parseDecimal(decimalOfNumber(amount) ?? amount)
  if (magnitude === undefined) return fault(`its amount ${quote(amount)} is not a decimal number`)
  if (magnitude.startsWith('-'))
    return fault(`its amount ${quote(amount)} has a sign, which its type decides`)
  return {
    type: 'upsert',
    account: userId,
    id,
    bookedOn: new Date(createdAt).toISOString().slice(0, 10),
    occurredAt: createdAt,
    amount: isOutgoing(type) ? negate(magnitude) : magnitude,
    asset,
    kind: type,
    // A payout is asked for before it is made: the balance moves with paid_out.
    status: type === 'payout' ? 'requested' : 'posted',
  }
}

function isVendorType(type: string): type is VendorType {
  return (vendorTypes as readonly string[]).includes(type)
}

function nameOf(item: unknown): string {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined
  return typeof id === 'string' && id !== '' ? `transaction ${quote(id)}` : 'a transaction without an id'
}

function quote(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 59)}…` : text}"`
}
