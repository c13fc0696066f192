import { dayOf, daysBetween, isDay } from '../../calendar.ts'
import { negate } from '../../decimal.ts'
import { cleanText } from './clean-text.ts'
import { quote, RecordFault, requireAmount, requireDay } from './record.ts'

export interface StatementLine {
  bookedOn: string
  amount: string
  /** Four characters, e.g. `NTRF`; N, S or F and the code. */
  type: string
  reference?: string
  counterparty?: string
  supplement?: string
}

/**
 * Field 61: value date YYMMDD, entry date MMDD, mark, third letter of the currency, amount, type, references.
 * Banks leave out or widen single parts; the marks, the amount and the type are where all agree. Without the type, a
 * file that was cut inside of an amount would give another amount.
 */
const pattern = /^(\d{6})(\d{4})?\s?(RC|RD|C|D)([A-Z])?\s?(\d[\d,.]*)\s*([NSF][A-Z0-9 ]{3})(.*)$/

export function readStatementLine(lines: string[]): StatementLine {
  const first = lines[0]!
  const match = pattern.exec(first)
  if (!match) throw new RecordFault(`field 61 ${quote(first)} cannot be read`)
  const [, valueDate = '', entryDate, mark, , rawAmount = '', type = '', references = ''] = match
  const valueDay = mt940Day(valueDate)
  const unsigned = mt940Amount(rawAmount)
  // RC takes a credit back and is a debit, RD takes a debit back and is a credit.
  const amount = mark === 'C' || mark === 'RD' ? unsigned : negate(unsigned)
  const { reference, counterparty } = splitReferences(references)
  // Words of the account owner's bank; codes such as /OCMT/ and numbers say nothing to a reader.
  const supplement = cleanText(lines.slice(1).join(' '))
  return {
    bookedOn: entryDate === undefined ? valueDay : entryDay(entryDate, valueDay),
    amount,
    type,
    ...(reference !== undefined && { reference }),
    ...(counterparty !== undefined && { counterparty }),
    ...(supplement !== undefined && /^[^/].*[a-z]{3}/i.test(supplement) && { supplement }),
  }
}

/** The day MMDD in the year that puts it nearest to the value date: the two may lie on either side of New Year. */
function entryDay(text: string, valueDay: string): string {
  const year = Number(valueDay.slice(0, 4))
  const days = [year, year - 1, year + 1]
    .map((candidate) => dayOf(candidate, Number(text.slice(0, 2)), Number(text.slice(2))))
    .filter(isDay)
    .sort((a, b) => Math.abs(daysBetween(a, valueDay)) - Math.abs(daysBetween(b, valueDay)))
  if (days.length === 0) throw new RecordFault(`entry date ${quote(text)} is not a day of the calendar`)
  return days[0]!
}

/** `customer reference//bank reference`; Rabobank puts the counterparty behind the 16 places of the former. */
function splitReferences(text: string): { reference?: string; counterparty?: string } {
  const separator = text.indexOf('//')
  const customer = separator === -1 ? text.slice(0, 16) : text.slice(0, separator)
  const bank = separator === -1 ? '' : text.slice(separator + 2)
  const reference = [customer, bank]
    .map((part) => cleanText(part))
    .filter((part) => part !== undefined && !/^(?:NONREF|NOTPROVIDED|[EKM]REF\+?)$/i.test(part))
    .join('//')
  const counterparty = separator === -1 ? cleanText(text.slice(16)) : undefined
  return { ...(reference !== '' && { reference }), ...(counterparty !== undefined && { counterparty }) }
}

export function mt940Day(text: string): string {
  // Two digits of the year: 1970 to 2069.
  const year = Number(text.slice(0, 2))
  const day = dayOf(year < 70 ? 2000 + year : 1900 + year, Number(text.slice(2, 4)), Number(text.slice(4, 6)))
  return requireDay(day, text)
}

/** An amount with a decimal comma and no sign. */
export function mt940Amount(text: string, what = 'amount'): string {
  const compact = text.trim()
  return requireAmount(/^\d+[,.]?\d*$/.test(compact) ? compact.replace(',', '.') : '?', what, text)
}
