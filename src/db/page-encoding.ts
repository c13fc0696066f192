import { hash } from 'node:crypto'
import { addDays } from '../calendar.ts'
import { parseDecimal } from '../decimal.ts'
import type { Page, Upsert } from '../page.ts'
import { jsonbText } from './jsonb-text.ts'

/** Separates the values of a column; a control character, which texts are cleaned of. */
const separator = '\x7f'

const columnNames = [
  'id',
  'digest',
  'op',
  'version',
  'account',
  'bookedOn',
  'occurredAt',
  'amount',
  'asset',
  'kind',
  'status',
  'description',
  'counterparty',
  'category',
  'groupId',
] as const
type ColumnName = (typeof columnNames)[number]

export interface EncodablePage extends Page {
  /** All ids of the account between both days: other rows that are stored there go. */
  completed?: { account: string; from: string; to: string; ids: string[] }[]
}

/**
 * The text that `ingest_page` (sql/functions) takes. Ids are made here: deterministic from the source, the account
 * and the provider's id, so that the same transaction has the same id on every import. Of several changes to one id
 * the page keeps the one that counts.
 */
export function encodePage(sourceId: string, page: EncodablePage): string {
  const columns = createColumns()
  const accountIndex = new Map(page.accounts.map((account, index) => [account.externalId, String(index)]))
  const indexOf = (externalId: string) => {
    const index = accountIndex.get(externalId)
    if (index === undefined) throw new TypeError(`the page names no account "${externalId}"`)
    return index
  }
  // An opening may be dated the day before an entry, or the day of a balance.
  const months = new Map<string, string>()
  const touch = (day: string) => {
    const month = day.slice(0, 7)
    if (!months.has(month)) months.set(month, day)
  }
  for (const { edge, day } of page.balances) touch(edge === 'now' ? addDays(day, -1) : day)
  for (const change of page.changes) {
    const account = indexOf(change.account)
    const idOf = (providerId: string) => transactionId(sourceId, change.account, providerId)
    const version = change.version === undefined ? '' : String(change.version)
    if (change.type === 'delete') {
      const at = columns.place(idOf(change.id), 'delete', version)
      if (at !== undefined) columns.account[at] = account
      continue
    }
    for (const replaced of change.replaces ?? []) {
      if (replaced === change.id) continue
      const at = columns.place(idOf(replaced), 'replace', version)
      if (at === undefined) continue
      columns.account[at] = account
      // A row that is gone for good says nothing: what took its place stands there, and annotations follow to it.
      columns.digest[at] = idOf(change.id)
    }
    const at = columns.place(idOf(change.id), 'upsert', version)
    if (at !== undefined) setContent(columns, at, account, sourceId, change)
    touch(change.bookedOn)
    if (change.bookedOn.endsWith('-01')) touch(addDays(change.bookedOn, -1))
  }
  return jsonbText({
    accounts: page.accounts,
    days: [...months.values()],
    ...columns.join(),
    balances: page.balances.map((balance) => ({ ...balance, account: Number(indexOf(balance.account)) })),
    completed: (page.completed ?? []).map(({ account, from, to, ids }) => ({
      account: Number(indexOf(account)),
      from,
      to,
      ids: ids.map((id) => transactionId(sourceId, account, id)),
    })),
  })
}

/** The id of a provider's transaction, a UUID without dashes. */
export function transactionId(sourceId: string, account: string, providerId: string): string {
  return hash('md5', `${sourceId}\x1f${account}\x1f${providerId}`)
}

/** The changes of a page by column, one place an id. An empty text stands for null. */
type Columns = Record<ColumnName, string[]> & {
  /** Where the change goes, emptied; undefined where an earlier one of the page counts and this one does not. */
  place(id: string, op: string, version: string): number | undefined
  /** Columns of which all values are equal stand in `constants`, as one value or, if empty, not at all. */
  join(): { columns: Partial<Record<ColumnName, string>>; constants: Partial<Record<ColumnName, string>> }
}

function createColumns(): Columns {
  const columns = Object.fromEntries(columnNames.map((name) => [name, []])) as unknown as Record<
    ColumnName,
    string[]
  >
  const places = new Map<string, number>()

  /** Replaced is for good; then the higher version counts, and of equal ones the later. */
  const outranks = (at: number, op: string, version: string) =>
    columns.op[at] === 'replace'
      ? op !== 'replace'
      : op !== 'replace' && Number(columns.version[at]) > Number(version)

  return {
    ...columns,
    place(id, op, version) {
      const earlier = places.get(id)
      if (earlier !== undefined && outranks(earlier, op, version)) return undefined
      const at = earlier ?? places.size
      if (earlier === undefined) places.set(id, at)
      for (const name of columnNames) columns[name][at] = ''
      columns.id[at] = id
      columns.op[at] = op
      columns.version[at] = version
      return at
    },
    join() {
      const joined: Partial<Record<ColumnName, string>> = {}
      const constants: Partial<Record<ColumnName, string>> = {}
      for (const name of columnNames) {
        const values = columns[name]
        const first = values[0]
        if (first === undefined) break
        if (name === 'id' || values.some((value) => value !== first)) joined[name] = values.join(separator)
        else if (first !== '') constants[name] = first
      }
      return { columns: joined, constants }
    },
  }
}

function setContent(columns: Columns, at: number, account: string, sourceId: string, change: Upsert): void {
  // However it is written: 10.50 says what 10.5 does.
  const amount = parseDecimal(change.amount) ?? change.amount
  const description = clean(change.description)
  const counterparty = clean(change.counterparty)
  const category = clean(change.category)
  const occurredAt = change.occurredAt ?? ''
  const groupId = change.group === undefined ? '' : hash('md5', `${sourceId}\x1f${change.group}`)
  columns.account[at] = account
  columns.bookedOn[at] = change.bookedOn
  columns.occurredAt[at] = occurredAt
  columns.amount[at] = amount
  columns.asset[at] = change.asset
  columns.kind[at] = change.kind
  columns.status[at] = change.status
  columns.description[at] = description
  columns.counterparty[at] = counterparty
  columns.category[at] = category
  columns.groupId[at] = groupId
  // What the row says: by it one that is stored already is told without reading it. The instant is the same however
  // its offset is written.
  const instant = occurredAt === '' ? '' : Date.parse(occurredAt)
  columns.digest[at] = hash(
    'md5',
    `${change.bookedOn}\x1f${instant}\x1f${amount}\x1f${change.asset}\x1f${change.kind}\x1f${change.status}\x1f${description}\x1f${counterparty}\x1f${category}\x1f${groupId}`,
  )
}

/** Readers clean their texts; what comes from elsewhere may not break the columns either. */
function clean(text: string | undefined): string {
  if (text === undefined) return ''
  return controlCharacter.test(text) ? text.replace(controlCharacters, ' ') : text
}
const controlCharacter = /[\x00-\x1f\x7f]/
const controlCharacters = /[\x00-\x1f\x7f]+/g
