import type { CsvShape } from './csv-shape.ts'

/** Which column is what; places are counted from 1, as text. Empty: there is none. */
export interface CsvColumns {
  date: string
  dateFormat: string
  /** Empty where money out and money in stand in columns of their own. */
  amount: string
  debit: string
  credit: string
  decimal: '.' | ','
  description: string
  counterparty: string
  balance: string
}

export const dateFormats = [
  'YYYY-MM-DD',
  'DD.MM.YYYY',
  'DD.MM.YY',
  'DD/MM/YYYY',
  'MM/DD/YYYY',
  'DD-MM-YYYY',
  'YYYY/MM/DD',
  'YYYYMMDD',
]

/** A first guess, from the names of the columns and the first row. */
export function guessColumns({ columns }: CsvShape): CsvColumns {
  const named = (pattern: RegExp) => placeOf(columns.findIndex(({ name }) => pattern.test(name)))
  const moneyNamed = (pattern: RegExp) =>
    placeOf(columns.findIndex(({ name, sample }) => pattern.test(name) && /^[+-]?[\d.,]*-?$/.test(sample)))
  const date = columns.findIndex(({ sample }) => dateFormats.some((format) => fits(format, sample)))
  const sample = columns[date]?.sample ?? ''
  const amount = moneyNamed(/amount|betrag|montant|umsatz|importe|importo|bedrag/i)
  const money = columns[Number(amount) - 1]?.sample ?? ''
  return {
    date: placeOf(date),
    dateFormat: dateFormats.find((format) => fits(format, sample)) ?? dateFormats[0]!,
    amount,
    debit: moneyNamed(/debit|soll|ausgang|paid out|withdraw/i),
    credit: moneyNamed(/credit|haben|eingang|paid in|deposit/i),
    decimal: /,\d{1,2}\D*$/.test(money) ? ',' : '.',
    description: named(/zweck|description|buchungstext|memo|details|libell|omschrijving|reference/i),
    counterparty: named(/payee|empf|auftraggeber|beg[uü]nstigt|counterparty|beneficiary|^name/i),
    balance: moneyNamed(/saldo|balance|solde/i),
  }
}

/** As the API takes it. */
export function mappingOf(shape: CsvShape, chosen: CsvColumns): string {
  const { date, dateFormat, amount, debit, credit, decimal, description, counterparty, balance } = chosen
  const places = { date, ...(amount ? { amount } : { debit, credit }), description, counterparty, balance }
  return JSON.stringify({
    encoding: shape.encoding,
    delimiter: shape.delimiter,
    skipLines: shape.skipLines,
    dateFormat,
    decimal,
    thousands: decimal === ',' ? '.' : ',',
    columns: Object.fromEntries(
      Object.entries(places)
        .filter(([, place]) => place !== '')
        .map(([name, place]) => [name, Number(place)]),
    ),
  })
}

function placeOf(index: number): string {
  return index < 0 ? '' : String(index + 1)
}

function fits(format: string, text: string): boolean {
  const pattern = format.replace(/[.]/g, '\\.').replace(/[YMD]/g, '\\d')
  const month = Number(text.slice(format.indexOf('MM'), format.indexOf('MM') + 2))
  return new RegExp(`^${pattern}$`).test(text) && month >= 1 && month <= 12
}
