import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, MiddlewareHandler } from 'hono'

/** What goes wrong on the way, whatever the provider's protocol is. */
export type TransportFault =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** No answer: before the provider acted, or after it did. */
  | { kind: 'silence'; when: 'before' | 'after' }
  | { kind: 'reset'; when: 'before' | 'after' }
  /** The answer ends in the middle. */
  | { kind: 'truncated' }
  | { kind: 'oversized'; bytes: number }
  /** The answer's text, changed: a wrong type, another field. */
  | { kind: 'rewritten'; rewrite: (body: string) => string }

export interface Faults {
  /** The request that arrives after `skip` others meets the fault; faults are met in the order they were given. */
  plan(fault: TransportFault, skip?: number): void
  clear(): void
  /** How many planned faults have been met. */
  met(): number
  middleware: MiddlewareHandler
}

export function createFaults(): Faults {
  let planned: { fault: TransportFault; skip: number }[] = []
  let met = 0
  return {
    plan: (fault, skip = 0) => {
      planned.push({ fault, skip })
    },
    clear: () => {
      planned = []
    },
    met: () => met,
    middleware: async (context, next) => {
      const due = planned[0]
      if (!due) return next()
      if (due.skip-- > 0) return next()
      planned.shift()
      met++
      const { fault } = due
      switch (fault.kind) {
        case 'status':
          return context.body(fault.body ?? '', fault.status as 500, fault.headers ?? {})
        case 'silence':
        case 'reset': {
          if (fault.when === 'after') await next()
          const broken = fault.kind === 'silence' ? await neverAnswer(context.req.raw.signal) : reset(context)
          // An answer that is already there counts before one that is returned.
          context.res = undefined
          context.res = broken
          return
        }
        case 'oversized':
          return context.body('x'.repeat(fault.bytes), 200)
        default: {
          await next()
          const body = await context.res.text()
          const { status } = context.res
          const headers = new Headers(context.res.headers)
          headers.delete('content-length')
          const text =
            fault.kind === 'truncated' ? body.slice(0, Math.floor(body.length / 2)) : fault.rewrite(body)
          context.res = undefined
          context.res = new Response(text, { status, headers })
        }
      }
    },
  }
}

/** Until the asking side gives up. */
async function neverAnswer(gaveUp: AbortSignal): Promise<Response> {
  await new Promise<void>((resolve) => {
    if (gaveUp.aborted) resolve()
    gaveUp.addEventListener('abort', () => resolve(), { once: true })
  })
  return new Response(null, { status: 499 })
}

/** Breaks the connection in the middle of an answer. An emulator that is not served over HTTP has none. */
function reset(context: Context): Response {
  const { outgoing } = context.env as HttpBindings
  outgoing.writeHead(200, { 'content-length': '1000' })
  outgoing.write('{', () => outgoing.destroy())
  return RESPONSE_ALREADY_SENT
}
