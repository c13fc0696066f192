import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, expect, inject } from 'vitest'
import { listen } from '../../src/connectors/emulator/listen.ts'
import type { HttpParts } from '../../src/http/parts.ts'
import type { TestDatabase } from './database.ts'
import { startApp, type TestApp } from './http.ts'
import { openLogIn } from './log-in.ts'

export interface TestDashboard extends TestApp {
  url: string
  /** A page of a browser that knows nothing yet. */
  open(path: string, options?: OpenOptions): Promise<Page>
  /** The same, logged in. */
  openAs(userId: string, path: string, options?: OpenOptions): Promise<Page>
}

export interface OpenOptions extends BrowserContextOptions {
  /** Answers beyond 399 that the test brings about: the browser says on its console that they came. */
  refusals?: number[]
  /** The test loses requests or their answers. */
  unreachable?: boolean
}

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

/** The day and the moment of every page and of its server: a run across midnight is as any other. */
export const today = '2026-06-17'
export const present = new Date(`${today}T12:00:00Z`)

let browser: Browser | undefined
let profile: string | undefined
const closes: (() => Promise<unknown>)[] = []
const opened: { page: Page; faults: string[] }[] = []

/** The whole application with its dashboard on a port of its own, at `present`, until the file's tests have ended. */
export async function startDashboard(
  db: TestDatabase,
  rest: Partial<HttpParts> = {},
): Promise<TestDashboard> {
  const http = await startApp(db, { dashboard: inject('dashboard'), ...rest })
  http.time.now = present
  const { url, close } = await listen(toldTime(http) as never)
  closes.push(close)
  const open: TestDashboard['open'] = (path, options) => openPage(url, path, options)
  return {
    ...http,
    url,
    open,
    async openAs(userId, path, options = {}) {
      const { refreshToken } = await openLogIn(db, http, userId)
      const kept = { kind: 'user', userId, accessToken: 'ended', accessUntil: 0, refreshToken }
      const origins = [
        { origin: url, localStorage: [{ name: 'tidemark.session', value: JSON.stringify(kept) }] },
      ]
      return open(path, { ...options, storageState: { cookies: [], origins } })
    },
  }
}

/** A page reads the server's time off its answers: it is to be told that of the application. */
function toldTime({ app, parts }: TestApp): Pick<TestApp['app'], 'fetch'> {
  return {
    async fetch(...asked) {
      const response = await app.fetch(...asked)
      response.headers.set('date', parts.clock().toUTCString())
      return response
    },
  }
}

/** Has a page's clock show `present` when the page is opened, and go on from there. Timers are left alone. */
const setClock = (ahead: number) => {
  const Device = Date
  globalThis.Date = class extends Device {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [Device.now() + ahead] : given) as [number]))
    }
    static override now() {
      return Device.now() + ahead
    }
  } as DateConstructor
}

async function openPage(
  url: string,
  path: string,
  { refusals = [], unreachable = false, ...options }: OpenOptions = {},
): Promise<Page> {
  const context = await (await startBrowser()).newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  })
  await context.addInitScript(setClock, present.getTime() - Date.now())
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const status = Number(/Failed to load resource: .* status of (\d+)/.exec(message.text())?.[1])
    if (unreachable && /Failed to load resource: net::ERR_/.test(message.text())) return
    if (!refusals.includes(status)) faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (origin !== url && !['blob:', 'data:'].includes(protocol)) faults.push(`request to ${request.url()}`)
  })
  opened.push({ page, faults })
  await page.goto(url + path)
  return page
}

async function startBrowser(): Promise<Browser> {
  profile ??= await mkdtemp(join(tmpdir(), 'tidemark-chromium-'))
  browser ??= await chromium.launch({
    executablePath: inject('chromium'),
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu', '--disable-dev-shm-usage'],
    env: { ...process.env, HOME: profile } as Record<string, string>,
  })
  return browser
}

/** What no page may do: report an error, warn, or ask another host. */
afterEach(async () => {
  const faults = opened.flatMap((each) => each.faults)
  for (const { page } of opened) await page.context().close()
  opened.length = 0
  expect(faults).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  for (const close of closes) await close()
  if (profile) await rm(profile, { recursive: true, force: true })
})

/** What axe-core finds that is serious or critical, each with where it is. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = (await page.evaluate(
    'axe.run(document).then((result) => result.violations)',
  )) as axe.Result[]
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}
