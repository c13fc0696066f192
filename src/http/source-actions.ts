import { z } from '@hono/zod-openapi'
import { findOwnedSource, type OwnedSource } from '../db/owned-sources.ts'
import { requestSync } from '../db/sources.ts'
import { ConflictError } from '../errors.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { id } from './fields.ts'
import { ownerOf } from './source-owner.ts'

export const syncSource = defineRoute({
  method: 'post',
  path: '/v1/sources/{id}/sync',
  id: 'syncSource',
  tag: 'Sources',
  summary: 'Sync a connection now',
  description:
    'It is queued before everything that nobody waits for, within the budget of its provider. How it went, ' +
    'GET /v1/sources/{id}/runs tells. Asked twice, it runs once.',
  access: ['write', 'service'],
  params: z.strictObject({ id }),
  answer: {
    status: 202,
    description: 'It is queued.',
    schema: z.object({ status: z.literal('queued') }),
  },
  problems: ['conflict'],
})

export function serveSourceActions({ serve, parts }: Api): void {
  const { db, connectors } = parts
  serve(syncSource, async ({ params, caller, now }) => {
    const owner = ownerOf(caller)
    const source = await findOwnedSource(db.sql, owner, params.id, now)
    if (!connectors.ids().includes(source.type))
      throw new ConflictError(`a source of type ${source.type} is not synced`)
    refuseUnlessActive(source)
    if ((await requestSync(db.sql, [source.id], now)) === 0) {
      // It was paused, removed, or refused by its provider in this moment.
      refuseUnlessActive(await findOwnedSource(db.sql, owner, params.id, now))
      throw new ConflictError('the source is not synced')
    }
    return { status: 'queued' as const }
  })
}

function refuseUnlessActive({ status }: OwnedSource): void {
  if (status === 'active') return
  const signIn = 'give new ones with PUT /v1/sources/{id}/credentials'
  const reasons: Record<string, string> = {
    paused: 'the source is paused: set its status to active',
    reauth: `the provider takes its credentials no more: ${signIn}`,
    revoked: `the provider revoked its credentials: ${signIn}`,
    payment: 'the provider wants to be paid: see to that, then set the status of the source to active',
  }
  throw new ConflictError(reasons[status] ?? 'the source is not synced')
}
