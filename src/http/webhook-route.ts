import { z } from '@hono/zod-openapi'
import { ConnectorError } from '../connectors/errors.ts'
import { NotFoundError } from '../errors.ts'
import type { Api } from './api.ts'
import { connectorSettings } from './connector-settings.ts'
import { defineRoute } from './define-route.ts'
import { ProviderUnavailableError } from './provider-unavailable.ts'
import { largestNotification, receiveWebhook } from './webhooks.ts'

export const postWebhook = defineRoute({
  method: 'post',
  path: '/webhooks/{connector}',
  id: 'postWebhook',
  tag: 'Webhooks',
  summary: 'Where providers notify of what is new',
  description:
    'Only what the provider itself signed is taken, each event once; sources become due, and nothing else happens. ' +
    'Answered with 200, by which providers count a notification as delivered.',
  access: 'public',
  anyQuery: true,
  params: z.strictObject({ connector: z.string().openapi({ example: 'plaid' }) }),
  content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
  largestBody: largestNotification,
  answer: {
    status: 200,
    description: 'It is taken, or was taken before.',
    schema: z.object({
      events: z.int().openapi({ description: 'Those that were new.' }),
      sources: z.int().openapi({ description: 'Sources that they concern.' }),
    }),
  },
  problems: ['refused', 'not-found', 'provider-unavailable'],
})

/** Milliseconds for all of it: providers wait about ten seconds. */
const longest = 8_000

export function serveWebhooks({ serve, parts }: Api): void {
  const { db, connectors, fetch, clock, log } = parts
  serve(postWebhook, async ({ params: { connector }, request, bytes }) => {
    const notified = connectors.ids().includes(connector) && (await connectors.get(connector)).webhook
    if (!notified) throw new NotFoundError('nobody notifies here')
    await connectorSettings(connectors, connector).catch((error: unknown) => {
      log.warn({ connector, err: error }, 'a notification came for a connector that is not set up')
      throw new NotFoundError('nobody notifies here')
    })
    const signal = AbortSignal.any([parts.signal, AbortSignal.timeout(longest)])
    const webhook = { headers: Object.fromEntries(request.headers), body: await bytes() }
    try {
      return await receiveWebhook({ sql: db.sql, connectors, fetch, clock, signal, log }, connector, webhook)
    } catch (error) {
      // A key of the provider's could not be fetched: it sends the notification again.
      if (!signal.aborted && !(error instanceof ConnectorError)) throw error
      log.warn({ connector, err: error }, 'a notification could not be verified now')
      throw new ProviderUnavailableError('the notification could not be verified now: send it again', 30)
    }
  })
}
