import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import type { EmulatedSimplefin } from '../../src/connectors/simplefin/emulator.ts'
import { fixture as simplefin } from '../../src/connectors/simplefin/fixture.ts'
import { fixture as skeleton } from '../../src/connectors/skeleton/fixture.ts'
import { fixture as vendor } from '../../src/connectors/vendor/fixture.ts'
import { phone, present, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { claimNext, partsFor, serveProvider, syncDue } from '../setup/providers.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

const db = await cloneDatabase()
const clock = createVirtualClock(present)
const options = { clock: clock.now, limits: false }
const bank = await serveProvider(skeleton, options)
const bridge = await serveProvider(simplefin, options)
const platform = await serveProvider(vendor, options)
const served = [bank, bridge, platform]
const dashboard = await startDashboard(db, { clock: clock.now, ...partsFor(served) })
let tokens = 0

beforeEach(async () => {
  for (const { provider } of served) provider.faults.clear()
  // What others connected is not synced in this one's test.
  await db.sql`UPDATE user_source SET status = 'paused' WHERE status = 'active'`
})

async function person() {
  const { user, sourceId } = await newPerson(db)
  const ask = async (method: string, path: string, body?: object) =>
    dashboard.json(method, path, { token: await dashboard.tokenFor(user.id), body })
  return {
    user,
    sourceId,
    ask,
    open: (path: string, more = {}) => dashboard.openAs(user.id, path, more),
    /** Connected to the bank, and not synced yet. */
    async connect(name = 'My bank') {
      const credentials = { token: `token-${tokens++}` }
      const { config } = bank.connection
      const { status, body } = await ask('POST', '/v1/sources', {
        type: 'my-provider',
        name,
        credentials,
        config,
      })
      expect(status).toBe(201)
      return body.id as string
    },
  }
}

const sync = () => syncDue(db, clock, served)
const card = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name })
const state = (page: Page) => page.getByRole('region', { name: 'State' })

test('connect: found, refused at the field, refused by the provider, taken, and seen to sync', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [400, 422] })
  await page.getByRole('link', { name: 'Connect a source' }).click()
  await page.getByRole('heading', { name: 'Connect a source' }).waitFor()
  const offered = page.getByRole('main').getByRole('listitem')
  await offered.first().getByText('Statement files').waitFor()
  // What only a service can connect is not offered.
  expect(await offered.count()).toBe(3)
  expect(await seriousFaults(page)).toEqual([])
  await page.getByLabel('Search').fill('simple')
  await expect.poll(() => offered.count()).toBe(1)
  await page.getByRole('link', { name: 'SimpleFIN' }).click()
  await page.getByRole('heading', { name: 'Connect SimpleFIN' }).waitFor()
  await page.getByText('24 requests in a day').waitFor()
  await page.getByText('up to 2 years back.').waitFor()

  const token = page.getByRole('textbox', { name: 'Setup token' })
  await token.fill('not a token')
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByText('must be a setup token as SimpleFIN shows it').waitFor()
  expect(await token.getAttribute('aria-invalid')).toBe('true')
  expect(await seriousFaults(page)).toEqual([])
  const unknown = Buffer.from(`${bridge.url}/simplefin/claim/UNKNOWN`).toString('base64')
  await token.fill(unknown)
  await page.getByRole('button', { name: 'Connect' }).click()
  await page
    .getByRole('alert')
    .getByText(/the setup token was used already or is not known/)
    .waitFor()

  await token.fill((bridge.provider as EmulatedSimplefin).setupToken(bridge.url))
  await page.getByLabel('Name (optional)').fill('Banks of mine')
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByRole('heading', { name: 'Banks of mine' }).waitFor()
  await state(page).getByText('Due', { exact: true }).waitFor()
  expect(await seriousFaults(page)).toEqual([])

  const first = await claimNext(db, clock, served)
  await state(page).getByText('First sync', { exact: true }).waitFor()
  await first!()
  await page.getByRole('link', { name: 'Everyday Checking' }).waitFor()
  await sync()
  await state(page).getByText('Active', { exact: true }).waitFor()
  const runs = page.getByRole('group', { name: 'Table of syncs' })
  await runs.getByText('What is new').waitFor()
  const { id } = (await ask('GET', '/v1/sources')).body.sources.at(-1)
  const told = (await ask('GET', `/v1/sources/${id}/runs`)).body.runs.map(
    ({ added }: { added: number }) => added,
  )
  const written = await runs.getByText(/rows? added/).allTextContents()
  expect(written.map((text) => Number(/(\d+) rows? added/.exec(text)![1]))).toEqual(
    told.filter((added: number) => added > 0),
  )
  expect(await page.getByRole('link', { name: /Checking|Savings|Card|Miles/ }).count()).toBe(4)
  expect(await seriousFaults(page)).toEqual([])
})

/** A form that was sent, and whose answer was lost on the way. */
async function sentInVain() {
  const { open, ask } = await person()
  const page = await open('/sources/new?type=my-provider', { refusals: [422, 502] })
  let lost = 0
  await page.route('**/v1/sources', async (route) => {
    if (route.request().method() !== 'POST' || lost > 0) return route.continue()
    lost++
    await route.fetch()
    await route.fulfill({ status: 502, body: 'a proxy in between' })
  })
  await page.getByRole('textbox', { name: 'API token' }).fill(`token-${tokens++}`)
  await page.getByLabel('Address of the API').fill(bank.url)
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByRole('alert').getByText('The server answered 502.').waitFor()
  const names = async () =>
    (await ask('GET', '/v1/sources')).body.sources.slice(1).map(({ name }: { name: string }) => name)
  expect(await names()).toEqual(['My Provider'])
  return { page, names }
}

test('sent again after its answer was lost, it is connected once', async () => {
  const { page, names } = await sentInVain()
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByRole('heading', { name: 'My Provider', level: 1, exact: true }).waitFor()
  expect(await names()).toEqual(['My Provider'])
})

test('sent again with other details, it is told that it may be there already', async () => {
  const { page, names } = await sentInVain()
  await page.getByLabel('Name (optional)').fill('Another')
  await page.getByRole('button', { name: 'Connect' }).click()
  await page
    .getByRole('alert')
    .getByText(/may have connected already/)
    .waitFor()
  expect(await names()).toEqual(['My Provider'])
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.getByRole('heading', { name: 'Another', level: 1 }).waitFor()
  expect(await names()).toEqual(['My Provider', 'Another'])
})

test('history comes window by window, and the page follows', async () => {
  const { open, connect } = await person()
  // Rows of a year, one a month.
  const { world } = bank.provider
  for (let month = 2; month < 12; month++) {
    const at = new Date(clock.now().getTime() - month * 30 * 86_400_000).toISOString()
    world.put({ account: 'current-1', id: `old-${month}`, occurredAt: at, amount: `${month}.5` })
  }
  const id = await connect()
  const page = await open(`/sources/${id}`)
  await state(page).getByText('Due', { exact: true }).waitFor()
  const seen: string[] = []
  for (let step = await claimNext(db, clock, served); step; step = await claimNext(db, clock, served)) {
    await step()
    const [stored] = await db.sql`
      SELECT s.backfill_to AS left, sum(r.added)::int AS added
      FROM user_source s JOIN sync_run r ON r.source_id = s.id WHERE s.id = ${id} GROUP BY s.id`
    if (stored!.left === null) break
    await state(page).getByText(`${stored!.added} transactions added so far.`).waitFor()
    await state(page).getByText('Reading history', { exact: true }).waitFor()
    const day = new Date(`${stored!.left}T00:00:00Z`)
    const written = day.toLocaleDateString('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
    await state(page).getByText(`to ${written} is left.`).waitFor()
    seen.push(written)
  }
  expect(new Set(seen).size).toBe(4)
  await state(page).getByText('Active', { exact: true }).waitFor()
  await expect.poll(() => page.getByRole('progressbar').count()).toBe(0)
  await expect.poll(() => page.getByRole('rowheader', { name: 'History' }).count()).toBe(4)
})

test('who has to sign in again is told on the list, and does so there', async () => {
  const { open, connect } = await person()
  await connect()
  await sync()
  const page = await open('/sources', { refusals: [422] })
  const mine = card(page, 'My bank')
  await mine.getByText('Active', { exact: true }).waitFor()
  await mine.getByRole('button', { name: 'Sync now' }).click()
  await mine.getByText('Due', { exact: true }).waitFor()
  bank.provider.faults.plan({ kind: 'status', status: 401 })
  await sync()
  await mine.getByText('The provider takes its credentials no more: give new ones.').waitFor()
  expect(await seriousFaults(page)).toEqual([])

  await mine.getByRole('button', { name: 'Sign in again' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('API token', { exact: true }).fill('wrong')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog
    .getByRole('alert')
    .getByText(/the provider does not take it/i)
    .waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await dialog.getByLabel('API token', { exact: true }).fill(`token-${tokens++}`)
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await mine.getByText('Due', { exact: true }).waitFor()
  await sync()
  await mine.getByText('Active', { exact: true }).waitFor()
})

test('a sync that fails says why, and that it goes on by itself', async () => {
  const { open, connect } = await person()
  const id = await connect()
  await sync()
  const page = await open(`/sources/${id}`)
  bank.provider.faults.plan({ kind: 'status', status: 500 })
  await page.getByRole('button', { name: 'Sync now' }).click()
  await state(page).getByText('Due', { exact: true }).waitFor()
  await sync()
  await state(page).getByText('Needs a look', { exact: true }).waitFor()
  const { statusMessage } = (await dashboard.json('GET', `/v1/sources/${id}`, { token: await tokenOf(id) }))
    .body
  await state(page).getByText(statusMessage).waitFor()
  await page.getByRole('row').filter({ hasText: 'Failed.' }).getByText(statusMessage).waitFor()
})

test('payment wanted: paid, it goes on', async () => {
  const { open, connect } = await person()
  const id = await connect()
  await sync()
  await db.sql`UPDATE user_source SET status = 'payment', status_message = 'the plan has ended' WHERE id = ${id}`
  const page = await open(`/sources/${id}`)
  await state(page).getByText('The plan has ended.').waitFor()
  await page.getByRole('button', { name: 'It is paid: go on' }).click()
  await state(page).getByText('Due', { exact: true }).waitFor()
})

test('paused, resumed, and marked where it has not synced for long', async () => {
  const { open, connect, ask } = await person()
  const id = await connect()
  await sync()
  await db.sql`UPDATE user_source SET last_sync_time = ${clock.now().toISOString()}::timestamptz - INTERVAL '12 days' WHERE id = ${id}`
  const page = await open('/sources')
  const mine = card(page, 'My bank')
  await mine.getByText('Out of date').waitFor()
  const ago = mine.getByText('12 days ago')
  expect(await ago.getAttribute('title')).toMatch(/\d{4}/)
  await mine.getByRole('button', { name: 'Pause' }).click()
  await mine.getByText('Paused', { exact: true }).waitFor()
  expect((await ask('GET', `/v1/sources/${id}`)).body.status).toBe('paused')
  await mine.getByRole('button', { name: 'Resume' }).click()
  await mine.getByText('Due', { exact: true }).waitFor()
  await sync()
  await mine.getByText('Active', { exact: true }).waitFor()
  expect(await mine.getByText('Out of date').count()).toBe(0)
})

test('with the keyboard alone: paused, resumed and synced, without losing the place', async () => {
  const { open, connect } = await person()
  await connect()
  await sync()
  const page = await open('/sources')
  const mine = card(page, 'My bank')
  const focused = () => page.evaluate<string>('document.activeElement.textContent')
  await mine.getByRole('button', { name: 'Pause' }).press('Enter')
  await expect.poll(focused).toBe('Paused')
  await page.keyboard.press('Tab')
  await expect.poll(focused).toBe('Resume')
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Due')
  await sync()
  await mine.getByText('Active', { exact: true }).waitFor()
  const button = mine.getByRole('button', { name: 'Sync now' })
  await button.press('Enter')
  await mine.getByText('Due', { exact: true }).waitFor()
  expect(await focused()).toBe('Sync now')
  expect(await button.getAttribute('aria-disabled')).toBe('true')
})

test('failed fetches are run again, or discarded', async () => {
  const { open, connect } = await person()
  const id = await connect()
  await sync()
  await letter(id, '2024-05-01', 'the bank answered 500')
  await letter(id, '2024-03-01', 'the bank answered 502')
  const page = await open(`/sources/${id}`)
  const letters = page.getByRole('region', { name: 'Failed fetches' }).getByRole('listitem')
  await expect.poll(() => letters.count()).toBe(2)
  await page.getByText('10 tries').first().waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await letters.filter({ hasText: '502' }).getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => letters.count()).toBe(1)
  await letters.getByRole('button', { name: 'Run again' }).click()
  await letters.getByText('To be run again').waitFor()
  await sync()
  await expect.poll(() => letters.count(), { timeout: 10_000 }).toBe(0)
  const rows = await db.sql`SELECT status FROM dead_letter WHERE source_id = ${id} ORDER BY id`
  expect(rows.map(({ status }) => status)).toEqual(['resolved', 'discarded'])
})

test('renamed, and a name that is taken is refused', async () => {
  const { open, connect } = await person()
  await connect('Taken')
  const id = await connect('Before')
  const page = await open(`/sources/${id}`, { refusals: [409] })
  await page.getByRole('button', { name: 'Rename' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Taken')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await dialog
    .getByRole('alert')
    .getByText(/already/)
    .waitFor()
  await dialog.getByLabel('Name').fill('After')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('heading', { name: 'After', level: 1 }).waitFor()
})

test.each([
  { choice: 'Keep its history', action: 'Remove the connection', accountsLeft: 3 },
  { choice: 'Remove its history, too', action: 'Remove it with its history', accountsLeft: 0 },
])('removed: $choice', async ({ choice, action, accountsLeft }) => {
  const { open, connect, ask } = await person()
  const id = await connect()
  await sync()
  const page = await open(`/sources/${id}`)
  await page.getByRole('link', { name: 'Rainy days' }).waitFor()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(choice).check()
  expect(await seriousFaults(page)).toEqual([])
  await dialog.getByRole('button', { name: action }).click()
  await page.getByRole('heading', { name: 'Sources', level: 1 }).waitFor()
  await expect.poll(() => card(page, 'My bank').count()).toBe(0)
  expect((await ask('GET', `/v1/sources/${id}`)).status).toBe(404)
  expect((await ask('GET', '/v1/accounts')).body.accounts).toHaveLength(accountsLeft)
})

test('the source of statement files can go only with what it holds', async () => {
  const { open, sourceId, ask } = await person()
  const page = await open(`/sources/${sourceId}`)
  await page.getByRole('heading', { name: 'Statement files', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  const dialog = page.getByRole('dialog')
  expect(await dialog.getByRole('radio').count()).toBe(0)
  await dialog.getByRole('button', { name: 'Remove it with its history' }).click()
  await page.getByRole('heading', { name: 'Nothing is connected yet' }).waitFor()
  expect((await ask('GET', '/v1/sources')).body.sources).toEqual([])
})

test('older syncs come when they are asked for', async () => {
  const { open, connect } = await person()
  const id = await connect()
  for (let run = 0; run < 25; run++)
    await db.sql`
      INSERT INTO sync_run (source_id, started_at, ended_at, outcome, subject)
      SELECT ${id}, at, at, 'done', 'hint'
      FROM (SELECT ${present.toISOString()}::timestamptz - make_interval(hours => ${run})) AS run (at)`
  const page = await open(`/sources/${id}`)
  const rows = page.getByRole('rowheader')
  await expect.poll(() => rows.count()).toBe(20)
  await page.getByRole('button', { name: 'Show older ones' }).click()
  await expect.poll(() => rows.count()).toBe(25)
})

test('somebody else’s source is not there', async () => {
  const id = await (await person()).connect()
  const page = await (await person()).open(`/sources/${id}`)
  await page.getByText('There is no such source').waitFor()
})

test.each([
  ['a phone', phone],
  ['the dark', { colorScheme: 'dark' as const }],
])('%s', async (_, device) => {
  const { open, connect } = await person()
  const id = await connect('A name that is longer than names of connections usually are, by far')
  await sync()
  await letter(
    id,
    '2024-05-01',
    'https://bank.example/a/very/long/address/without/blanks/that/goes/on/and/on',
  )
  for (const path of ['/sources', '/sources/new', '/sources/new?type=my-provider', `/sources/${id}`]) {
    const page = await open(path, device)
    await page
      .getByRole('main')
      .getByText(/My Provider|my-provider|Connect/)
      .first()
      .waitFor()
    await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count()).toBe(0)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await seriousFaults(page)).toEqual([])
  }
})

/** A failed fetch of history, as syncs leave it. */
async function letter(sourceId: string, from: string, error: string): Promise<void> {
  const request = { mode: 'backfill', window: { from, to: `${from.slice(0, 8)}20` }, cursor: null }
  await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${sourceId}, 'fetch', ${JSON.stringify(request)}::text::jsonb, gen_random_uuid(), 'transient', ${error},
      10, ${clock.now().toISOString()}, ${clock.now().toISOString()})`
}

async function tokenOf(sourceId: string): Promise<string> {
  const [row] = await db.sql`SELECT user_id FROM user_source WHERE id = ${sourceId}`
  return dashboard.tokenFor(row!.user_id)
}
