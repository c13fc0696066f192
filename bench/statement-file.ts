import { cities, merchants } from './merchants.ts'

/** A row of a statement, as a tidemark-csv has it. */
export interface StatementRow {
  account: string
  id: string
  date: string
  amount: string
  asset: string
  kind: string
  description: string
  counterparty: string
}

const accounts = 12
const firstDay = Date.UTC(2016, 0, 1)
const days = 3650

/** Rows of twelve accounts over ten years, account by account in the order of their days. The same on every run. */
export function* statementRows(total: number): Iterable<StatementRow> {
  const random = seeded(20251217)
  let made = 0
  for (let account = 1; account <= accounts; account++) {
    const end = Math.round((total * account) / accounts)
    const inAccount = end - made
    for (let n = 0; made < end; n++, made++) {
      const merchant = merchants[Math.floor(random() * merchants.length)]!
      const city = cities[Math.floor(random() * cities.length)]!
      const cents = Math.floor(random() ** 3 * 200_000) + 99
      const incoming = random() < 0.1
      const transfer = random() < 0.4
      yield {
        account: `DE${String(21_700_500_000 + account * 7919)}${account}`,
        id: `${account}-${String(n).padStart(7, '0')}-${Math.floor(random() * 0xffffff).toString(16)}`,
        date: new Date(firstDay + Math.floor((n * days) / inAccount) * 86_400_000).toISOString().slice(0, 10),
        amount: `${incoming ? '' : '-'}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
        asset: account % 6 === 0 ? 'USD' : 'EUR',
        kind: incoming ? 'deposit' : transfer ? 'transfer' : 'card',
        description: transfer
          ? `SEPA ${merchant} Rechnung ${Math.floor(random() * 1_000_000)} Kd-Nr ${Math.floor(random() * 1000)}`
          : `${merchant.toUpperCase()} ${Math.floor(random() * 128)} ${city}`,
        counterparty: merchant,
      }
    }
  }
}

const columns = ['account', 'id', 'date', 'amount', 'asset', 'kind', 'description', 'counterparty'] as const

/** The file's text, in pieces of some thousand rows. `ids: false` leaves the provider's ids out. */
export function* statementCsv(total: number, { ids }: { ids: boolean }): Iterable<string> {
  const named = columns.filter((name) => ids || name !== 'id')
  let piece = `${named.join(',')}\n`
  for (const row of statementRows(total)) {
    piece += `${named.map((name) => quoted(row[name])).join(',')}\n`
    if (piece.length > 1 << 18) {
      yield piece
      piece = ''
    }
  }
  yield piece
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
