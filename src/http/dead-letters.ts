import { z } from '@hono/zod-openapi'
import { type DeadLetter, pageDeadLetters, settleDeadLetter } from '../db/dead-letters.ts'
import type { Reach } from '../db/owner.ts'
import { ConflictError, ForbiddenError, NotFoundError } from '../errors.ts'
import type { Api, Call } from './api.ts'
import { allows, type Caller } from './caller.ts'
import { defineRoute } from './define-route.ts'
import { cursor, day, id, instant, limit } from './fields.ts'
import { cursorOf, readCursor } from './list-cursor.ts'

const tag = 'Dead letters'
const params = z.strictObject({ id })
const statuses = ['open', 'queued', 'resolved', 'discarded'] as const

const deadLetter = z
  .object({
    id,
    sourceId: id,
    connector: z.string(),
    sourceName: z.string(),
    kind: z.enum(['fetch', 'record']).openapi({
      description:
        '`fetch`: nothing came. `record`: a part of the answer could not be used, the rest is stored.',
    }),
    request: z
      .object({ mode: z.enum(['backfill', 'incremental']), window: z.object({ from: day, to: day }) })
      .openapi({ description: 'What was asked for.' }),
    code: z.string(),
    error: z.string(),
    attempts: z.int(),
    status: z.enum(statuses),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi('DeadLetter')

export const listDeadLetters = defineRoute({
  method: 'get',
  path: '/v1/dead-letters',
  id: 'listDeadLetters',
  tag,
  summary: 'Fetches that failed for the last time',
  description: 'Those of a user’s sources; with a key of a service, those of all sources.',
  access: ['read', 'service'],
  query: z.strictObject({
    status: z.enum(statuses).optional().openapi({ description: 'Default: open and queued.' }),
    sourceId: id.optional(),
    cursor: cursor.optional(),
    limit: limit(200, 50),
  }),
  answer: {
    status: 200,
    description: 'The newest first.',
    schema: z.object({ deadLetters: z.array(deadLetter), nextCursor: z.string().nullable() }),
  },
})

export const getDeadLetter = defineRoute({
  method: 'get',
  path: '/v1/dead-letters/{id}',
  id: 'getDeadLetter',
  tag,
  summary: 'One of them',
  access: ['read', 'service'],
  params,
  answer: { status: 200, description: 'The dead letter.', schema: deadLetter },
})

export const retryDeadLetter = defineRoute({
  method: 'post',
  path: '/v1/dead-letters/{id}/retry',
  id: 'retryDeadLetter',
  tag,
  summary: 'Run it again',
  description: 'Where its source is paused or waits for its owner, once it goes on.',
  access: ['write', 'service'],
  params,
  answer: { status: 202, description: 'It is queued.', schema: z.object({ status: z.literal('queued') }) },
  problems: ['conflict'],
  idempotency: 'heeded',
})

export const discardDeadLetter = defineRoute({
  method: 'post',
  path: '/v1/dead-letters/{id}/discard',
  id: 'discardDeadLetter',
  tag,
  summary: 'Close it without running it again',
  access: ['write', 'service'],
  params,
  answer: { status: 200, description: 'It is closed.', schema: z.object({ status: z.literal('discarded') }) },
  problems: ['conflict'],
  idempotency: 'heeded',
})

export function serveDeadLetters({ serve, parts: { db, reads = db.sql } }: Api): void {
  serve(listDeadLetters, async ({ query, caller }) => {
    const [before] = readCursor(query.cursor, /^([1-9]\d{0,17})$/) ?? []
    const { status, sourceId } = query
    const found = await pageDeadLetters(reads, reachOf(caller), {
      status,
      sourceId,
      before,
      limit: query.limit + 1,
    })
    const page = found.slice(0, query.limit)
    return {
      deadLetters: page.map(answerOf),
      nextCursor: found.length > page.length ? cursorOf(page.at(-1)!.id) : null,
    }
  })

  serve(getDeadLetter, async ({ params, caller }) => {
    const [found] = await pageDeadLetters(reads, reachOf(caller), { id: params.id, status: 'any', limit: 1 })
    if (!found) throw new NotFoundError('there is no such dead letter')
    return answerOf(found)
  })

  const settle = async (
    action: 'retry' | 'discard',
    { params, caller, now, complete }: Call<{ id: string }>,
    answer: object,
  ) => {
    const letter = { reach: reachOf(caller), id: params.id }
    const was = await settleDeadLetter(db.sql, action, letter, now, complete(answer))
    if (was === undefined) throw new NotFoundError('there is no such dead letter')
    if (was === 'resolved' || was === 'discarded')
      throw new ConflictError(`the dead letter is ${was} already`)
  }

  serve(retryDeadLetter, async (call) => {
    const answer = { status: 'queued' as const }
    await settle('retry', call, answer)
    return answer
  })

  serve(discardDeadLetter, async (call) => {
    const answer = { status: 'discarded' as const }
    await settle('discard', call, answer)
    return answer
  })
}

/** A person has to do with their own letters; a service operates the installation, and has to do with everyone's. */
function reachOf(caller: Caller | undefined): Reach {
  if (caller?.kind === 'user') return { userId: caller.userId }
  if (caller && allows(caller.scopes, 'service')) return 'everyone'
  throw new ForbiddenError('this needs a token of a user, or a key with the scope service')
}

/** The cursor of the request stays where it is: providers put what they like into theirs. */
function answerOf(letter: DeadLetter) {
  const { mode, window } = letter.request
  return {
    id: letter.id,
    sourceId: letter.sourceId,
    connector: letter.connector,
    sourceName: letter.sourceName,
    kind: letter.kind,
    request: { mode, window: { from: window.from, to: window.to } },
    code: letter.code,
    error: letter.error,
    attempts: letter.attempts,
    status: letter.status,
    createdAt: letter.createdAt.toISOString(),
    updatedAt: letter.updatedAt.toISOString(),
  }
}
