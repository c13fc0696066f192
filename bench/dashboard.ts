import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { addDays } from '../src/calendar.ts'
import { fileSource } from '../src/db/file-source.ts'
import { ingestPage } from '../src/db/ingest.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { findChromium } from '../test/setup/find-chromium.ts'
import { startServe } from './http-server.ts'
import { type AreaReport, milliseconds } from './report.ts'
import type { BenchDatabase } from './server.ts'
import { median, quantile } from './timing.ts'

const points = 400
const accounts = 20
const changes = 25
const loads = 7
const firstDay = '2024-01-01'
const lastDay = addDays(firstDay, points - 1)
const now = new Date(`${addDays(lastDay, 60)}T12:00:00Z`)

/**
 * From the moment at which the page has the answer, parsed, to the frame behind the last stroke on the canvas: of 400
 * days in 20 accounts, whose areas are stacked.
 */
export async function benchDashboard(db: BenchDatabase, shutdown: Shutdown): Promise<AreaReport> {
  const executablePath = findChromium(process.env)
  if (executablePath === undefined)
    throw new RangeError('there is no Chromium here; TIDEMARK_CHROMIUM names one')
  const key = randomBytes(32).toString('base64')
  const server = await startServe({ DATABASE_URL: db.url, TIDEMARK_KEY: key }, shutdown)
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking'],
  })
  shutdown.register(() => browser.close())
  try {
    const page = await openPage(browser, server.url, await addPerson(db, server.url))
    const first: number[] = []
    for (let load = 0; load < loads; load++) {
      await page.reload()
      first.push(await drawn(page))
    }
    const further: number[] = []
    for (let change = 1; change <= changes; change++) {
      await page.getByLabel('From', { exact: true }).fill(addDays(firstDay, change))
      await page.getByLabel('To', { exact: true }).fill(addDays(lastDay, change))
      await page.getByRole('button', { name: 'Show' }).click()
      further.push(await drawn(page))
    }
    const row = (name: string, times: number[]) => [
      name,
      milliseconds(median(times)),
      milliseconds(quantile(times, 0.95)),
      String(times.length),
    ]
    return {
      title: 'The chart of the dashboard',
      about: [
        `${points} points in ${accounts} groups, stacked, in Chromium ${browser.version()} without a graphics card; from the`,
        'parsed answer to the frame that shows the last stroke.',
      ],
      head: ['drawn', 'median', 'p95', 'times'],
      rows: [row('after a reload', first), row('after a change of range', further)],
    }
  } finally {
    await browser.close()
    await server.stop()
  }
}

async function addPerson(db: BenchDatabase, url: string): Promise<string> {
  const person = { email: 'dashboard@example.org', password: randomBytes(12).toString('base64url') }
  const answer = await fetch(`${url}/v1/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(person),
  })
  const { id } = (await answer.json()) as { id: string }
  const names = Array.from({ length: accounts }, (_, account) => `Account ${account}`)
  const rows = names.flatMap((account, place) =>
    Array.from({ length: points + changes }, (_, day) => ({
      type: 'upsert' as const,
      account,
      id: `${place} ${day}`,
      bookedOn: addDays(firstDay, day),
      amount: `${((place * 7919 + day * 104_729) % 2000) - 700}.${10 + (day % 90)}`,
      asset: 'EUR',
      kind: 'card',
      status: 'posted' as const,
    })),
  )
  const sourceId = await fileSource(db.sql, id)
  const page = { accounts: names.map((externalId) => ({ externalId })), changes: rows, balances: [] }
  await ingestPage(db.sql, sourceId, page, now)
  return Buffer.from(JSON.stringify(person)).toString('base64url')
}

async function openPage(browser: Browser, url: string, link: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const preferences = { range: `${firstDay}..${lastDay}`, interval: 'day', by: 'account' }
  await page.addInitScript(
    `localStorage.getItem('tidemark.preferences') ?? localStorage.setItem('tidemark.preferences', ${JSON.stringify(JSON.stringify(preferences))})`,
  )
  await page.addInitScript(watchDrawing)
  await page.goto(`${url}/#log-in=${link}`)
  await drawn(page)
  return page
}

/** Notes when the answer was parsed, and the first frame behind each stroke. */
const watchDrawing = `
  const times = (globalThis.benchTimes = { answered: 0, shown: 0 })
  const json = Response.prototype.json
  Response.prototype.json = async function () {
    const body = await json.call(this)
    if (this.url.includes('/v1/net-worth')) Object.assign(times, { answered: performance.now(), shown: 0 })
    return body
  }
  let awaited = false
  for (const name of ['fill', 'stroke']) {
    const draw = CanvasRenderingContext2D.prototype[name]
    CanvasRenderingContext2D.prototype[name] = function (...rest) {
      draw.apply(this, rest)
      if (awaited) return
      awaited = true
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => {
          awaited = false
          if (times.answered > 0) times.shown = performance.now()
        }
        port2.postMessage(null)
      })
    }
  }`

/** Milliseconds of the next chart that is drawn, once nothing has been drawn any more for a while. */
async function drawn(page: Page): Promise<number> {
  // Asked from here: the page's policy lets no text become code in there.
  while (!(await page.evaluate('benchTimes.shown > 0 && performance.now() - benchTimes.shown > 300')))
    await setTimeout(50)
  const taken = (await page.evaluate('benchTimes.shown - benchTimes.answered')) as number
  await page.evaluate('Object.assign(benchTimes, { answered: 0, shown: 0 })')
  return taken
}
