import type { Population } from './population.ts'
import { type AreaReport, count, type Figure } from './report.ts'
import type { Sizes } from './sizes.ts'

export function reportStorage({ sizes, rows, users, db }: Population): AreaReport {
  const { rows: asRows, columnstore } = sizes
  const perRow = (bytes: number, transactions: number) => (bytes / transactions).toFixed(1)
  const line = (name: string, size: Sizes) => {
    const ref = size.ref / size.refRows
    const own = size.total / size.transactions
    return [
      name,
      count(size.transactions),
      perRow(size.table, size.transactions),
      perRow(size.indexes, size.transactions),
      own.toFixed(1),
      (own + ref).toFixed(1),
      `${(own / (asRows.total / asRows.transactions)).toFixed(2)}x`,
    ]
  }
  return {
    title: `Storage, ${count(rows)} rows stored`,
    about: [
      `data      ${count(rows)} rows of ${count(users)} users over ten years, ${count(rows / users / 120)} a user and month;`,
      '          descriptions on all rows, counterparties, instants and group ids where providers give them',
      db.engine === 'timescale'
        ? 'measured  bytes a transaction in the chunks older than 90 days, before and after conversion'
        : 'measured  bytes a transaction in all partitions',
    ],
    head: [
      'bytes a transaction',
      'transactions',
      'table',
      'indexes',
      'together',
      'with transaction_ref',
      'against rows',
    ],
    rows: [line('rows', asRows), ...(columnstore ? [line('columnstore', columnstore)] : [])],
    figures: [
      figure('a transaction as a row', asRows.total / asRows.transactions),
      ...(columnstore
        ? [figure('a transaction in the columnstore', columnstore.total / columnstore.transactions)]
        : []),
      figure('a reference to a transaction', asRows.ref / asRows.refRows),
    ],
  }
}

function figure(name: string, value: number): Figure {
  return { name, value, unit: 'bytes' }
}
