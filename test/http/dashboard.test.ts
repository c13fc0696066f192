import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dashboardPages } from '../../src/http/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'

const db = await cloneDatabase()
const place = await mkdtemp(join(tmpdir(), 'tidemark-served-'))
const folder = join(place, 'dashboard')
const files: Record<string, string> = {
  'index.html': '<!doctype html><title>Tidemark</title>',
  'theme.js': 'document.title',
  'favicon.svg': '<svg/>',
  'assets/index-abc.js': `export const text = '${'tide'.repeat(500)}'`,
  'assets/index-abc.css': 'body { color: green }',
  'assets/notes.txt': 'no type is known for it',
}
let app: TestApp['app']

beforeAll(async () => {
  await mkdir(join(folder, 'assets'), { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await writeFile(join(place, 'outside.js'), 'secret')
  app = (await startApp(db, { dashboard: folder })).app
})
afterAll(() => rm(place, { recursive: true, force: true }))

const page = files['index.html']
const script = files['assets/index-abc.js']!
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers })

describe('the page', () => {
  test('allows what comes from its own server, and no other page to hold it', async () => {
    const { status, headers } = await get('/')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = new Map(
      headers
        .get('content-security-policy')!
        .split('; ')
        .map((each) => [each.split(' ')[0], each.split(' ').slice(1)]),
    )
    expect(policy.get('default-src')).toEqual(["'none'"])
    for (const name of ['script-src', 'style-src', 'connect-src'])
      expect([name, policy.get(name)]).toEqual([name, ["'self'"]])
    for (const name of ['base-uri', 'frame-ancestors'])
      expect([name, policy.get(name)]).toEqual([name, ["'none'"]])
    expect([...policy.values()].flat()).not.toContain("'unsafe-inline'")
    expect([...policy.values()].flat()).not.toContain("'unsafe-eval'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('has nothing inline, which the policy would refuse', async () => {
    const source = await readFile('src/dashboard/index.html', 'utf8')
    for (const [tag] of source.matchAll(/<(script|style)\b[^>]*>/g)) expect(tag).toContain(' src="/')
    expect(source).not.toMatch(/\s(style|on\w+)=/)
  })

  test('is asked for again each time, and sent where it has changed', async () => {
    const first = await get('/')
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const etag = first.headers.get('etag')!
    for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`]) {
      const again = await get('/', { 'if-none-match': known })
      expect([known, again.status, await again.text()]).toEqual([known, 304, ''])
      expect(again.headers.get('etag')).toBe(etag)
      expect(again.headers.get('content-security-policy')).toBe(first.headers.get('content-security-policy'))
    }
    const other = await get('/', { 'if-none-match': 'W/"other"' })
    expect([other.status, await other.text()]).toEqual([200, page])
  })

  test('stands at every address that the dashboard knows', async () => {
    const routes = [...(await readFile('src/dashboard/app.tsx', 'utf8')).matchAll(/<Route path="([^"]+)"/g)]
    expect(routes.length).toBeGreaterThan(7)
    for (const [, route] of routes) {
      const response = await get(route!.replace(':id', '17'))
      expect([route, response.status, await response.text()]).toEqual([route, 200, page])
    }
    const known = routes.map(([, route]) => route)
    expect(dashboardPages.filter((path) => !known.includes(path))).toEqual([])
  })

  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

  test.each(['/nowhere', '/accounts/1/nowhere', '/v12', '/users', '/nowhere/', '/index.html', '//accounts'])(
    'tells a person that there is nothing at %s',
    async (path) => {
      const first = await get(path, { accept: browser })
      expect([path, first.status, await first.text()]).toEqual([path, 404, page])
      expect(first.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(first.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(first.headers.get('x-frame-options')).toBe('DENY')
      expect(first.headers.get('cache-control')).toBe('no-cache')
      expect(first.headers.get('vary')).toBe('Accept, Accept-Encoding')
      // Also whoever knows the page, from elsewhere.
      const known = { accept: browser, 'if-none-match': first.headers.get('etag')! }
      expect((await get(path, known)).status).toBe(404)
      const packed = await get(path, { accept: browser, 'accept-encoding': 'br' })
      expect([packed.status, packed.headers.get('content-encoding')]).toEqual([404, 'br'])
      const head = await app.request(path, { method: 'HEAD', headers: { accept: browser } })
      expect([head.status, await head.text()]).toEqual([404, ''])
    },
  )

  test.each([
    '*/*',
    '',
    'application/json',
    'text/html, application/json',
    'text/html;q=0.5, application/problem+json',
    'text/html;q=0.5, */*',
    'text/html;q=0',
    'text/htmlx',
    'image/avif,image/webp,*/*;q=0.8',
  ])('is not for a program that accepts "%s"', async (accept) => {
    for (const path of ['/nowhere', '/accounts/']) {
      const response = await get(path, { accept })
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json',
      ])
    }
  })

  test.each(['text/html', 'TEXT/HTML', 'text/html; charset=utf-8, */*;q=0.1', 'text/html, */*'])(
    'is for whoever accepts "%s"',
    async (accept) => expect(await (await get('/nowhere', { accept })).text()).toBe(page),
  )

  test('has each address without a slash at its end, and leads there', async () => {
    for (const path of dashboardPages.filter((each) => each !== '/')) {
      const to = `${path.replace(':id', '17')}?from=2024-01-01`
      const { status, headers } = await get(to.replace('?', '/?'), { accept: browser })
      expect([status, headers.get('location'), headers.get('cache-control')]).toEqual([308, to, 'no-cache'])
      expect((await get(to, { accept: browser })).status).toBe(200)
    }
    // Nowhere else: a path that begins with two would be another server’s.
    for (const path of ['//accounts/', '/accounts//', '/accounts/1//'])
      expect([path, (await get(path, { accept: browser })).status]).toEqual([path, 404])
  })

  test('answers HEAD as GET, without a body', async () => {
    const response = await app.request('/accounts', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

describe('its files', () => {
  test('are kept for good where their names change with their content', async () => {
    const response = await get('/assets/index-abc.js')
    expect([response.status, await response.text()]).toEqual([200, script])
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get('/assets/index-abc.css')).headers.get('content-type')).toBe('text/css; charset=utf-8')
    for (const name of ['/theme.js', '/favicon.svg'])
      expect((await get(name)).headers.get('cache-control')).toBe('no-cache')
  })

  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['br;q=0.0', null],
    ['identity', null],
    ['', null],
  ])('for "%s" come as %s', async (accepted, encoding) => {
    const response = await get('/assets/index-abc.js', { 'accept-encoding': accepted })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('vary')).toBe('Accept-Encoding')
    const bytes = Buffer.from(await response.arrayBuffer())
    const read = { br: brotliDecompressSync, gzip: gunzipSync, null: (same: Buffer) => same }
    expect(read[`${encoding}` as keyof typeof read](bytes).toString()).toBe(script)
    if (encoding) expect(bytes.length).toBeLessThan(200)
  })

  test.each([
    '/assets/../outside.js',
    '/assets/..%2foutside.js',
    '/assets/..%2f..%2foutside.js',
    '/assets/%2e%2e%2foutside.js',
    '/assets/..%5coutside.js',
    '/assets/%2fetc%2fpasswd',
    '/assets/index-abc.js%00.svg',
    '/assets/notes.txt',
    '/assets/',
    '/assets/index-old.js',
    '/index.html',
    '/nowhere',
    '/accounts/1/nowhere',
    '/__proto__',
    '/assets/constructor',
  ])('are all that is served: %s is not there', async (path) => {
    const response = await get(path)
    expect([path, response.status]).toEqual([path, 404])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ type: 'urn:tidemark:problem:not-found' })
  })

  test('belong together, also where others are built in their place', async () => {
    const copy = join(place, 'replaced')
    await mkdir(join(copy, 'assets'), { recursive: true })
    await writeFile(join(copy, 'index.html'), 'old')
    await writeFile(join(copy, 'assets/index-old.js'), 'old script')
    const { app } = await startApp(db, { dashboard: copy })
    expect(await (await app.request('/')).text()).toBe('old')
    await rm(copy, { recursive: true })
    expect(await (await app.request('/assets/index-old.js')).text()).toBe('old script')
  })
})

describe('beside the API', () => {
  test('which is answered as ever', async () => {
    expect((await get('/healthz')).headers.get('content-security-policy')).toBeNull()
    expect(await (await get('/v1/accounts')).json()).toMatchObject({ status: 401 })
    expect((await get('/openapi.json')).headers.get('content-type')).toContain('application/json')
    expect((await get('/docs')).status).toBe(200)
    expect((await app.request('/', { method: 'POST' })).status).toBe(404)
  })

  test.each([
    '/v1',
    '/v1/nowhere',
    '/v1/sources/1/nowhere',
    '/webhooks/nowhere/deeper',
    '/docs/nowhere',
    '/openapi.json/',
    '/healthz/',
    '/readyz/',
    '/metrics/',
    '/assets/index-old.js',
    '/assets/',
  ])('which answers %s itself, also where a browser asks', async (path) => {
    const response = await get(path, { accept: 'text/html' })
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      404,
      'application/problem+json',
    ])
  })

  test('where a browser may not ask as it did', async () => {
    for (const [path, status] of [
      ['/v1/tokens', 405],
      ['/webhooks/nowhere', 405],
      ['/user/nowhere', 401],
    ] as const) {
      const asked = await get(path, { accept: 'text/html' })
      expect([path, asked.status, asked.headers.get('content-type')]).toEqual([
        path,
        status,
        'application/problem+json',
      ])
    }
    const sent = await app.request('/nowhere', { method: 'POST', headers: { accept: 'text/html' } })
    expect([sent.status, sent.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  })

  test('and not at all where there is none', async () => {
    const { app } = await startApp(db)
    for (const path of [...dashboardPages, '/theme.js', '/assets/index-abc.js'])
      expect([path, (await app.request(path)).status]).toEqual([path, 404])
    const lost = await app.request('/nowhere', { headers: { accept: 'text/html' } })
    expect(lost.headers.get('content-type')).toBe('application/problem+json')
  })
})
