import { z } from '@hono/zod-openapi'
import type { OwnedSource } from '../db/owned-sources.ts'
import { day, id, instant } from './fields.ts'

/** A source as every answer tells it: never with its credentials. */
export const sourceAnswer = z
  .object({
    id,
    type: z
      .string()
      .openapi({ example: 'plaid', description: '`file`: statement files. `manual`: by hand.' }),
    name: z.string(),
    status: z.enum(['active', 'paused', 'reauth', 'revoked', 'payment']).openapi({
      description:
        '`reauth`, `revoked`: its owner has to sign in to the provider again. `payment`: the provider wants to be paid.',
    }),
    statusMessage: z.string().nullable(),
    lastSyncTime: instant.nullable().openapi({ description: 'Everything before it is known.' }),
    nextSyncAt: instant.nullable().openapi({ description: 'Null where nothing is planned.' }),
    running: z.boolean(),
    backfill: z
      .object({ from: day, to: day })
      .nullable()
      .openapi({ description: 'Days of its history that are still to be read.' }),
    createdAt: instant,
    deadLetters: z.int().openapi({ description: 'Failed fetches that are open, or queued to be run again.' }),
    accounts: z.int(),
  })
  .openapi('Source')
export type SourceAnswer = z.input<typeof sourceAnswer>

export function answerOf(source: OwnedSource): SourceAnswer {
  return {
    id: source.id,
    type: source.type,
    name: source.name,
    // A removed one is never answered.
    status: source.status as SourceAnswer['status'],
    statusMessage: source.statusMessage,
    lastSyncTime: source.lastSyncTime?.toISOString() ?? null,
    nextSyncAt: source.nextSyncAt?.toISOString() ?? null,
    running: source.running,
    backfill: source.backfill,
    createdAt: source.createdAt.toISOString(),
    deadLetters: source.deadLetters,
    accounts: source.accounts,
  }
}

/** As it is from the moment on at which it was added. */
export function newSourceAnswer(
  type: string,
  { id, name, at }: { id: string; name: string; at: Date },
): SourceAnswer {
  return {
    id,
    type,
    name,
    status: 'active',
    statusMessage: null,
    lastSyncTime: null,
    nextSyncAt: at.toISOString(),
    running: false,
    backfill: null,
    createdAt: at.toISOString(),
    deadLetters: 0,
    accounts: 0,
  }
}
