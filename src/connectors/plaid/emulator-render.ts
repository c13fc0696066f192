import { Big } from 'big.js'
import { LosslessNumber } from 'lossless-json'
import { negate } from '../../decimal.ts'
import type { AccountKind } from '../../page.ts'
import type { World, WorldAccount, WorldRow } from '../emulator/world.ts'

/** Accounts and transactions of the world in Plaid's terms, with every field that its OpenAPI document requires. */

interface AccountType {
  type: string
  subtype: string
}

export function typeOf(kind: AccountKind): AccountType {
  return accountTypes[kind] ?? { type: 'other', subtype: 'other' }
}
const accountTypes: Partial<Record<AccountKind, AccountType>> = {
  checking: { type: 'depository', subtype: 'checking' },
  savings: { type: 'depository', subtype: 'savings' },
  wallet: { type: 'depository', subtype: 'prepaid' },
  card: { type: 'credit', subtype: 'credit card' },
  loan: { type: 'loan', subtype: 'student' },
  brokerage: { type: 'investment', subtype: 'brokerage' },
}

export function renderAccount(world: World, account: WorldAccount): object {
  const { type, subtype } = typeOf(account.kind)
  const held = world.balances(account.id).get(account.asset) ?? '0'
  const isOwed = type === 'credit' || type === 'loan'
  const pending = world
    .rows(account.id)
    .filter((row) => row.status !== undefined && row.status !== 'posted')
    .reduce((sum, row) => sum.plus(row.amount), new Big(held))
  return {
    account_id: account.id,
    balances: {
      available: type === 'depository' ? new LosslessNumber(pending.toFixed()) : null,
      current: new LosslessNumber(isOwed ? negate(held) : held),
      limit: null,
      ...currencyOf(account.asset),
    },
    mask: account.id.replace(/\W/g, '').slice(-4).padStart(4, '0'),
    name: account.name,
    official_name: null,
    type,
    subtype,
  }
}

export function renderItem(item: string): object {
  return {
    item_id: item,
    institution_id: 'ins_109508',
    institution_name: 'First Platypus Bank',
    webhook: null,
    error: null,
    available_products: ['balance'],
    billed_products: ['transactions'],
    products: ['transactions'],
    consent_expiration_time: null,
    update_type: 'background',
  }
}

export function renderTransaction(account: WorldAccount, row: WorldRow): object {
  const channel = row.kind === 'card' ? 'in store' : row.kind === 'payment' ? 'online' : 'other'
  const day = row.occurredAt.slice(0, 10)
  const category = row.amount.startsWith('-') ? 'GENERAL_MERCHANDISE' : 'INCOME'
  return {
    account_id: row.account,
    account_owner: null,
    // Plaid counts what goes out.
    amount: new LosslessNumber(negate(row.amount)),
    ...currencyOf(row.asset ?? account.asset),
    authorized_date: day,
    authorized_datetime: null,
    check_number: null,
    date: day,
    datetime: row.occurredAt,
    location: emptied(locationFields),
    name: row.description ?? row.counterparty ?? 'TRANSACTION',
    merchant_name: row.counterparty ?? null,
    payment_channel: channel,
    payment_meta: emptied(paymentFields),
    pending: row.status !== undefined && row.status !== 'posted',
    pending_transaction_id: row.replaces ?? null,
    personal_finance_category: {
      primary: category,
      detailed: `${category}_OTHER`,
      confidence_level: 'LOW',
    },
    transaction_code: transactionCodes[row.kind ?? ''] ?? null,
    transaction_id: row.id,
    transaction_type: channel === 'in store' ? 'place' : channel === 'online' ? 'digital' : 'special',
  }
}
const transactionCodes: Record<string, string> = {
  fee: 'bank charge',
  interest: 'interest',
  transfer: 'transfer',
  check: 'cheque',
  refund: 'refund',
}

/** ISO 4217's currencies have a field of their own. */
function currencyOf(asset: string) {
  const isIso = isoCurrencies.has(asset)
  return { iso_currency_code: isIso ? asset : null, unofficial_currency_code: isIso ? null : asset }
}
const isoCurrencies = new Set(Intl.supportedValuesOf('currency'))

function emptied(fields: string[]): object {
  return Object.fromEntries(fields.map((field) => [field, null]))
}
const locationFields = ['address', 'city', 'region', 'postal_code', 'country', 'lat', 'lon', 'store_number']
const paymentFields = [
  'by_order_of',
  'payee',
  'payer',
  'payment_method',
  'payment_processor',
  'ppd_id',
  'reason',
  'reference_number',
]
