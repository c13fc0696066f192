import { z } from '@hono/zod-openapi'
import { readPolicyStates } from '../db/policies/states.ts'
import { readStatus } from '../db/status.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { instant } from './fields.ts'
import { keep } from './kept.ts'
import { providerAnswer, providerAnswerOf } from './provider-answer.ts'
import { readProviders } from './providers.ts'

const bytes = z.int().openapi({ description: 'Bytes.' })

const policy = z.object({
  procedure: z.string().openapi({ example: 'policy_columnstore' }),
  relation: z.string().openapi({ example: 'transaction' }),
  everySeconds: z.int(),
  lastRun: instant.nullable().openapi({ description: 'Null where there was none.' }),
  nextRun: instant.nullable().openapi({ description: 'Null where none is planned.' }),
  lastStatus: z.enum(['succeeded', 'failed']).nullable(),
  failures: z.int().openapi({ description: 'Runs that failed, of all.' }),
  lastError: z
    .string()
    .nullable()
    .openapi({ description: 'What the newest run that failed ended with; null where none is remembered.' }),
})

const value = z.union([z.int(), z.string()]).nullable()

const upkeep = z.object({
  name: z.string().openapi({ example: 'deep-rollups' }),
  about: z.string(),
  settings: z.array(
    z.object({
      name: z.string().openapi({ example: 'batchMonths' }),
      value: value.openapi({ description: 'Null where it is off.' }),
      default: value,
      origin: z.enum(['default', 'set', 'environment']),
    }),
  ),
  schedule: z.string().openapi({ example: 'daily at 02:10 UTC', description: '`off` where it is off.' }),
  running: z.boolean(),
  lastRun: instant.nullable().openapi({ description: 'When it began; null where there was none.' }),
  lastEnd: instant.nullable().openapi({
    description: 'Null while it runs, and where it was broken off: it is run again then.',
  }),
  nextRun: instant.nullable().openapi({ description: 'Null where none is planned.' }),
  lastStatus: z.enum(['succeeded', 'failed']).nullable().openapi({
    description: 'Of the last run that ended.',
  }),
  lastMessage: z.string().nullable().openapi({ description: 'What that told.' }),
  failures: z.int().openapi({ description: 'Runs that failed, of all.' }),
})

const operations = z
  .object({
    at: instant.openapi({
      description: 'When the database was asked: what it told is kept for some seconds.',
    }),
    scheduler: z.enum(['running', 'elsewhere', 'stopped']).openapi({
      description: 'Of the process that answers: see GET /readyz.',
    }),
    engine: z.enum(['timescale', 'plain']),
    versions: z.object({ postgres: z.string(), timescaledb: z.string().nullable() }),
    counts: z.object({
      users: z.int(),
      accounts: z.int(),
      transactions: z.int().openapi({
        description:
          'Rows, those among them that stand for the archived ones of a day. Estimated, where there are many.',
      }),
      prices: z.int().openapi({ description: 'Estimated, where there are many.' }),
    }),
    bytes: z.object({
      database: bytes,
      transaction: bytes,
      dailyFlow: bytes,
      monthlyFlow: bytes,
      price: bytes,
    }),
    partitions: z
      .object({ total: z.int(), columnstore: z.int() })
      .openapi({ description: 'Of transactions: chunks, and how many of them are in the columnstore.' }),
    compression: z
      .object({ before: bytes, after: bytes, ratio: z.number() })
      .nullable()
      .openapi({ description: 'Of the chunks in the columnstore; null where there are none.' }),
    policies: z.array(policy).openapi({ description: 'What TimescaleDB does by itself.' }),
    upkeep: z.array(upkeep).openapi({
      description:
        'The policies of Tidemark itself, which `tidemark policies` changes and its workers carry out.',
    }),
    dirtyUsers: z.int().openapi({
      description: 'Users whose newest writes the aggregates do not hold yet: they are read from the rows.',
    }),
    differences: z.int().openapi({
      description: 'Accounts and assets whose newest reported balance the transactions do not add up to.',
    }),
    moreDifferences: z.boolean().openapi({
      description: 'Too many balances differ to look at all of them: there are at least so many.',
    }),
    providers: z.array(providerAnswer).openapi({ description: 'Those that have sources.' }),
  })
  .openapi('Operations')

export const getOperations = defineRoute({
  method: 'get',
  path: '/v1/operations',
  id: 'getOperations',
  tag: 'Operating',
  summary: 'How the installation stands: its providers, its budgets, its database',
  access: ['service'],
  answer: { status: 200, description: 'As of a few seconds ago.', schema: operations },
})

export function serveOperations({ serve, parts }: Api): void {
  const { clock, connectors } = parts
  const { engine, rawRetentionDays } = parts.db
  const db = { sql: parts.reads ?? parts.db.sql, engine, rawRetentionDays }
  const read = keep(clock, async () => {
    const at = clock()
    const [status, upkeep, providers] = await Promise.all([
      readStatus(db),
      readPolicyStates(db, at),
      readProviders(db.sql, connectors, at),
    ])
    return { at, status, upkeep, providers }
  })
  serve(getOperations, async () => {
    const { at, status, upkeep, providers } = await read()
    const { users, accounts, transactions, prices, compression } = status
    return {
      at: at.toISOString(),
      scheduler: parts.scheduler(),
      engine: status.engine,
      versions: { postgres: status.postgres, timescaledb: status.timescaledb },
      counts: { users, accounts, transactions, prices },
      bytes: {
        database: Number(status.bytes.database),
        transaction: Number(status.bytes.transaction),
        dailyFlow: Number(status.bytes.daily_flow),
        monthlyFlow: Number(status.bytes.monthly_flow),
        price: Number(status.bytes.price),
      },
      partitions: status.partitions,
      compression: compression && ratioOf(Number(compression.before), Number(compression.after)),
      policies: status.policies.map((policy) => ({
        ...policy,
        lastRun: policy.lastRun?.toISOString() ?? null,
        nextRun: policy.nextRun?.toISOString() ?? null,
      })),
      upkeep: upkeep.map(({ settings, lastRun, lastEnd, nextRun, ...policy }) => ({
        ...policy,
        settings: settings.map(({ name, value, default: usual, origin }) => ({
          name,
          value,
          default: usual,
          origin,
        })),
        lastRun: lastRun?.toISOString() ?? null,
        lastEnd: lastEnd?.toISOString() ?? null,
        nextRun: nextRun?.toISOString() ?? null,
      })),
      dirtyUsers: status.dirtyUsers,
      differences: status.differences,
      moreDifferences: status.moreDifferences,
      providers: providers.map(providerAnswerOf),
    }
  })
}

function ratioOf(before: number, after: number) {
  return { before, after, ratio: Math.round((before / after) * 100) / 100 }
}
