import { isDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import type { PageAccount, ReportedBalance, Upsert } from '../../page.ts'
import type { PageProblem } from '../connector.ts'
import { assetOf } from './asset.ts'
import { momentOf } from './moment.ts'
import { plainText } from './plain-text.ts'
import { type Account, balance, type Transaction, transaction } from './wire.ts'

/** Whose account it is: what a day is to them, and which one it is. */
export interface Owner {
  today: string
  timeZone: string
}

export interface ReadAccount {
  account: PageAccount
  balances: ReportedBalance[]
  rows: Upsert[]
  /** What could not be read. */
  problems: Omit<PageProblem, 'account'>[]
}

/** Balance and rows of one account, each read by itself. `item` is what `found` was read from. */
export function readAccount(
  item: unknown,
  found: Account,
  institution: string | undefined,
  owner: Owner,
): ReadAccount {
  const name = plainText(found.name) ?? found.id
  const read: ReadAccount = {
    account: { externalId: found.id, name: institution ? `${name} (${institution})` : name },
    balances: [],
    rows: [],
    problems: [],
  }
  const asset = assetOf(found.currency)
  if (asset === undefined) {
    read.problems.push({ message: 'its currency is none' })
    return read
  }
  const held = balance.safeParse(item)
  const amount = held.success ? parseDecimal(held.data.balance) : undefined
  const day = held.success ? momentOf(held.data['balance-date'], owner.timeZone).day : ''
  if (amount !== undefined && isDay(day))
    read.balances.push({ account: found.id, asset, day, edge: 'now', amount })
  else read.problems.push({ message: 'its balance is not as the protocol says' })

  for (const row of found.transactions) {
    const parsed = transaction.safeParse(row)
    const upsert = parsed.success ? rowOf(parsed.data, found.id, asset, owner) : undefined
    if (upsert) read.rows.push(upsert)
    else
      read.problems.push({ message: `a transaction${namedIn(row)} is not as the protocol says`, row: true })
  }
  return read
}

function rowOf(row: Transaction, accountId: string, asset: string, owner: Owner): Upsert | undefined {
  const isPending = row.pending ?? row.posted === 0
  const booked = row.posted || row.transacted_at || undefined
  if (booked === undefined && !isPending) return undefined
  const moment = booked === undefined ? undefined : momentOf(booked, owner.timeZone)
  // What is pending and has no day is pending today.
  const bookedOn = moment?.day ?? owner.today
  const amount = parseDecimal(row.amount.trim())
  if (amount === undefined || !isDay(bookedOn)) return undefined
  const happened = row.transacted_at ? momentOf(row.transacted_at, owner.timeZone) : undefined
  const occurredAt = happened?.instant ?? moment?.instant
  const description = plainText(row.description)
  const counterparty = plainText(row.payee)
  const category = plainText(row.extra?.category)
  return {
    type: 'upsert',
    account: accountId,
    id: row.id,
    bookedOn,
    ...(occurredAt !== undefined && { occurredAt }),
    amount,
    asset,
    kind: amount.startsWith('-') ? 'withdrawal' : 'deposit',
    status: isPending ? 'pending' : 'posted',
    ...(description !== undefined && { description }),
    ...(counterparty !== undefined && { counterparty }),
    ...(category !== undefined && { category }),
  }
}

function namedIn(row: unknown): string {
  const { data } = transaction.pick({ id: true }).safeParse(row)
  return data ? ` "${plainText(data.id)?.slice(0, 60)}"` : ''
}
