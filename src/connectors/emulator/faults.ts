import type { MiddlewareHandler } from 'hono'

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
          return breakOff(context.req.raw.signal, fault.kind)
        }
        case 'oversized':
          return context.body('x'.repeat(fault.bytes), 200)
        default: {
          await next()
          const body = await context.res.text()
          const headers = new Headers(context.res.headers)
          headers.delete('content-length')
          const text =
            fault.kind === 'truncated' ? body.slice(0, Math.floor(body.length / 2)) : fault.rewrite(body)
          context.res = undefined
          context.res = new Response(text, { status: 200, headers })
        }
      }
    },
  }
}

/** Never answers until the asking side gives up, or breaks the connection in the middle of an answer. */
async function breakOff(gaveUp: AbortSignal, kind: 'silence' | 'reset'): Promise<Response> {
  if (kind === 'silence') {
    await new Promise<void>((resolve) => {
      if (gaveUp.aborted) resolve()
      gaveUp.addEventListener('abort', () => resolve(), { once: true })
    })
    return new Response(null, { status: 499 })
  }
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{'))
    },
    pull(controller) {
      controller.error(new Error('reset'))
    },
  })
  return new Response(body, { status: 200, headers: { 'content-length': '1000' } })
}
