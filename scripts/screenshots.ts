/**
 * The pictures of the README: `npm run screenshots [FOLDER]`. Starts the demo in a data folder of its own, follows its
 * link in Chromium, and writes a PNG of each page (docs/images unless told).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'
import { findChromium } from '../test/setup/find-chromium.ts'

interface Picture {
  name: string
  path: string
  heading: string
  /** A text that is there once the page shows what it should. */
  awaited?: string
  look?: BrowserContextOptions
}

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const pictures: Picture[] = [
  { name: 'net-worth', path: '/', heading: 'Net worth' },
  { name: 'net-worth-dark', path: '/', heading: 'Net worth', look: { colorScheme: 'dark' } },
  { name: 'net-worth-phone', path: '/', heading: 'Net worth', look: phone },
  { name: 'accounts', path: '/accounts', heading: 'Accounts' },
  { name: 'transactions', path: '/transactions', heading: 'Transactions' },
  { name: 'sources', path: '/sources', heading: 'Sources', awaited: 'Old savings bank' },
]
/** Of the chart: what shows most of it. */
const chosen = { range: '5Y', by: 'kind' }
/** Bytes beyond which a picture does not belong into a README. */
const largest = 300 * 1024
/** One household, so that the pictures differ by what the dashboard has become, and by the day. */
const seed = '1'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = resolve(process.argv[2] ?? join(root, 'docs', 'images'))
const executablePath = findChromium(process.env)
if (executablePath === undefined) throw new Error('no Chromium was found here: TIDEMARK_CHROMIUM names one')

const place = await mkdtemp(join(tmpdir(), 'tidemark-screenshots-'))
// Started by root, the database server runs as another user, who has to come through.
await chmod(place, 0o711)
let demo: ChildProcess | undefined
let browser: Browser | undefined
try {
  demo = spawn(process.execPath, [join(root, 'bin', 'tidemark'), 'demo', '--seed', seed], {
    env: { PATH: process.env.PATH, PORT: '0', TIDEMARK_DATA_DIR: join(place, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const link = await linkOf(demo)
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu', '--disable-dev-shm-usage'],
    env: { ...process.env, HOME: place } as Record<string, string>,
  })
  await mkdir(folder, { recursive: true })
  for (const picture of pictures) {
    const file = join(folder, `${picture.name}.png`)
    await take(browser, link, picture, file)
    const { size } = await stat(file)
    console.log(`${file}  ${Math.ceil(size / 1024)} KB`)
    if (size > largest) throw new Error(`${file} is larger than ${largest / 1024} KB`)
  }
} finally {
  await browser?.close()
  if (demo?.exitCode === null) {
    demo.kill('SIGINT')
    await once(demo, 'close')
  }
  await rm(place, { recursive: true, force: true })
}

/** What the demo ends with, once it is there. */
async function linkOf({ stdout }: ChildProcess): Promise<string> {
  let text = ''
  for await (const piece of stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += piece
    const link = /^ {2}(http:\/\/\S+)\n/m.exec(text)?.[1]
    if (link !== undefined) return link
  }
  throw new Error('the demo has ended without its link')
}

async function take(browser: Browser, link: string, picture: Picture, file: string): Promise<void> {
  const { path, heading, awaited, look } = picture
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...look,
  })
  await context.addInitScript(
    `localStorage.setItem('tidemark.preferences', ${JSON.stringify(JSON.stringify(chosen))})`,
  )
  const page = await context.newPage()
  await page.goto(link)
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  if (path !== '/') await page.goto(new URL(path, link).href)
  await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
  if (awaited !== undefined) await page.getByText(awaited).first().waitFor()
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
  await page.waitForLoadState('networkidle')
  await page.screenshot({ path: file })
  await context.close()
}
