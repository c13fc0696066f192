import { isDay } from '../calendar.ts'
import { parseDecimal } from '../decimal.ts'
import { accountKinds, transactionStatuses } from '../page.ts'
import type { Connector } from './connector.ts'

/**
 * What is wrong with the parts of a page, in a sentence; undefined where it can be stored. Connectors may be anybody's,
 * and what they pass on is a provider's JSON: no type of a field is taken for granted.
 */
type Unchecked = Record<string, unknown>

/** Longer identities do not fit into an entry of the database's indexes. */
const longestId = 500
/** Kinds and categories are names. */
const longestName = 200

export function faultOfAccount(account: unknown, scope: Connector['scope']): string | undefined {
  if (!isObject(account)) return 'it is no object'
  const { externalId, kind, name, owner, ownerCurrency } = account
  if (!isIdentity(externalId)) return 'it has no externalId'
  if (kind !== undefined && !isOneOf(accountKinds, kind)) return `${quote(kind)} is not a kind of account`
  if (!isTextOrNone(name)) return 'its name is no text'
  if (owner === undefined ? scope === 'platform' : !isIdentity(owner)) return 'it has no owner'
  if (ownerCurrency !== undefined) return faultOfAsset(ownerCurrency)
  return undefined
}

export function faultOfChange(change: Unchecked): string | undefined {
  if (!isNonEmpty(change.id)) return 'it has no id'
  if (!isIntegerOrNone(change.version)) return `its version ${quote(change.version)} is not an integer`
  if (change.type === 'delete') return undefined
  if (change.type !== 'upsert') return `${quote(change.type)} is not a change`
  return faultOfRow(change)
}

export function faultOfWindow({ from, to }: Unchecked): string | undefined {
  if (!isDayText(from)) return `${quote(from)} is not a day`
  return isDayText(to) ? undefined : `${quote(to)} is not a day`
}

export function faultOfBalance(balance: Unchecked): string | undefined {
  const { day, edge, amount, asset, sequence } = balance
  if (!isDayText(day)) return 'its day is none'
  if (!isOneOf(['open', 'close', 'set', 'now'], edge)) return `${quote(edge)} is not an edge of a day`
  if (!isIntegerOrNone(sequence)) return `its sequence ${quote(sequence)} is not an integer`
  return faultOfAmount(amount) ?? faultOfAsset(asset)
}

export function faultOfPrice(said: unknown): string | undefined {
  if (!isObject(said)) return 'it is no object'
  const { asset, currency, day, price } = said
  if (!isDayText(day)) return `${quote(day)} is not a day`
  const amount = faultOfAmount(price)
  if (amount !== undefined) return amount
  if (String(price).startsWith('-') || parseDecimal(String(price)) === '0') return 'it is not above zero'
  return faultOfAsset(asset) ?? faultOfAsset(currency)
}

function faultOfRow(row: Unchecked): string | undefined {
  const { bookedOn, occurredAt, status, kind, category, replaces } = row
  if (!isDayText(bookedOn)) return `${quote(bookedOn)} is not a day`
  if (occurredAt !== undefined && !isInstant(occurredAt)) return `${quote(occurredAt)} is not an instant`
  if (!isOneOf(transactionStatuses, status)) return `${quote(status)} is not a status`
  if (!isNonEmpty(kind)) return 'it has no kind'
  // Kinds go to the database as they are, and DEL separates them there.
  if (kind.length > longestName || hasControl(kind)) return `${quote(kind)} is not a kind`
  for (const name of ['description', 'counterparty', 'category', 'group'])
    if (!isTextOrNone(row[name])) return `its ${name} is no text`
  if (isNonEmpty(category) && category.length > longestName)
    return `its category ${quote(category)} is too long`
  if (replaces !== undefined && !(Array.isArray(replaces) && replaces.every(isNonEmpty)))
    return 'what it replaces is no list of ids'
  return faultOfAmount(row.amount) ?? faultOfAsset(row.asset)
}

function faultOfAmount(amount: unknown): string | undefined {
  if (typeof amount === 'string' && parseDecimal(amount) !== undefined) return undefined
  return `${quote(amount)} is not a decimal amount`
}

function faultOfAsset(asset: unknown): string | undefined {
  if (typeof asset === 'string' && /^[\x21-\x7e]{1,32}$/.test(asset)) return undefined
  return `${quote(asset)} is not the code of an asset`
}

/**
 * The whole of an ISO 8601 instant: Date.parse takes "2024" and 30 February, too, and the database does not. It takes
 * offsets of less than 16 hours; none in the world is over 14.
 */
function isInstant(value: unknown): boolean {
  if (typeof value !== 'string' || !isoInstant.test(value)) return false
  return isDay(value.slice(0, 10)) && !Number.isNaN(Date.parse(value))
}
const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$/

export function isDayText(value: unknown): value is string {
  return typeof value === 'string' && isDay(value)
}

export function isObject(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null
}

function isNonEmpty(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Two identities must not become one by what the database takes out of a text. */
function isIdentity(value: unknown): boolean {
  return isNonEmpty(value) && value.length <= longestId && !hasControl(value) && !/\p{Surrogate}/u.test(value)
}

function hasControl(text: string): boolean {
  return /[\x00-\x1f\x7f]/.test(text)
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isIntegerOrNone(value: unknown): boolean {
  return value === undefined || Number.isSafeInteger(value)
}

function isOneOf(values: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && values.includes(value)
}

/** What a provider said, short enough to be told. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return `"${text.length > 40 ? `${text.slice(0, 39)}…` : text}"`
}
