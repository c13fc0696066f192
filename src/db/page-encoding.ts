import { createHash } from 'node:crypto'
import type { Delete, Page, Upsert } from '../page.ts'

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
type EncodedChange = Record<ColumnName, string>

/**
 * The text that `ingest_page` (sql/functions) takes. Ids are made here: deterministic from the source, the account
 * and the provider's id, so that the same transaction has the same id on every import. Of several changes to one id
 * the page keeps the one that counts.
 */
export function encodePage(sourceId: string, page: Page): string {
  const accountIndex = new Map(page.accounts.map((account, index) => [account.externalId, index]))
  const indexOf = (externalId: string) => {
    const index = accountIndex.get(externalId)
    if (index === undefined) throw new TypeError(`the page names no account "${externalId}"`)
    return index
  }
  const changes = new Map<string, EncodedChange>()
  let firstDay: string | undefined
  let lastDay: string | undefined
  const keep = (change: EncodedChange) => {
    const earlier = changes.get(change.id)
    if (earlier && outranks(earlier, change)) return
    changes.set(change.id, change)
  }
  for (const change of page.changes) {
    const account = indexOf(change.account)
    const scope = `${sourceId}\x1f${change.account}\x1f`
    if (change.type === 'delete') {
      keep(disappearance('delete', transactionId(scope, change.id), account, change.version))
      continue
    }
    for (const replaced of change.replaces ?? []) {
      keep(disappearance('replace', transactionId(scope, replaced), account, change.version))
    }
    keep(encodeUpsert(scope, account, sourceId, change))
    if (firstDay === undefined || change.bookedOn < firstDay) firstDay = change.bookedOn
    if (lastDay === undefined || change.bookedOn > lastDay) lastDay = change.bookedOn
  }
  return JSON.stringify({
    accounts: page.accounts,
    firstDay,
    lastDay,
    ...byColumn([...changes.values()]),
    balances: page.balances.map((balance) => ({ ...balance, account: indexOf(balance.account) })),
  })
}

/** True where the earlier of two changes to one id in a page counts: replaced is for good, then the higher version. */
function outranks(earlier: EncodedChange, later: EncodedChange): boolean {
  if (earlier.op === 'replace' || later.op === 'replace') return later.op !== 'replace'
  return Number(earlier.version) > Number(later.version)
}

function transactionId(scope: string, providerId: string): string {
  return createHash('md5').update(scope).update(providerId).digest('hex')
}

function encodeUpsert(scope: string, account: number, sourceId: string, change: Upsert): EncodedChange {
  const content = {
    account: String(account),
    bookedOn: change.bookedOn,
    occurredAt: change.occurredAt ?? '',
    amount: change.amount,
    asset: change.asset,
    kind: change.kind,
    status: change.status,
    description: clean(change.description),
    counterparty: clean(change.counterparty),
    category: clean(change.category),
    groupId:
      change.group === undefined
        ? ''
        : createHash('md5').update(`${sourceId}\x1f${change.group}`).digest('hex'),
  }
  return {
    ...content,
    id: transactionId(scope, change.id),
    digest: digest(content),
    op: 'upsert',
    version: change.version === undefined ? '' : String(change.version),
  }
}

/** 64 bits of what a row says: by it a row that is stored already is told without reading it. */
function digest(content: Omit<EncodedChange, 'id' | 'digest' | 'op' | 'version'>): string {
  const instant = content.occurredAt === '' ? '' : Date.parse(content.occurredAt)
  const said = `${content.bookedOn}\x1f${instant}\x1f${content.amount}\x1f${content.asset}\x1f${content.kind}\x1f${content.status}\x1f${content.description}\x1f${content.counterparty}\x1f${content.category}\x1f${content.groupId}`
  return createHash('md5').update(said).digest().readBigInt64LE(0).toString()
}

function disappearance(
  op: Delete['type'] | 'replace',
  id: string,
  account: number,
  version: number | undefined,
): EncodedChange {
  const nothing = Object.fromEntries(columnNames.map((name) => [name, ''])) as EncodedChange
  return {
    ...nothing,
    id,
    op,
    account: String(account),
    version: version === undefined ? '' : String(version),
  }
}

/** Readers clean their texts; what comes from elsewhere may not break the columns either. */
function clean(text: string | undefined): string {
  if (text === undefined) return ''
  return controlCharacter.test(text) ? text.replace(controlCharacters, ' ') : text
}
const controlCharacter = /[\x00-\x1f\x7f]/
const controlCharacters = /[\x00-\x1f\x7f]+/g

function byColumn(changes: EncodedChange[]) {
  const columns: Partial<Record<ColumnName, string>> = {}
  const constants: Partial<Record<ColumnName, string>> = {}
  for (const name of columnNames) {
    const first = changes[0]?.[name]
    if (first === undefined) break
    if (name === 'id' || changes.some((change) => change[name] !== first)) {
      columns[name] = changes.map((change) => change[name]).join(separator)
    } else if (first !== '') {
      constants[name] = first
    }
  }
  return { columns, constants }
}
