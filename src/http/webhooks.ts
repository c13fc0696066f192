import type { WebhookRequest } from '../connectors/connector.ts'
import { createHttpClient } from '../connectors/http-client.ts'
import type { Connectors } from '../connectors/load.ts'
import type { Context } from '../context.ts'
import type { Sql } from '../db/client.ts'
import { acceptHints } from '../db/webhook-events.ts'
import { NotFoundError, RefusedError } from '../errors.ts'

export interface WebhookParts extends Pick<Context, 'clock' | 'signal' | 'log'> {
  sql: Sql
  connectors: Pick<Connectors, 'get' | 'settings'>
  /** From src/connectors/transport.ts: a provider's public key may have to be fetched. */
  fetch: typeof globalThis.fetch
}

/** Bytes beyond which a notification is none. */
export const largestNotification = 256 * 1024

/**
 * Takes a provider's notification: only what the provider itself sent, each event once, and nothing happens but that
 * sources become due. Throws a NotFoundError where the connector has no notifications, a RefusedError for one that is
 * not the provider's.
 */
export async function receiveWebhook(
  { sql, connectors, fetch, clock, signal, log }: WebhookParts,
  connectorId: string,
  request: WebhookRequest,
): Promise<{ events: number; sources: number }> {
  const { webhook } = await connectors.get(connectorId)
  if (!webhook) throw new NotFoundError(`${connectorId} has no notifications`)
  if (request.body.byteLength > largestNotification) throw new RefusedError('the notification is too large')
  const gate = { enter: async () => async () => {} }
  await webhook.verify(request, {
    settings: await connectors.settings(connectorId),
    http: createHttpClient({ fetch, gate, clock, signal, timeout: 5_000 }),
    clock,
  })
  const accepted = await acceptHints(sql, connectorId, webhook.hints(request), clock())
  log.debug({ connector: connectorId, ...accepted }, 'notification')
  return accepted
}
