import { dayInZone, dayOf } from '../../calendar.ts'
import { negate } from '../../decimal.ts'
import { StatementError } from '../../errors.ts'
import { transactionStatuses } from '../../page.ts'
import type { StatementEntry } from '../../statement.ts'
import { cleanText } from './clean-text.ts'
import { type CsvMapping, dateFormatPattern } from './csv-mapping.ts'
import { createNumberReader } from './csv-number.ts'
import { createCsvRows } from './csv-rows.ts'
import { createRunningBalance } from './csv-running-balance.ts'
import type { Emit, ReadOptions, StatementParser } from './format.ts'
import { parseInstant } from './instant.ts'
import { kindBySign, quote, RecordFault, readRecord, requireAsset, requireDay } from './record.ts'

type ColumnName = Exclude<keyof CsvMapping['columns'], 'description'>

/** Any CSV, read as its mapping says. Balances from a running balance column follow the entries. */
export function createMappedCsvParser(
  mapping: CsvMapping,
  { timeZone, defaultAsset }: Pick<ReadOptions, 'timeZone' | 'defaultAsset'>,
  emit: Emit,
): StatementParser {
  const number = createNumberReader(mapping.decimal, mapping.thousands)
  const datePattern = dateFormatPattern(mapping.dateFormat)!
  const runningBalance = createRunningBalance()
  let columns: ColumnFinder | undefined = mapping.header ? undefined : findColumns(mapping)
  let width = 0
  let account: { id: string | undefined } | undefined
  let rowCount = 0
  const fault = (line: number) => (reason: string) => emit({ type: 'fault', line, reason })

  const row = (cells: string[], line: number) => {
    rowCount++
    if (!columns) {
      columns = findColumns(mapping, cells, line)
      width = cells.length
    } else readRecord(() => readRow(cells, line, columns!), fault(line))
  }

  const readRow = (cells: string[], line: number, { at, description }: ColumnFinder) => {
    // Some banks close each row with a delimiter and the header without one, or the reverse.
    if (width > 0 && Math.abs(cells.length - width) > 1) {
      throw new RecordFault(`${cells.length} columns where the header has ${width}`)
    }
    const cell = (name: ColumnName): string => {
      const index = at[name]
      return index === undefined ? '' : (cells[index] ?? '').trim()
    }
    const amount = readAmount(cell)
    const { bookedOn, occurredAt } = readDay(cell)
    const asset = requireAsset(cell('asset') || mapping.asset || defaultAsset)
    const status = cell('status').toLowerCase() || 'posted'
    const known = transactionStatuses.find((each) => each === status)
    if (!known) throw new RecordFault(`status ${quote(status)} is none of ${transactionStatuses.join(', ')}`)
    const externalId = at.account === undefined ? mapping.account : cleanText(cell('account'))
    if (at.account !== undefined && externalId === undefined) throw new RecordFault('account is empty')

    const entry: StatementEntry = {
      type: 'entry',
      line,
      bookedOn,
      amount,
      asset,
      kind: cleanText(cell('kind')) ?? kindBySign(amount),
      status: known,
    }
    if (occurredAt !== undefined) entry.occurredAt = occurredAt
    for (const name of ['id', 'counterparty', 'category'] as const) {
      const text = cleanText(cell(name))
      if (text !== undefined) entry[name] = text
    }
    const text = cleanText(description.map((index) => cells[index] ?? '').join(' '))
    if (text !== undefined) entry.description = text

    const balance = cell('balance')
    if (balance !== '' && known === 'posted') {
      const after = { line, day: bookedOn, amount, balance: number(balance, 'balance') }
      runningBalance.add(externalId, asset, after)
    }
    openAccount(externalId, line)
    emit(entry)
  }

  const openAccount = (id: string | undefined, line: number) => {
    if (account && account.id === id) return
    account = { id }
    emit({ type: 'statement', line, account: id === undefined ? {} : { externalId: id, name: id } })
  }

  const readAmount = (cell: (name: ColumnName) => string): string => {
    let amount: string
    if (mapping.columns.amount !== undefined) amount = number(cell('amount'))
    else {
      const [debit, credit] = [unsigned(cell('debit'), 'debit'), unsigned(cell('credit'), 'credit')]
      if (debit === undefined && credit === undefined) throw new RecordFault('debit and credit are empty')
      if (debit && credit && debit !== '0' && credit !== '0')
        throw new RecordFault('debit and credit are both filled')
      amount = debit && debit !== '0' ? negate(debit) : (credit ?? '0')
    }
    return mapping.flipSign ? negate(amount) : amount
  }

  const unsigned = (text: string, what: 'debit' | 'credit'): string | undefined => {
    if (text === '') return undefined
    const amount = number(text, what)
    const value = what === 'debit' && mapping.debitIsNegative ? negate(amount) : amount
    if (value.startsWith('-'))
      throw new RecordFault(`${what} ${quote(text)} has a sign that the mapping does not expect`)
    return value
  }

  const readDay = (cell: (name: ColumnName) => string): { bookedOn: string; occurredAt?: string } => {
    const time = cell('time')
    const instant = time === '' ? undefined : parseInstant(time)
    if (time !== '' && !instant) {
      throw new RecordFault(`time ${quote(time)} is not an ISO 8601 instant with an offset or Z`)
    }
    const date = cell('date')
    if (date === '' && instant) {
      return { bookedOn: requireDay(dayInZone(instant.instant, timeZone), time), occurredAt: instant.iso }
    }
    const parts = datePattern.exec(date)?.groups
    if (date !== '' && !parts)
      throw new RecordFault(`date ${quote(date)} is not of the form ${mapping.dateFormat}`)
    const year = Number(parts?.year)
    const full = parts?.year?.length === 2 ? (year < 70 ? 2000 + year : 1900 + year) : year
    const bookedOn = requireDay(parts ? dayOf(full, Number(parts.month), Number(parts.day)) : '', date)
    return { bookedOn, ...(instant && { occurredAt: instant.iso }) }
  }

  const rows = createCsvRows(
    { row, fault: (reason, line) => fault(line)(reason) },
    { delimiter: mapping.delimiter, skipLines: mapping.skipLines },
  )
  return {
    write: rows.write,
    end() {
      rows.end()
      if (rowCount === 0)
        throw new StatementError(mapping.header ? 'the file has no header' : 'the file has no rows')
      for (const { account: id, balances } of runningBalance.balances()) {
        openAccount(id, balances[0]!.line)
        for (const balance of balances) emit(balance)
      }
    },
  }
}

interface ColumnFinder {
  at: Partial<Record<ColumnName, number>>
  description: number[]
}

/** Where the mapping's columns stand; a StatementError names every one that the header lacks. */
function findColumns({ columns }: CsvMapping, header?: string[], line = 0): ColumnFinder {
  const names = header?.map((name) => cleanText(name) ?? '') ?? []
  const missing: string[] = []
  const place = (column: string | number): number => {
    if (typeof column === 'number') {
      if (header && column > header.length) missing.push(`number ${column}`)
      return column - 1
    }
    const index = names.indexOf(column)
    if (index === -1) missing.push(quote(column))
    if (index !== -1 && names.includes(column, index + 1)) {
      throw new StatementError(
        `the header names the column ${quote(column)} twice; give its place, counted from 1`,
        line,
      )
    }
    return index
  }
  const { description = [], ...others } = columns
  const at: ColumnFinder['at'] = {}
  for (const [name, column] of Object.entries(others)) {
    if (column !== undefined) at[name as ColumnName] = place(column)
  }
  const found = { at, description: [description].flat().map(place) }
  if (missing.length > 0)
    throw new StatementError(`the header has no column ${missing.join(' and no ')}`, line)
  return found
}
