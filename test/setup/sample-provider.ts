import { Hono } from 'hono'
import { z } from 'zod'
import { type Connector, defineConnector, type History, type Limit } from '../../src/connectors/connector.ts'
import { createFaults, type Faults } from '../../src/connectors/emulator/faults.ts'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { countTraffic, type Traffic } from '../../src/connectors/emulator/traffic.ts'
import { createWorld, type World, type WorldRow } from '../../src/connectors/emulator/world.ts'
import { RestartError } from '../../src/connectors/errors.ts'
import type { Delete, Upsert } from '../../src/page.ts'

export interface SampleOptions {
  id?: string
  clock: () => Date
  limits?: Limit[]
  history?: Partial<History>
  pageSize?: number
  schedule?: Connector['schedule']
  /** Asked for many connections at once. */
  batchMax?: number
  enforceLimits?: boolean
}

export interface SampleProvider extends ListeningEmulator {
  connector: Connector
  world: World
  traffic: Traffic
  faults: Faults
  credentials: { token: string }
  config: { baseUrl: string }
  /** Tokens that are not accepted any more. */
  refused: Set<string>
}

/**
 * A provider for tests of the scheduler, over HTTP as any: with `windowDays` it lists the rows of a range of days,
 * without deletions; otherwise it is a feed of changes behind a cursor.
 */
export async function startSampleProvider(options: SampleOptions): Promise<SampleProvider> {
  const { id = 'sample', clock, limits = [], pageSize = 100 } = options
  const history: History = { maxDays: 3650, overlapDays: 2, mutableDays: 5, ...options.history }
  const world = createWorld()
  const faults = createFaults()
  const traffic = countTraffic({ clock, limits: options.enforceLimits === false ? [] : limits })
  const refused = new Set<string>()

  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)
  app.use(async (context, next) => {
    const token = context.req.header('authorization')?.replace('Bearer ', '') ?? ''
    if (refused.has(token)) return context.text('no', 401)
    await next()
  })
  app.get('/rows', (context) => {
    const { from = '', to = '', page = '0' } = context.req.query()
    const all = world.rows().filter(({ occurredAt }) => occurredAt >= from && occurredAt.slice(0, 10) <= to)
    const start = Number(page) * pageSize
    return context.json({ rows: all.slice(start, start + pageSize), more: all.length > start + pageSize })
  })
  app.get('/feed', (context) => {
    const after = Number(context.req.query('after') ?? 0)
    const events = world.events().filter(({ sequence }) => sequence > after)
    return context.json({ events: events.slice(0, pageSize), more: events.length > pageSize })
  })
  app.get('/balances', (context) =>
    context.json(
      world.accounts().map((account) => ({
        id: account.id,
        name: account.name,
        balances: [...world.balances(account.id)].map(([asset, amount]) => ({ asset, amount })),
      })),
    ),
  )
  app.get('/batch', (context) => {
    const tokens = context.req.query('tokens')?.split(',') ?? []
    return context.json(tokens.map((token) => (refused.has(token) ? null : world.rows(`of ${token}`))))
  })

  const rowSchema = z.object({
    account: z.string(),
    id: z.string(),
    occurredAt: z.string(),
    amount: z.string(),
    asset: z.string().optional(),
    status: z.enum(['posted', 'pending']).optional(),
    replaces: z.string().optional(),
  })
  const upsertOf = (row: z.infer<typeof rowSchema>): Upsert => ({
    type: 'upsert',
    account: row.account,
    id: row.id,
    bookedOn: row.occurredAt.slice(0, 10),
    occurredAt: row.occurredAt,
    amount: row.amount,
    asset: row.asset ?? 'EUR',
    kind: 'other',
    status: row.status ?? 'posted',
    ...(row.replaces !== undefined && { replaces: [row.replaces] }),
  })
  /** The good rows, and the sentence about each of the others. */
  const split = (rows: unknown[]) => {
    const parsed = rows.map((row) => rowSchema.safeParse(row))
    return {
      rows: parsed.flatMap(({ data }) => data ?? []),
      problems: parsed.filter(({ success }) => !success).map(() => ({ message: 'a row is not readable' })),
    }
  }

  const connector = defineConnector<{ token: string }, { baseUrl: string }>({
    id,
    title: `Sample ${id}`,
    auth: 'a token',
    credentials: z.object({ token: z.string() }),
    config: z.object({ baseUrl: z.string() }),
    limits,
    history,
    ...(options.schedule && { schedule: options.schedule }),
    scope: 'user',
    async check() {
      return {}
    },
    async accounts() {
      return []
    },
    async *pull({ http, config, credentials }, { cursor, window }) {
      const ask = async (path: string) => {
        const headers = { authorization: `Bearer ${credentials.token}` }
        return (await http.request(`${config.baseUrl}${path}`, { headers })).json()
      }
      const accounts = world.accounts().map(({ id, name }) => ({ externalId: id, name }))
      if (history.windowDays !== undefined) {
        for (let page = 0, more = true; more; page++) {
          const answer = z
            .object({ rows: z.array(z.unknown()), more: z.boolean() })
            .parse(await ask(`/rows?from=${window.from}&to=${window.to}&page=${page}`))
          more = answer.more
          const { rows, problems } = split(answer.rows)
          const done = more
            ? []
            : accounts.map(({ externalId }) => ({
                type: 'window-complete' as const,
                account: externalId,
                ...window,
              }))
          yield {
            accounts,
            changes: [...rows.map(upsertOf), ...done],
            balances: [],
            problems,
            cursor: null,
            groupEnd: !more,
          }
        }
        return
      }
      const start = cursor === null ? 0 : z.object({ after: z.number() }).safeParse(cursor).data?.after
      if (start === undefined) throw new RestartError('the cursor is none', { fromStart: true })
      let after: number = start
      for (let more = true; more; ) {
        const answer = z
          .object({
            events: z.array(z.object({ sequence: z.string(), type: z.string(), row: z.unknown() })),
            more: z.boolean(),
          })
          .parse(await ask(`/feed?after=${after}`))
        more = answer.more
        after = Math.max(after, ...answer.events.map(({ sequence }) => Number(sequence)))
        const kept = split(answer.events.filter(({ type }) => type !== 'removed').map(({ row }) => row))
        const removed = split(answer.events.filter(({ type }) => type === 'removed').map(({ row }) => row))
        yield {
          accounts,
          changes: answer.events.flatMap(({ type, row }): (Upsert | Delete)[] => {
            const data = rowSchema.safeParse(row).data
            if (!data) return []
            return type === 'removed'
              ? [{ type: 'delete' as const, account: data.account, id: data.id }]
              : [upsertOf(data)]
          }),
          balances: [],
          problems: [...kept.problems, ...removed.problems],
          cursor: { after },
          groupEnd: true,
        }
      }
    },
    ...(options.batchMax !== undefined && {
      batchMax: options.batchMax,
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
          const account = `of ${items[index]!.credentials.token}`
          yield {
            index,
            page: {
              accounts: [{ externalId: account }],
              changes: rows.map(upsertOf),
              balances: [],
              cursor: { after: 1 },
              groupEnd: true,
            },
          }
        }
      },
    }),
  })
  const listening = await listen(app)
  return {
    ...listening,
    connector,
    world,
    traffic,
    faults,
    refused,
    credentials: { token: 'good' },
    config: { baseUrl: listening.url },
  }
}

/** Rows of the account `A`, one a day back from `lastDay`, amounts from 1 upwards. */
export function fillWorld(world: World, lastDay: string, rows: number): WorldRow[] {
  if (world.accounts().length === 0)
    world.openAccount({ id: 'A', name: 'Account A', kind: 'checking', asset: 'EUR' })
  const made = Array.from({ length: rows }, (_, index) => ({
    account: 'A',
    id: `row ${String(index).padStart(6, '0')}`,
    occurredAt: new Date(Date.parse(`${lastDay}T10:00:00Z`) - (rows - 1 - index) * 86_400_000).toISOString(),
    amount: `${index + 1}.25`,
  }))
  for (const row of made) world.put(row)
  return made
}
