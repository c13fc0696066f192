import { z } from '@hono/zod-openapi'
import type { Connector } from '../connectors/connector.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import type { HttpParts } from './parts.ts'

const days = z.int().nullable()
const jsonSchema = z.record(z.string(), z.unknown()).openapi({ description: 'A JSON Schema, draft 2020-12.' })

const sourceType = z
  .object({
    id: z.string(),
    title: z.string(),
    auth: z.string().openapi({ description: 'What its owner does to connect, in a sentence.' }),
    scope: z.enum(['user', 'platform']).openapi({
      description: '`platform`: one connection carries everybody’s data; connected with a key of a service.',
    }),
    credentials: jsonSchema,
    config: jsonSchema,
    limits: z
      .array(
        z.object({
          scope: z.enum(['client', 'connection', 'account']),
          max: z.int(),
          per: z.int().openapi({ description: 'Milliseconds.' }),
          kind: z.enum(['sliding', 'fixed']),
        }),
      )
      .openapi({ description: 'Requests that the provider allows; syncs keep to them.' }),
    history: z
      .object({
        maxDays: days.openapi({ description: 'How far back it goes.' }),
        windowDays: days,
        overlapDays: z.int(),
        mutableDays: z.int(),
      })
      .openapi({ description: 'What the provider keeps, in days; null where there is no bound.' }),
    webhook: z.boolean().openapi({ description: 'Whether the provider notifies of what is new.' }),
    batchMax: z.int().nullable().openapi({ description: 'Connections that go into one request.' }),
  })
  .openapi('SourceType')
type SourceType = z.input<typeof sourceType>

export const listSourceTypes = defineRoute({
  method: 'get',
  path: '/v1/source-types',
  id: 'listSourceTypes',
  tag: 'Sources',
  summary: 'What can be connected, and what each needs for it',
  access: ['read', 'service'],
  answer: {
    status: 200,
    description: 'All types, in alphabetical order, that of statement files first.',
    schema: z.object({ sourceTypes: z.array(sourceType) }),
  },
})

export function serveSourceTypes({ serve, parts }: Api): void {
  let known: Promise<SourceType[]> | undefined
  serve(listSourceTypes, async () => {
    known ??= readSourceTypes(parts.connectors).catch((error: unknown) => {
      known = undefined
      throw error
    })
    return { sourceTypes: await known }
  })
}

/** Connectors are loaded when they are first asked for, here all of them. */
async function readSourceTypes(connectors: HttpParts['connectors']): Promise<SourceType[]> {
  const types: SourceType[] = [statementFiles]
  for (const id of connectors.ids()) types.push(typeOf(await connectors.get(id)))
  return types
}

const nothing = { type: 'object', properties: {}, additionalProperties: false }

const statementFiles: SourceType = {
  id: 'file',
  title: 'Statement files',
  auth: 'Upload the files that your bank offers to download.',
  scope: 'user',
  credentials: nothing,
  config: nothing,
  limits: [],
  history: { maxDays: null, windowDays: null, overlapDays: 0, mutableDays: 0 },
  webhook: false,
  batchMax: null,
}

function typeOf(connector: Connector): SourceType {
  const { id, title, auth, scope, limits, history, webhook, batchMax } = connector
  return {
    id,
    title,
    auth,
    scope,
    credentials: schemaOf(connector.credentials),
    config: schemaOf(connector.config),
    limits: limits.map(({ scope, max, per, kind }) => ({ scope, max, per, kind })),
    history: {
      maxDays: history.maxDays,
      windowDays: history.windowDays ?? null,
      overlapDays: history.overlapDays,
      mutableDays: history.mutableDays,
    },
    webhook: webhook !== undefined,
    batchMax: batchMax ?? null,
  }
}

/** Of what is to be given, defaults left out; what JSON Schema cannot say is left open. */
function schemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>
}
