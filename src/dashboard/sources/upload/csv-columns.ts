import { fittingFormats, holdsDays } from './csv-dates.ts'
import { type Decimal, decimalOf } from './csv-decimals.ts'
import type { CsvShape } from './csv-shape.ts'

/** Which column is what; places are counted from 1, as text. Empty: there is none. */
export interface CsvColumns {
  date: string
  /** Empty while it is not known. */
  dateFormat: string
  /** Empty where money out and money in stand in columns of their own. */
  amount: string
  debit: string
  credit: string
  /** Empty while it is not known. */
  decimal: Decimal | ''
  description: string
  counterparty: string
  balance: string
}

/** A first guess, from the names of the columns and what stands in them. */
export function guessColumns(shape: CsvShape): CsvColumns {
  const { columns } = shape
  const named = (pattern: RegExp) => placeOf(columns.findIndex(({ name }) => pattern.test(name)))
  const moneyNamed = (pattern: RegExp) =>
    placeOf(
      columns.findIndex(
        ({ name, cells: [first = ''] }) => pattern.test(name) && /^[+-]?[\d.,]*-?$/.test(first),
      ),
    )
  return withNotations(shape, {
    date: placeOf(columns.findIndex(({ cells }) => holdsDays(cells))),
    dateFormat: '',
    amount: moneyNamed(/amount|betrag|montant|umsatz|importe|importo|bedrag/i),
    debit: moneyNamed(/debit|soll|ausgang|paid out|withdraw/i),
    credit: moneyNamed(/credit|haben|eingang|paid in|deposit/i),
    decimal: '',
    description: named(/zweck|description|buchungstext|memo|details|libell|omschrijving|reference/i),
    counterparty: named(/payee|empf|auftraggeber|beg[uü]nstigt|counterparty|beneficiary|^name/i),
    balance: moneyNamed(/saldo|balance|solde/i),
  })
}

/** After another column was chosen: its days and amounts may be written otherwise. */
export function chooseColumn(
  shape: CsvShape,
  chosen: CsvColumns,
  name: keyof CsvColumns,
  place: string,
): CsvColumns {
  const changed = { ...chosen, [name]: place }
  if (name === 'date') return withNotations(shape, { ...changed, dateFormat: '' })
  return ['amount', 'debit', 'credit'].includes(name)
    ? withNotations(shape, { ...changed, decimal: '' })
    : changed
}

/** What stands in a column that was chosen by its place. */
export function cellsAt({ columns }: CsvShape, place: string): string[] {
  return columns[Number(place) - 1]?.cells ?? []
}

/** How days and amounts are written, where the columns leave no doubt of it. */
function withNotations(shape: CsvShape, chosen: CsvColumns): CsvColumns {
  const [format = '', ...others] = fittingFormats(cellsAt(shape, chosen.date))
  const money = chosen.amount ? [chosen.amount] : [chosen.debit, chosen.credit]
  return {
    ...chosen,
    dateFormat: chosen.dateFormat || (others.length === 0 ? format : ''),
    decimal: chosen.decimal || decimalOf(money.flatMap((place) => cellsAt(shape, place))),
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
