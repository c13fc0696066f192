import { z } from 'zod'
import { type Connector, defineConnector, type Limit } from '../src/connectors/connector.ts'

/** Two, since a worker gives no connector more than half of its places. */
export const benchConnectorIds = ['bench-a', 'bench-b']

/** As the emulator answers it: rows behind a cursor, some of them again. */
export interface FeedAnswer {
  account: string
  rows: { id: string; day: string; amount: string; description: string; counterparty: string }[]
  next: number
}

const answerSchema = z.object({
  account: z.string(),
  rows: z.array(
    z.object({
      id: z.string(),
      day: z.string(),
      amount: z.string(),
      description: z.string(),
      counterparty: z.string(),
    }),
  ),
  next: z.string().transform(Number),
})
const cursorSchema = z.object({ after: z.number() }).nullable()

/** A provider as they are at their simplest: one request a sync, one page, a cursor. */
export function benchConnector(id: string, limits: Limit[], everyMinutes?: number): Connector {
  return defineConnector({
    id,
    title: `Benchmark ${id}`,
    auth: 'a token',
    credentials: z.object({ token: z.string() }),
    config: z.object({ baseUrl: z.string() }),
    limits,
    history: { maxDays: 730, overlapDays: 0, mutableDays: 0 },
    ...(everyMinutes !== undefined && { schedule: { everyMinutes } }),
    scope: 'user',
    async check() {
      return {}
    },
    async accounts() {
      return []
    },
    async *pull({ http, config, credentials }, { cursor }) {
      const after = cursorSchema.parse(cursor)?.after ?? 0
      const answer = await http.request(`${config.baseUrl}/feed?after=${after}`, {
        headers: { authorization: `Bearer ${credentials.token}` },
      })
      const { account, rows, next } = answerSchema.parse(answer.json())
      yield {
        accounts: [{ externalId: account, kind: 'checking', name: `Account ${account}` }],
        changes: rows.map(({ id, day, amount, description, counterparty }) => ({
          type: 'upsert',
          account,
          id,
          bookedOn: day,
          amount,
          asset: 'EUR',
          kind: 'card',
          status: 'posted',
          description,
          counterparty,
        })),
        balances: [],
        cursor: { after: next },
        groupEnd: true,
      }
    },
  })
}
