import { z } from '@hono/zod-openapi'
import { findOwnedSource } from '../db/owned-sources.ts'
import { listRuns, type SourceRun } from '../db/source-runs.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { cursor, id, instant, limit } from './fields.ts'
import { cursorOf, readCursor } from './list-cursor.ts'
import { ownerOf } from './source-owner.ts'

export const run = z
  .object({
    id,
    subject: z.string().openapi({ description: 'What was read: the mode of a sync, or a file’s name.' }),
    startedAt: instant,
    endedAt: instant.nullable().openapi({ description: 'Null while it goes on.' }),
    outcome: z.enum(['done', 'failed', 'yielded']).nullable().openapi({
      description:
        '`yielded`: it made way for what is more urgent, and goes on later. Null while it goes on.',
    }),
    pages: z.int(),
    added: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    removed: z.int(),
    message: z.string().nullable(),
  })
  .openapi('SourceRun')

export const listSourceRuns = defineRoute({
  method: 'get',
  path: '/v1/sources/{id}/runs',
  id: 'listSourceRuns',
  tag: 'Sources',
  summary: 'The syncs of a connection, and the imports of files',
  description: 'Newest first. Runs are kept for some time, 90 days unless the policy `runs` says otherwise.',
  access: ['read', 'service'],
  params: z.strictObject({ id }),
  query: z.strictObject({ cursor: cursor.optional(), limit: limit(200, 50) }),
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: z.object({ runs: z.array(run), nextCursor: z.string().nullable() }),
  },
})

export function serveSourceRuns({ serve, parts: { db } }: Api): void {
  serve(listSourceRuns, async ({ params, query, caller, now }) => {
    const owner = ownerOf(caller)
    const [milliseconds, before] = readCursor(query.cursor, /^(\d{1,14}) ([1-9]\d{0,17})$/) ?? []
    await findOwnedSource(db.sql, owner, params.id, now)
    const runs = await listRuns(db.sql, owner, params.id, {
      before: before === undefined ? undefined : { startedAt: new Date(Number(milliseconds)), id: before },
      limit: query.limit + 1,
    })
    const page = runs.slice(0, query.limit)
    return {
      runs: page.map(runAnswerOf),
      nextCursor: runs.length > page.length ? positionOf(page.at(-1)!) : null,
    }
  })
}

function positionOf({ startedAt, id }: SourceRun): string {
  return cursorOf(`${startedAt.getTime()} ${id}`)
}

export function runAnswerOf<Run extends SourceRun>(run: Run) {
  return {
    ...run,
    startedAt: run.startedAt.toISOString(),
    endedAt: run.endedAt?.toISOString() ?? null,
  }
}
