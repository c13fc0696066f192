import { expect } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import type { Client } from '../../src/client/client.ts'
import type { Ledger } from './ledger.ts'
import type { Patience } from './patience.ts'

/** Nothing but old rows is written that is older: what is archived. */
export const oldDays = 430

export interface ReadParts {
  client: Client
  ledger: Ledger
  patience: Patience
  /** The account of the entries. */
  cash: string
  sources: readonly string[]
  today: string
}

/** Each kind of read, compared with what the ledger says was acknowledged before it and begun by its end. */
export function readsOf(parts: ReadParts): Record<string, () => Promise<void>> {
  const { client, ledger, cash, sources, today } = parts
  const { untilAnswered } = parts.patience
  const lastOldDay = addDays(today, -oldDays)
  return {
    'read a balance': async () => {
      const first = ledger.acknowledged()
      const { balances } = await untilAnswered('read a balance', () =>
        client.getBalance({ query: { accountId: cash, at: today } }),
      )
      const held = balances.find(({ asset }) => asset === 'EUR')?.quantity ?? '0'
      expect(ledger.cashBetween(first, ledger.begun())).toContain(held)
    },
    'read the worth': async () => {
      const first = ledger.acknowledged()
      const { points, groups } = await untilAnswered('read the worth', () =>
        client.getNetWorth({
          query: { from: addDays(today, -60), to: today, interval: 'day', by: 'account' },
        }),
      )
      expect(points).toHaveLength(61)
      const worth = groups?.find(({ key }) => key === cash)?.points.at(-1)?.netWorth ?? '0'
      expect(ledger.cashBetween(first, ledger.begun())).toContain(worth)
    },
    'read the feed': async () => {
      const { transactions } = await untilAnswered('read the feed', () => client.getFeed())
      const ids = transactions.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
    },
    'read transactions': async () => {
      const acknowledged = ledger.entries.filter(({ id }) => id !== undefined)
      const read = await untilAnswered('read transactions', () => readAll(client, { accountId: cash }))
      const told = read.map(({ description }) => description)
      expect(new Set(told).size).toBe(told.length)
      const begun = new Map(ledger.entries.map((entry) => [entry.description, entry]))
      for (const { description, amount, date } of read)
        expect(begun.get(description!)).toMatchObject({ amount, date })
      const present = new Set(told)
      expect(acknowledged.filter(({ description }) => !present.has(description))).toEqual([])
    },
    'read old': async () => {
      const acknowledged = ledger.rows.filter(({ date }) => date <= lastOldDay)
      const read = await untilAnswered('read old', () => readAll(client, { to: lastOldDay }))
      const told = new Set(read.map(({ description, date, amount }) => `${date} ${amount} ${description}`))
      expect(told.size).toBe(read.length)
      const missing = acknowledged.filter(
        ({ description, date, amount }) => !told.has(`${date} ${amount} ${description}`),
      )
      expect(missing).toEqual([])
    },
    'read sources': async () => {
      const known = [...sources]
      const { sources: told } = await untilAnswered('read sources', () => client.listSources())
      expect(told.map(({ id }) => id)).toEqual(expect.arrayContaining(known))
    },
  }
}

/** Every transaction, or those of an account or until a day, page by page. */
export async function readAll(client: Client, filter: { accountId?: string; to?: string } = {}) {
  const all = []
  for (let cursor: string | undefined; ; ) {
    const { transactions, nextCursor } = await client.listTransactions({
      query: { ...filter, limit: 500, ...(cursor !== undefined && { cursor }) },
    })
    all.push(...transactions)
    if (nextCursor === null) return all
    cursor = nextCursor
  }
}
