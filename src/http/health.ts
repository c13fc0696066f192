import { z } from '@hono/zod-openapi'
import { isAnswering } from '../db/ping.ts'
import type { Api } from './api.ts'
import { defineRoute } from './define-route.ts'

export const getHealth = defineRoute({
  method: 'get',
  path: '/healthz',
  id: 'getHealth',
  tag: 'Operations',
  summary: 'Whether the process lives',
  access: 'public',
  answer: { status: 200, description: 'It does.', schema: z.object({ status: z.literal('ok') }) },
})

export function serveHealth({ serve, app, parts }: Api): void {
  serve(getHealth, async () => ({ status: 'ok' as const }))
  app.get('/readyz', async (c) =>
    (await isAnswering(parts.db.sql))
      ? c.json({ status: 'ready' })
      : c.json({ status: 'the database does not answer' }, 503),
  )
}
