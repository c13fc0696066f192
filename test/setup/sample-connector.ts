import { z } from 'zod'
import {
  type Connector,
  defineConnector,
  type History,
  type Limit,
  type SyncPage,
} from '../../src/connectors/connector.ts'
import { RestartError } from '../../src/connectors/errors.ts'
import type { Delete, ReportedBalance, Upsert } from '../../src/page.ts'

export interface SampleConnectorOptions {
  id?: string
  limits?: Limit[]
  history?: Partial<History>
  schedule?: Connector['schedule']
  /** Asked for many connections at once. */
  batchMax?: number
  /** Pages of a feed that are consistent together; 1 unless told. */
  pagesPerGroup?: number
  /** Every pull of what is new ends with the balances of now. */
  balances?: boolean
  /** Credentials are exchanged behind the first page of a pull. */
  rotating?: boolean
  /** Of all users, whom the accounts name. */
  platform?: boolean
  /** Has prices, and no accounts. */
  prices?: boolean
}

const rowSchema = z.object({
  account: z.string(),
  id: z.string(),
  occurredAt: z.string(),
  amount: z.string(),
  asset: z.string().optional(),
  status: z.enum(['posted', 'pending']).optional(),
  description: z.string().optional(),
  replaces: z.string().optional(),
})
const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string().optional(),
  asset: z.string(),
  balance: z.unknown(),
})
const accountsSchema = z.array(accountSchema)
const priceSchema = z.object({
  asset: z.string(),
  currency: z.string(),
  day: z.string(),
  price: z.string(),
})
/** What some providers send with status 200. */
const refusal = z.object({ error: z.string() })

/** Speaks to the emulator of sample-provider.ts, and knows nothing but what comes over HTTP. */
export function sampleConnector(options: SampleConnectorOptions): Connector {
  const { id = 'sample', limits = [], batchMax } = options
  const history: History = { maxDays: 3650, overlapDays: 2, mutableDays: 5, ...options.history }
  return defineConnector<{ token: string }, { baseUrl: string }>({
    id,
    title: `Sample ${id}`,
    auth: 'a token',
    credentials: z.object({ token: z.string() }),
    config: z.object({ baseUrl: z.string() }),
    limits,
    history,
    ...(options.schedule && { schedule: options.schedule }),
    scope: options.platform || options.prices ? 'platform' : 'user',
    async check() {
      return {}
    },
    async accounts() {
      return []
    },
    async *pull({ http, config, credentials, clock, saveCredentials }, { mode, cursor, window }) {
      let { token } = credentials
      const ask = async (path: string) => {
        const headers = { authorization: `Bearer ${token}` }
        const answer = (await http.request(`${config.baseUrl}${path}`, { headers })).json()
        const refused = refusal.safeParse(answer).data
        if (refused) throw new TypeError(`the provider says: ${refused.error}`)
        return answer
      }
      const exchange = async () => {
        token = z.object({ token: z.string() }).parse(await ask('/exchange')).token
        await saveCredentials({ token })
      }
      const today = clock().toISOString().slice(0, 10)
      const readBalances = async (): Promise<{ balances: ReportedBalance[]; problems: Problem[] }> => {
        if (!options.balances || mode === 'backfill') return { balances: [], problems: [] }
        const balances: ReportedBalance[] = []
        const problems: Problem[] = []
        for (const { id, balance, asset } of accountsSchema.parse(await ask('/balances'))) {
          if (typeof balance === 'string')
            balances.push({ account: id, asset, day: today, edge: 'now', amount: balance })
          else problems.push({ account: id, message: 'a balance is not readable' })
        }
        return { balances, problems }
      }
      const asAccounts = (accounts: z.infer<typeof accountsSchema>) =>
        accounts.map(({ id, name, owner }) => ({
          externalId: id,
          name,
          ...(owner !== undefined && { owner }),
        }))

      if (options.prices) {
        let after = z.object({ after: z.number() }).safeParse(cursor).data?.after ?? 0
        for (let more = true; more; ) {
          const answer = z
            .object({ prices: z.array(priceSchema), more: z.boolean() })
            .parse(await ask(`/prices?after=${after}`))
          more = answer.more
          after += answer.prices.length
          const nothing = { accounts: [], changes: [], balances: [] }
          yield { ...nothing, prices: answer.prices, cursor: { after }, groupEnd: true }
        }
        return
      }

      if (batchMax !== undefined) {
        // As the batch answers it for this connection alone.
        const [rows] = z.array(z.array(rowSchema)).parse(await ask(`/batch?tokens=${token}`))
        yield batchPage(token, rows!)
        return
      }

      if (history.windowDays !== undefined) {
        for (let page = 0, more = true; more; page++) {
          const answer = z
            .object({ accounts: accountsSchema, rows: z.array(z.unknown()), more: z.boolean() })
            .parse(await ask(`/rows?from=${window.from}&to=${window.to}&page=${page}`))
          more = answer.more
          const { rows, problems } = split(answer.rows)
          const now = more ? { balances: [], problems: [] } : await readBalances()
          const done = more
            ? []
            : answer.accounts.map(({ id }) => ({ type: 'window-complete' as const, account: id, ...window }))
          yield {
            accounts: asAccounts(answer.accounts),
            changes: [...rows.map(upsertOf), ...done],
            balances: now.balances,
            problems: [...problems, ...now.problems],
            cursor: null,
            groupEnd: !more,
          }
          if (options.rotating && page === 0) await exchange()
        }
        return
      }

      const start = cursor === null ? 0 : z.object({ after: z.number() }).safeParse(cursor).data?.after
      if (start === undefined) throw new RestartError('the cursor is none', { fromStart: true })
      let after: number = start
      for (let more = true, page = 1; more; page++) {
        const answer = z
          .object({
            accounts: accountsSchema,
            events: z.array(z.object({ sequence: z.string(), type: z.string(), row: z.unknown() })),
            more: z.boolean(),
          })
          .parse(await ask(`/feed?after=${after}`))
        more = answer.more
        after = Math.max(after, ...answer.events.map(({ sequence }) => Number(sequence)))
        const { problems } = split(answer.events.map(({ row }) => row))
        const now = more ? { balances: [], problems: [] } : await readBalances()
        yield {
          accounts: asAccounts(answer.accounts),
          changes: answer.events.flatMap(({ type, row }): (Upsert | Delete)[] => {
            const data = rowSchema.safeParse(row).data
            if (!data) return []
            if (type === 'removed') return [{ type: 'delete', account: data.account, id: data.id }]
            return [upsertOf(data)]
          }),
          balances: now.balances,
          problems: [...problems, ...now.problems],
          cursor: { after },
          groupEnd: !more || page % (options.pagesPerGroup ?? 1) === 0,
        }
        if (options.rotating && page === 1) await exchange()
      }
    },
    ...(batchMax !== undefined && {
      batchMax,
      async *pullBatch(items, { http }) {
        const tokens = items.map(({ credentials }) => credentials.token).join(',')
        const answer = z
          .array(z.array(rowSchema).nullable())
          .parse((await http.request(`${items[0]!.config.baseUrl}/batch?tokens=${tokens}`)).json())
        for (const [index, rows] of answer.entries()) {
          if (rows === null) {
            yield { index, error: new Error('this one is refused') }
            continue
          }
          const known = items[index]!.request.cursor
          if (known !== null && !z.object({ after: z.number() }).safeParse(known).success) {
            yield { index, error: new RestartError('the cursor is none', { fromStart: true }) }
            continue
          }
          yield { index, page: batchPage(items[index]!.credentials.token, rows) }
        }
      },
    }),
  })
}

function batchPage(token: string, rows: z.infer<typeof rowSchema>[]): SyncPage {
  return {
    accounts: [{ externalId: `of ${token}` }],
    changes: rows.map(upsertOf),
    balances: [],
    cursor: { after: 1 },
    groupEnd: true,
  }
}

interface Problem {
  account?: string
  message: string
}

function upsertOf(row: z.infer<typeof rowSchema>): Upsert {
  return {
    type: 'upsert',
    account: row.account,
    id: row.id,
    bookedOn: row.occurredAt.slice(0, 10),
    occurredAt: row.occurredAt,
    amount: row.amount,
    asset: row.asset ?? 'EUR',
    kind: 'other',
    status: row.status ?? 'posted',
    ...(row.description !== undefined && { description: row.description }),
    ...(row.replaces !== undefined && { replaces: [row.replaces] }),
  }
}

/** The good rows, and a sentence about each of the others. */
function split(rows: unknown[]): { rows: z.infer<typeof rowSchema>[]; problems: Problem[] } {
  const parsed = rows.map((row) => rowSchema.safeParse(row))
  return {
    rows: parsed.flatMap(({ data }) => data ?? []),
    problems: parsed.filter(({ success }) => !success).map(() => ({ message: 'a row is not readable' })),
  }
}
