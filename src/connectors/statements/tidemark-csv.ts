import { dayInZone, isDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import { StatementError } from '../../errors.ts'
import { type TransactionStatus, transactionStatuses } from '../../page.ts'
import type { StatementEntry } from '../../statement.ts'
import { isAsset } from './asset.ts'
import { cleanText } from './clean-text.ts'
import { createCsvRows } from './csv-rows.ts'
import type { Emit, ReadOptions, StatementParser } from './format.ts'
import { parseInstant } from './instant.ts'
import { amountReason, assetReason, dayReason, quote } from './record.ts'

export const tidemarkColumns = [
  'account',
  'id',
  'date',
  'time',
  'amount',
  'asset',
  'kind',
  'status',
  'description',
  'counterparty',
  'category',
  'group',
] as const
type Column = (typeof tidemarkColumns)[number]

/** The needed columns that a header lacks, each quoted. */
export function missingColumns(names: readonly string[]): string[] {
  const missing = ['account', 'amount'].filter((name) => !names.includes(name)).map((name) => `"${name}"`)
  if (!names.includes('date') && !names.includes('time')) missing.push('"date" or "time"')
  return missing
}

/**
 * Tidemark's own CSV: UTF-8, comma, the columns above in any order; account, amount and one of date or time are
 * needed. A statement event is emitted wherever the account differs from that of the row before.
 */
export function createTidemarkCsvParser(
  { timeZone, defaultAsset }: Pick<ReadOptions, 'timeZone' | 'defaultAsset'>,
  emit: Emit,
): StatementParser {
  let at: Record<Column, number> | undefined
  let width = 0
  let account: string | undefined
  // Neighbouring rows mostly share their day and asset.
  let goodDay = ''
  let goodAsset = ''

  const row = (cells: string[], line: number) => {
    if (!at) {
      at = readHeader(cells, line)
      width = cells.length
      return
    }
    if (cells.length !== width) return fault(line, `${cells.length} columns where the header has ${width}`)

    const externalId = cleanText(cells[at.account]!)
    if (externalId === undefined) return fault(line, 'account is empty')
    if (externalId.length > maxAccountLength)
      return fault(line, `account is longer than ${maxAccountLength} characters`)

    const rawAmount = cells[at.amount]!
    const amount = parseDecimal(rawAmount) ?? parseDecimal(rawAmount.trim())
    if (amount === undefined) return fault(line, amountReason(rawAmount))

    const asset = cell(cells, at.asset) || defaultAsset
    if (!asset) return fault(line, 'asset is empty')
    if (asset !== goodAsset) {
      if (!isAsset(asset)) return fault(line, assetReason(asset))
      goodAsset = asset
    }

    let bookedOn = cell(cells, at.date)
    const time = cell(cells, at.time)
    let occurredAt: string | undefined
    if (time !== '') {
      const parsed = parseInstant(time)
      if (!parsed) return fault(line, `time ${quote(time)} is not an ISO 8601 instant with an offset or Z`)
      occurredAt = parsed.iso
      if (bookedOn === '') bookedOn = dayInZone(parsed.instant, timeZone)
    }
    if (bookedOn === '') return fault(line, at.time < 0 ? 'date is empty' : 'date and time are empty')
    if (bookedOn !== goodDay) {
      if (!isDay(bookedOn)) return fault(line, dayReason(bookedOn))
      goodDay = bookedOn
    }

    const status = cell(cells, at.status) || 'posted'
    if (!isStatus(status)) {
      return fault(line, `status ${quote(status)} is none of ${transactionStatuses.join(', ')}`)
    }
    const entry: StatementEntry = {
      type: 'entry',
      line,
      bookedOn,
      amount,
      asset,
      kind: text(cells, at.kind) ?? (amount !== '0' && !amount.startsWith('-') ? 'deposit' : 'withdrawal'),
      status,
    }
    if (occurredAt !== undefined) entry.occurredAt = occurredAt
    // As it stands: two ids that differ are two transactions, however little they differ.
    const id = cell(cells, at.id)
    if (id !== '') entry.id = id
    const description = text(cells, at.description)
    if (description !== undefined) entry.description = description
    const counterparty = text(cells, at.counterparty)
    if (counterparty !== undefined) entry.counterparty = counterparty
    const category = text(cells, at.category)
    if (category !== undefined) entry.category = category
    const group = text(cells, at.group)
    if (group !== undefined) entry.group = group

    if (externalId !== account) {
      account = externalId
      emit({ type: 'statement', line, account: { externalId, name: externalId } })
    }
    emit(entry)
  }

  const fault = (line: number, reason: string) => emit({ type: 'fault', line, reason })
  const rows = createCsvRows({ row, fault: (reason, line) => fault(line, reason) })

  return {
    write: rows.write,
    end() {
      rows.end()
      if (!at) throw new StatementError('the file has no header')
    },
  }
}

function readHeader(cells: string[], line: number): Record<Column, number> {
  const names = cells.map((name) => name.trim())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new StatementError(`the header names the column ${quote(twice)} twice`, line)
  const unknown = names.find((name) => !(tidemarkColumns as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw new StatementError(
      `the header names an unknown column ${quote(unknown)}; the columns are ${tidemarkColumns.join(', ')}`,
      line,
    )
  }
  const missing = missingColumns(names)
  if (missing.length > 0)
    throw new StatementError(`the header has no column ${missing.join(' and no ')}`, line)
  return Object.fromEntries(tidemarkColumns.map((name) => [name, names.indexOf(name)])) as Record<
    Column,
    number
  >
}

/** Longer names would be told apart by what nobody sees. */
const maxAccountLength = 200

function cell(cells: string[], index: number): string {
  return index < 0 ? '' : cells[index]!.trim()
}

function text(cells: string[], index: number): string | undefined {
  return index < 0 ? undefined : cleanText(cells[index]!)
}

function isStatus(text: string): text is TransactionStatus {
  return (transactionStatuses as readonly string[]).includes(text)
}
