import type { MiddlewareHandler } from 'hono'
import type { Limit } from '../connector.ts'

/** A request as the emulated provider counted it. */
export interface CountedRequest {
  /** Milliseconds since the epoch, by the emulator's clock. */
  at: number
  method: string
  path: string
  status: number
}

export interface Traffic {
  /** Every request that was let in, refused ones included, oldest first. */
  requests(): CountedRequest[]
  /** The most requests in any stretch of `per` milliseconds, refused ones included. */
  mostWithin(per: number): number
  /** Counts each request, and answers 429 beyond the limits. */
  middleware: MiddlewareHandler
}

export interface TrafficOptions {
  clock: () => Date
  /** The provider's own limits, which it enforces with 429. */
  limits?: Pick<Limit, 'max' | 'per' | 'kind'>[]
  /** What the limits count together; everything unless told (the connection, by its credentials). */
  scopeOf?: (request: Request) => string | Promise<string>
}

/** Counts what an emulator is asked, by a clock of its own, and enforces limits as the provider does. */
export function countTraffic({ clock, limits = [], scopeOf = () => '' }: TrafficOptions): Traffic {
  const requests: CountedRequest[] = []
  const byScope = new Map<string, number[]>()

  const retryAfter = (times: number[], now: number): number | undefined => {
    let wait: number | undefined
    for (const { max, per, kind } of limits) {
      const from = kind === 'fixed' ? Math.floor(now / per) * per : now - per
      const inside = times.filter((at) => (kind === 'fixed' ? at >= from : at > from))
      if (inside.length < max) continue
      const free = kind === 'fixed' ? from + per : inside.at(-max)! + per
      wait = Math.max(wait ?? 0, free - now)
    }
    return wait
  }

  return {
    requests: () => requests,
    mostWithin(per) {
      let most = 0
      let first = 0
      for (const [last, request] of requests.entries()) {
        while (requests[first]!.at <= request.at - per) first++
        most = Math.max(most, last - first + 1)
      }
      return most
    },
    middleware: async (context, next) => {
      const now = clock().getTime()
      const scope = await scopeOf(context.req.raw)
      const times = byScope.get(scope) ?? []
      byScope.set(scope, times)
      const wait = retryAfter(times, now)
      const request: CountedRequest = {
        at: now,
        method: context.req.method,
        path: context.req.path,
        status: 429,
      }
      requests.push(request)
      if (wait !== undefined)
        return context.text('too many requests', 429, { 'retry-after': String(Math.ceil(wait / 1000)) })
      times.push(now)
      await next()
      request.status = context.res.status
    },
  }
}
