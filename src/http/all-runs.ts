import { z } from '@hono/zod-openapi'
import { pageRuns } from '../db/all-runs.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'
import { cursor, id, limit } from './fields.ts'
import { cursorOf, readCursor } from './list-cursor.ts'
import { run, runAnswerOf } from './source-runs.ts'

const runOfSource = z
  .object({
    ...run.shape,
    connector: z.string().openapi({ description: '`file`: statement files. `manual`: by hand.' }),
    sourceId: id,
    sourceName: z.string(),
    owner: z.enum(['user', 'platform']).openapi({ description: 'Whose connection it is.' }),
  })
  .openapi('RunOfSource')

export const listRuns = defineRoute({
  method: 'get',
  path: '/v1/operations/runs',
  id: 'listRuns',
  tag: 'Operating',
  summary: 'The syncs of all connections, and the imports of files',
  description:
    'The last recorded first. Runs are kept for some time, 90 days unless the policy `runs` says otherwise. One request looks through so many of them and no more: a page ' +
    'may hold fewer than `limit`, or none, while `nextCursor` goes on.',
  access: ['service'],
  query: z.strictObject({
    outcome: z.enum(['done', 'failed', 'yielded', 'running']).optional(),
    connector: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,39}$/, 'must be the id of a connector, or file or manual')
      .optional(),
    cursor: cursor.optional(),
    limit: limit(200, 50),
  }),
  answer: {
    status: 200,
    description: 'A page of them.',
    schema: z.object({ runs: z.array(runOfSource), nextCursor: z.string().nullable() }),
  },
})

export function serveAllRuns({ serve, parts: { db, reads = db.sql } }: Api): void {
  serve(listRuns, async ({ query }) => {
    const [before] = readCursor(query.cursor, /^([1-9]\d{0,17})$/) ?? []
    const { outcome, connector, limit } = query
    const { runs, next } = await pageRuns(reads, { outcome, connector, before, limit })
    return { runs: runs.map(runAnswerOf), nextCursor: next === null ? null : cursorOf(next) }
  })
}
