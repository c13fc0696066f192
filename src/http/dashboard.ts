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

/** Where programs ask: the page does not answer there, whoever it is. */
const ofPrograms = /^\/(v1|user|webhooks|docs|openapi\.json|healthz|readyz|metrics|assets)(\/|$)/

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

  async function send(
    c: HonoContext,
    name: string,
    headers: Record<string, string>,
    status: 200 | 404 = 200,
  ): Promise<Response> {
    const file = await files(name)
    if (!file) return c.notFound()
    const common = { vary: 'Accept-Encoding', ...headers, etag: file.etag, 'content-type': file.type }
    // Whoever asks for what is not there has not got it yet.
    if (status === 200 && isKnown(file.etag, c.req.header('if-none-match')))
      return new Response(null, { status: 304, headers: common })
    const encoding = encodingFor(c.req.header('accept-encoding'))
    if (encoding === undefined) return new Response(file.bytes, { status, headers: common })
    return new Response(file[encoding], { status, headers: { ...common, 'content-encoding': encoding } })
  }

  const page = { ...pageHeaders, 'cache-control': 'no-cache' }
  for (const path of dashboardPages) app.get(path, (c) => send(c, 'index.html', page))
  for (const name of ['favicon.svg', 'theme.js'])
    app.get(`/${name}`, (c) => send(c, name, { 'cache-control': 'no-cache' }))
  // Their names change with their content.
  app.get('/assets/:name', (c) =>
    send(c, `assets/${c.req.param('name')}`, { 'cache-control': 'public, max-age=31536000, immutable' }),
  )
  // The page takes its address as it stands in the browser: each has one alone.
  for (const path of dashboardPages.filter((each) => each !== '/'))
    app.get(`${path}/`, (c, next) => {
      if (!prefersHtml(c.req.header('accept'))) return next()
      c.header('cache-control', 'no-cache')
      return Promise.resolve(c.redirect(c.req.path.slice(0, -1) + new URL(c.req.url).search, 308))
    })
  // Behind all other routes: a person who mistyped an address sees the page, which tells them so.
  app.get('*', (c, next) => {
    if (ofPrograms.test(c.req.path) || !prefersHtml(c.req.header('accept'))) return next()
    return send(c, 'index.html', { ...page, vary: 'Accept, Accept-Encoding' }, 404)
  })
}

/**
 * Browsers name `text/html` where a person goes to an address; programs name JSON, or take anything. RFC 9110, section
 * 12.5.1.
 */
function prefersHtml(accepted = ''): boolean {
  const qualities = accepted.split(',').map((each) => {
    const [type, ...parameters] = each.split(';').map((part) => part.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return { type: type!, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
  })
  const best = (matching: RegExp) =>
    Math.max(0, ...qualities.filter(({ type }) => matching.test(type)).map(({ quality }) => quality))
  const html = best(/^text\/html$/)
  return html > best(/^application\/(problem\+)?json$/) && html >= best(/^\*\/\*$/)
}

/** Proxies that compress mark an ETag as weak: by RFC 9110, section 13.1.2, that makes no difference here. */
function isKnown(etag: string, known = ''): boolean {
  return known.split(',').some((each) => each.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''))
}

function encodingFor(accepted = ''): 'br' | 'gzip' | undefined {
  const names = accepted.split(',').filter((each) => !/;\s*q=0(\.0*)?\s*$/.test(each))
  return (['br', 'gzip'] as const).find((name) => names.some((each) => each.split(';')[0]!.trim() === name))
}
