import { z } from '@hono/zod-openapi'
import { readWholePage } from '../archive/transaction-pages.ts'
import { dayInZone } from '../calendar.ts'
import { cleanText } from '../connectors/statements/clean-text.ts'
import { tidemarkColumns } from '../connectors/statements/tidemark-csv.ts'
import { type Account, hasAccount, listAccounts } from '../db/accounts.ts'
import { reachesArchive } from '../db/archived-page.ts'
import type { TransactionPlace } from '../db/transaction-pages.ts'
import type { Transaction } from '../db/transactions.ts'
import { noSuchAccount } from './accounts.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { filterFields, filterOf } from './transaction-filters.ts'
import { transaction } from './transactions.ts'

/** Transactions that are read at once: what an export holds in memory. */
const pageSize = 1000

export const exportTransactions = defineRoute({
  method: 'get',
  path: '/v1/transactions/export',
  id: 'exportTransactions',
  tag: 'Transactions',
  summary: 'Transactions as a file',
  description:
    'All of them, newest first, narrowed as in the list. `csv` is read by `tidemark import` and by an upload, which ends ' +
    'in the same balances; `json` is `{"transactions": [...]}` of the list’s shape, with notes and tags. What lies in the archive ' +
    'is read from its files, which takes longer, and a header says so. An export that fails on its way breaks the connection off.',
  access: ['read'],
  query: z.strictObject({ ...filterFields, format: z.enum(['csv', 'json']).default('csv') }),
  answer: {
    status: 200,
    description: 'The file.',
    type: 'text/csv',
    headers: ['Content-Disposition', 'Tidemark-Archived'],
    also: { 'application/json': { schema: z.object({ transactions: z.array(transaction) }) } },
  },
  problems: ['not-found', 'refused', 'archive-unavailable'],
})

interface Format {
  type: string
  head: string
  /** Between two transactions. */
  separator: string
  tail: string
  write: (transaction: Transaction) => string
}

export function serveExport({ serve, parts: { db, log, archive: store } }: Api): void {
  serve(exportTransactions, async ({ query, user, now, request, requestId }) => {
    const { format: name, ...fields } = query
    const filter = filterOf(fields)
    const { userId } = user
    if (filter.accountId !== undefined && !(await hasAccount(db.sql, userId, filter.accountId)))
      throw noSuchAccount()
    const today = dayInZone(now, user.timeZone)
    const format = name === 'json' ? json : csv(labelsOf(await listAccounts(db.sql, userId)))

    async function* texts(): AsyncGenerator<string, void> {
      let text = format.head
      let isFirst = true
      let after: TransactionPlace | undefined
      do {
        const page = await readWholePage(
          { sql: db.sql, store },
          { userId, filter, after, limit: pageSize, today },
        )
        // A page of a search that finds little may be empty, and others follow.
        for (const transaction of page.transactions) {
          text += (isFirst ? '' : format.separator) + format.write(transaction)
          isFirst = false
        }
        after = page.next
        yield text + (after === undefined ? format.tail : '')
        text = ''
      } while (after !== undefined)
    }

    const archived = await reachesArchive(db.sql, { userId, filter })
    const rest = texts()
    // The first page is read before the answer begins: what fails until then is told as with any other request.
    const first = await rest.next()
    const body = streamTexts(first.value ?? '', rest, request.signal, (error) =>
      log.error({ requestId, err: error }, 'an export broke off'),
    )
    return new Response(body, {
      headers: {
        'content-type': format.type,
        'content-disposition': `attachment; filename="tidemark-transactions-${today}.${name}"`,
        'cache-control': 'no-store',
        ...(archived && { 'tidemark-archived': 'true' }),
      },
    })
  })
}

/**
 * Texts as they are asked for: a client that reads slowly is waited for, also while the server drains, and behind one
 * that goes nothing more is made. A fault breaks the stream: it never ends as if it were whole.
 */
function streamTexts(
  first: string,
  rest: AsyncGenerator<string, void>,
  signal: AbortSignal,
  onFault: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const brokenOff = () => new Error('the export broke off')
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(first))
    },
    async pull(controller) {
      try {
        signal.throwIfAborted()
        const next = await rest.next()
        if (next.done) controller.close()
        else controller.enqueue(encoder.encode(next.value))
      } catch (error) {
        if (!signal.aborted) onFault(error)
        controller.error(brokenOff())
      }
    },
    async cancel() {
      await rest.return()
    },
  })
}

const json: Format = {
  type: 'application/json',
  head: '{"transactions":[',
  separator: ',',
  tail: ']}\n',
  write: (transaction) => JSON.stringify(transaction),
}

/** tidemark-csv, see src/connectors/statements/tidemark-csv.ts. It has no columns for notes and tags. */
function csv(labels: Map<string, string>): Format {
  const row = (cells: (string | null)[]) => `${cells.map((cell) => quoteCell(cell ?? '')).join(',')}\n`
  return {
    type: 'text/csv; charset=utf-8',
    head: row([...tidemarkColumns]),
    separator: '',
    tail: '',
    write: (each) =>
      row([
        // Made while the export was under way.
        labels.get(each.accountId) ?? `account ${each.accountId}`,
        each.id,
        each.date,
        each.time,
        each.amount,
        each.asset,
        each.kind,
        each.status,
        each.description,
        each.counterparty,
        each.category,
        each.groupId,
      ]),
  }
}

/** RFC 4180. */
function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** Longer than any name that a person gives, and short enough that a reader takes it for an account's. */
const longestLabel = 150

/** Names by which a reader of the file tells the accounts apart: with their ids, where two have the same. */
function labelsOf(accounts: Account[]): Map<string, string> {
  const nameOf = ({ id, name }: Account) => cleanText(name)?.slice(0, longestLabel) ?? `account ${id}`
  const counts = new Map<string, number>()
  for (const account of accounts) counts.set(nameOf(account), (counts.get(nameOf(account)) ?? 0) + 1)
  return new Map(
    accounts.map((account) => {
      const name = nameOf(account)
      return [account.id, counts.get(name) === 1 ? name : `${name} (${account.id})`]
    }),
  )
}
