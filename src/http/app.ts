import { Hono } from 'hono'
import type { Sql } from '../db/client.ts'
import { isAnswering } from '../db/ping.ts'

/** The HTTP application. Health only: `/healthz` says that the process lives, `/readyz` that it can answer. */
export function createApp({ sql }: { sql: Sql }): Hono {
  const app = new Hono()
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) =>
    (await isAnswering(sql))
      ? c.json({ status: 'ready' })
      : c.json({ status: 'the database does not answer' }, 503),
  )
  return app
}
