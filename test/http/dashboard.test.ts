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
    // What an operator sees stands at any of them, whatever its address.
    const known = routes.map(([, route]) => route)
    expect(dashboardPages.filter((path) => !known.includes(path))).toEqual(['/operations'])
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

  test('and not at all where there is none', async () => {
    const { app } = await startApp(db)
    for (const path of [...dashboardPages, '/theme.js', '/assets/index-abc.js'])
      expect([path, (await app.request(path)).status]).toEqual([path, 404])
  })
})
