import { z } from '@hono/zod-openapi'
import type { ProviderStatus } from '../db/sync-status.ts'
import { instant } from './fields.ts'

/** How the syncs with one provider stand, as it is answered. */
export const providerAnswer = z
  .object({
    connector: z.string().openapi({ example: 'plaid' }),
    title: z.string(),
    sources: z.int(),
    due: z.int().openapi({ description: 'At their time, with nobody working on them.' }),
    running: z.int(),
    backfilling: z.int().openapi({ description: 'With history that is still to be read.' }),
    failing: z.int().openapi({ description: 'Whose last attempt failed.' }),
    waiting: z
      .int()
      .openapi({ description: 'For their owner: to sign in again, to give permission, to pay.' }),
    deadLetters: z.int().openapi({ description: 'Open, or queued to be run again.' }),
    oldestSync: instant.nullable().openapi({
      description: 'Of the source that was synced the longest ago; null where one never was.',
    }),
    oldestKnownSync: instant.nullable().openapi({
      description: 'Of those that were synced, of the one that was the longest ago; null where none was.',
    }),
    neverSynced: z.int(),
    budgets: z
      .array(
        z.object({
          scope: z.string(),
          used: z.int(),
          left: z.int(),
          max: z.int(),
          per: z.int().openapi({ description: 'Milliseconds.' }),
        }),
      )
      .openapi({ description: 'Requests of the current windows, of each limit of the provider as a whole.' }),
    connectionsUsedUp: z.int().nullable().openapi({
      description: 'Connections that have used up a limit of their own; null where they have none.',
    }),
    pausedUntil: instant.nullable().openapi({ description: 'The provider told to wait until then.' }),
  })
  .openapi('Provider')

export function providerAnswerOf(provider: ProviderStatus): z.input<typeof providerAnswer> {
  return {
    ...provider,
    oldestSync: provider.oldestSync?.toISOString() ?? null,
    oldestKnownSync: provider.oldestKnownSync?.toISOString() ?? null,
    pausedUntil: provider.pausedUntil?.toISOString() ?? null,
  }
}
