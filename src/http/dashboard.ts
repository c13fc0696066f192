import type { Context as HonoContext } from 'hono'
import type { Api } from './api.ts'
import { createDashboardFiles } from './dashboard-files.ts'

/** Addresses that the page itself understands; `src/dashboard/app.tsx` shows what stands at each. */
export const dashboardPages = [
  '/',
  '/sign-up',
  '/transactions',
  '/accounts',
  '/accounts/:id',
  '/sources',
  '/sources/:id',
  '/settings',
  '/operations',
]

/** The page loads, asks and runs what comes from its own server, and nothing else; no other page may hold it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const pageHeaders = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/** The dashboard, where it was built: a page and its files. It speaks the API as any other client does. */
export function serveDashboard({ app, parts: { dashboard } }: Api): void {
  if (dashboard === undefined) return
  const files = createDashboardFiles(dashboard)

  async function send(c: HonoContext, name: string, headers: Record<string, string>): Promise<Response> {
    const file = await files(name)
    if (!file) return c.notFound()
    const common = { ...headers, etag: file.etag, vary: 'Accept-Encoding', 'content-type': file.type }
    if (isKnown(file.etag, c.req.header('if-none-match')))
      return new Response(null, { status: 304, headers: common })
    const encoding = encodingFor(c.req.header('accept-encoding'))
    if (encoding === undefined) return new Response(file.bytes, { headers: common })
    return new Response(file[encoding], { headers: { ...common, 'content-encoding': encoding } })
  }

  for (const path of dashboardPages)
    app.get(path, (c) => send(c, 'index.html', { ...pageHeaders, 'cache-control': 'no-cache' }))
  for (const name of ['favicon.svg', 'theme.js'])
    app.get(`/${name}`, (c) => send(c, name, { 'cache-control': 'no-cache' }))
  // Their names change with their content.
  app.get('/assets/:name', (c) =>
    send(c, `assets/${c.req.param('name')}`, { 'cache-control': 'public, max-age=31536000, immutable' }),
  )
}

/** Proxies that compress mark an ETag as weak: by RFC 9110, section 13.1.2, that makes no difference here. */
function isKnown(etag: string, known = ''): boolean {
  return known.split(',').some((each) => each.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''))
}

function encodingFor(accepted = ''): 'br' | 'gzip' | undefined {
  const names = accepted.split(',').filter((each) => !/;\s*q=0(\.0*)?\s*$/.test(each))
  return (['br', 'gzip'] as const).find((name) => names.some((each) => each.split(';')[0]!.trim() === name))
}
