import { z } from '@hono/zod-openapi'
import { readReadiness } from '../db/ready.ts'
import type { Api } from './api.ts'
import { authenticate, authorize } from './authenticate.ts'
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

const readiness = z
  .object({
    status: z.enum(['ready', 'not-ready']),
    checks: z.object({
      database: z.enum(['ok', 'away']),
      migrations: z.enum(['ok', 'missing', 'unknown']),
      scheduler: z.enum(['running', 'elsewhere', 'stopped']).openapi({
        description:
          '`elsewhere`: syncs are left to `tidemark worker`. `stopped`: they should run here and do not.',
      }),
    }),
  })
  .openapi('Readiness')

export const getReadiness = defineRoute({
  method: 'get',
  path: '/readyz',
  id: 'getReadiness',
  tag: 'Operations',
  summary: 'Whether the process can answer: its database, the migrations, the scheduler',
  access: 'public',
  answer: { status: 200, description: 'It can.', schema: readiness },
  further: [{ status: 503, description: 'It cannot.', schema: readiness }],
})

export const getMetrics = defineRoute({
  method: 'get',
  path: '/metrics',
  id: 'getMetrics',
  tag: 'Operations',
  summary: 'What is measured, in the text format of Prometheus',
  description:
    'Asked from the machine itself, without a proxy in between, it needs no token; from elsewhere an API key of scope `service`.',
  access: 'public',
  mayAuthenticate: true,
  answer: { status: 200, description: 'The metrics.', type: 'text/plain' },
  problems: ['forbidden'],
})

export function serveHealth(api: Api): void {
  const { serve, parts, metrics } = api
  serve(getMetrics, async ({ address, request }) => {
    const header = request.headers.get('authorization') ?? undefined
    const forwarded = request.headers.has('x-forwarded-for') || request.headers.has('forwarded')
    if (header !== undefined || forwarded || !isLoopback(address))
      authorize(await authenticate(api, header), ['service'])
    return new Response(await metrics.text(), {
      headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
    })
  })

  serve(getHealth, async () => ({ status: 'ok' as const }))
  serve(getReadiness, async () => {
    const { database, migrations, fault } = await readReadiness(parts.db)
    if (fault !== undefined) parts.log.warn({ err: fault }, 'the database does not answer')
    const scheduler = parts.scheduler()
    const ready = database && migrations && scheduler !== 'stopped' && !parts.signal.aborted
    const answer: z.input<typeof readiness> = {
      status: ready ? 'ready' : 'not-ready',
      checks: {
        database: database ? 'ok' : 'away',
        migrations: migrations ? 'ok' : database ? 'missing' : 'unknown',
        scheduler,
      },
    }
    return Response.json(answer, { status: ready ? 200 : 503, headers: { 'cache-control': 'no-store' } })
  })
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(address)
}
