import { randomUUID } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { serveAccountBalances } from './account-balances.ts'
import { serveAccounts } from './accounts.ts'
import { serveAggregator } from './aggregator.ts'
import { serveAllRuns } from './all-runs.ts'
import { serveAnnotations } from './annotations.ts'
import { type Api, createApi } from './api.ts'
import { serveBalance } from './balance.ts'
import { serveDashboard } from './dashboard.ts'
import { serveDeadLetters } from './dead-letters.ts'
import { serveDocs } from './docs.ts'
import { serveExport } from './export.ts'
import { serveFeed } from './feed.ts'
import { serveHealth } from './health.ts'
import { serveIdentity } from './identity.ts'
import { serveManualTransactions } from './manual-transactions.ts'
import { serveNetWorth } from './net-worth.ts'
import { answerError } from './on-error.ts'
import { serveOperations } from './operations.ts'
import type { HttpParts } from './parts.ts'
import { problem } from './problem.ts'
import { serveSourceActions } from './source-actions.ts'
import { serveSourceRuns } from './source-runs.ts'
import { serveSourceTypes } from './source-types.ts'
import { serveSources } from './sources.ts'
import { serveStatementFiles } from './statement-files.ts'
import { serveTransactions } from './transactions.ts'
import { serveWebhooks } from './webhook-route.ts'

/** The HTTP application: every route of the API, its document, health and metrics, and the dashboard. */
export function createApp(parts: HttpParts): Api['app'] {
  const api = createApi(parts)
  watch(api)
  serveIdentity(api)
  serveNetWorth(api)
  serveBalance(api)
  serveFeed(api)
  serveAccounts(api)
  serveAccountBalances(api)
  // Before the route of one transaction, whose id it would be.
  serveExport(api)
  serveTransactions(api)
  serveManualTransactions(api)
  serveAnnotations(api)
  serveAggregator(api)
  serveDeadLetters(api)
  serveSourceActions(api)
  serveSourceRuns(api)
  serveSourceTypes(api)
  serveSources(api)
  serveStatementFiles(api)
  serveWebhooks(api)
  serveOperations(api)
  serveAllRuns(api)
  serveHealth(api)
  serveDocs(api)
  serveDashboard(api)
  return api.app
}

/** Around every request: its id, who asks from where, what it is answered with where it fails, and its log line. */
function watch({ app, parts, routes, metrics }: Api): void {
  app.use('*', async (c, next) => {
    const begin = performance.now()
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
    const headers: Record<string, string> = {
      'x-request-id': requestId,
      'x-content-type-options': 'nosniff',
    }
    c.set('requestId', requestId)
    c.set('headers', headers)
    c.set(
      'address',
      addressOf(c.env as Partial<HttpBindings> | undefined, c.req.header('x-forwarded-for'), parts),
    )
    if (isMalformed(c.req.raw.url))
      c.res = problem('invalid-request', { requestId, detail: 'the address has a % that escapes nothing' })
    else await next()
    // The connection takes no further request: a client in need of one connects anew, elsewhere.
    if (parts.signal.aborted) headers.connection = 'close'
    for (const name in headers) c.res.headers.set(name, headers[name]!)
    const milliseconds = performance.now() - begin
    const route = c.get('route') ?? 'none'
    metrics.observe(c.req.method, route, c.res.status, milliseconds / 1000)
    parts.log.info(
      {
        requestId,
        method: c.req.method,
        route,
        status: c.res.status,
        milliseconds: Math.round(milliseconds * 1000) / 1000,
        caller: c.get('caller')?.subject,
      },
      'request',
    )
  })
  app.onError((error, c) => {
    // Whoever sent half of a request and went away reads no answer, and it is nobody's fault.
    const gone = c.req.raw.signal.aborted
    if (gone) parts.log.debug({ requestId: c.get('requestId'), err: error }, 'the client went away')
    return gone
      ? problem('invalid-request', { requestId: c.get('requestId'), detail: 'the request broke off' })
      : answerError(error, c.get('requestId'), parts.log)
  })
  app.notFound((c) => {
    const requestId = c.get('requestId')
    const methods = routes
      .filter((route) => isPathOf(route.path, c.req.path))
      .map(({ method }) => method.toUpperCase())
    if (methods.length === 0) return problem('not-found', { requestId, detail: 'there is no such resource' })
    const allow = [...new Set(methods)].join(', ')
    return problem('method-not-allowed', { requestId, detail: `allowed here: ${allow}`, headers: { allow } })
  })
}

/** Escapes that stand for no Unicode text would be read as they stand. */
function isMalformed(url: string): boolean {
  if (!url.includes('%')) return false
  try {
    decodeURIComponent(url)
    return false
  } catch {
    return true
  }
}

function isPathOf(template: string, path: string): boolean {
  const parts = template.split('/')
  const given = path.split('/')
  return (
    parts.length === given.length &&
    parts.every((part, index) => part.startsWith('{') || part === given[index])
  )
}

/** The peer's, or, behind so many trusted proxies, what the first of them was asked from. */
function addressOf(
  env: Partial<HttpBindings> | undefined,
  forwarded: string | undefined,
  { trustedProxies }: Pick<HttpParts, 'trustedProxies'>,
): string {
  const peer = env?.incoming?.socket.remoteAddress ?? 'unknown'
  if (trustedProxies === 0 || forwarded === undefined) return peer
  const hops = forwarded.split(',').map((hop) => hop.trim())
  return hops.at(-trustedProxies) ?? hops[0] ?? peer
}
