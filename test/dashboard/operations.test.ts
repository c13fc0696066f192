import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture as plaid } from '../../src/connectors/plaid/fixture.ts'
import { apiKey } from '../setup/api-key.ts'
import { compressEverything } from '../setup/columnstore.ts'
import { type OpenOptions, phone, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { pass } from '../setup/log-in.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { recordPolicyErrors, recordPolicyRuns } from '../setup/policy-runs.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)
const key = await apiKey(db, null, 'service')
const title = plaid.connector.title
/** Milliseconds before the present of the server. */
const ago = (milliseconds: number) => new Date(dashboard.time.now.getTime() - milliseconds).toISOString()
const minute = 60_000

let user: Awaited<ReturnType<typeof newPerson>>['user']
let bank: string

async function source(
  userId: string | null,
  name: string,
  type: string,
  state: Record<string, unknown> = {},
) {
  const usual = { next_sync_at: ago(-60 * minute), last_sync_time: ago(3 * 60 * minute) }
  const [made] = await db.sql`
    INSERT INTO user_source ${db.sql({ user_id: userId, name, source_type_id: type, ...usual, ...state })}
    RETURNING id`
  return made!.id as string
}

async function letter(sourceId: string, error: string): Promise<string> {
  const request = { mode: 'backfill', window: { from: '2024-05-01', to: '2024-05-31' }, cursor: null }
  const [made] = await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${sourceId}, 'fetch', ${JSON.stringify(request)}::text::jsonb, gen_random_uuid(), 'transient', ${error}, 10,
      ${ago(5 * minute)}, ${ago(125 * minute)})
    RETURNING id`
  return made!.id
}

async function runs(sourceId: string, count: number, outcome: 'done' | 'failed') {
  await db.sql`
    INSERT INTO sync_run (source_id, started_at, ended_at, outcome, subject, added, message)
    SELECT ${sourceId}, ${ago(65_000)}, ${ago(0)}, ${outcome}, 'incremental', CASE WHEN ${outcome} = 'done' THEN n ELSE 0 END,
      CASE WHEN ${outcome} = 'failed' THEN 'the bank answered 500' END
    FROM generate_series(1, ${count}::int) AS n`
}

const api = async (path: string) => {
  const { status, body } = await dashboard.json('GET', path, { token: key })
  expect(status).toBe(200)
  return body
}

async function openWithKey(options?: OpenOptions): Promise<Page> {
  const page = await dashboard.open('/operations', options)
  await page.getByLabel('Key').fill(key)
  await page.getByRole('button', { name: 'Show operations' }).click()
  await page.getByRole('heading', { name: 'Database', level: 2 }).waitFor()
  return page
}

const section = (page: Page, name: string) => page.getByRole('region', { name })
const fact = (page: Page, name: string) =>
  page.locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd[1]')
const isTooWide = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')

test('nothing there yet: each part says what will stand there', async () => {
  const page = await openWithKey()
  await page.getByText('Nothing is connected yet.').waitFor()
  await page.getByText('There are none. A fetch that failed ten times in a row').waitFor()
  await page.getByText('Nothing ran yet.').waitFor()
  expect(await fact(page, 'Users').textContent()).toBe('0')
  expect(await seriousFaults(page)).toEqual([])
})

describe('of an installation at work', () => {
  beforeAll(async () => {
    const person = await newPerson(db)
    user = person.user
    const rows = Array.from({ length: 4_000 }, (_, index) => row(`${index}`, '2023-01-10', '-1.50'))
    await ingest(db, person.sourceId, rows)
    await compressEverything(db)
    const last = new Date(ago(5 * minute))
    const next = new Date(ago(-30 * minute - 30_000))
    await recordPolicyRuns(db, 'policy_refresh_continuous_aggregate', {
      last,
      next,
      failures: 3,
      succeeded: false,
    })
    await recordPolicyErrors(db, 'policy_refresh_continuous_aggregate', ['the disk is full'])
    await db.sql`
      INSERT INTO source_type (id, title) VALUES ('plaid', ${title}), ('vendor', 'Vendor API')
      ON CONFLICT DO NOTHING`
    bank = await source(user.id, 'First bank', 'plaid')
    await source(user.id, 'Second bank', 'plaid', { attempts: 2 })
    await source(user.id, 'Third bank', 'plaid', { status: 'reauth', last_sync_time: ago(26 * 60 * minute) })
    await source(user.id, 'Fourth bank', 'plaid', { last_sync_time: null })
    const everybody = await source(null, 'Everybody', 'vendor', { last_sync_time: null })
    await db.sql`
      INSERT INTO provider_pause (scope, paused_until, strikes) VALUES ('vendor', ${ago(-10 * minute)}, 1)`
    await runs(everybody, 3, 'failed')
    await runs(bank, 30, 'done')
    pass(dashboard.time, 11)
  })

  test('a key that is wrong, or of another scope, is refused in a sentence; a good one opens the page', async () => {
    const page = await dashboard.open('/', { refusals: [401, 403] })
    await page.getByRole('button', { name: 'Use an operator’s key' }).click()
    expect(await seriousFaults(page)).toEqual([])
    const enter = async (given: string) => {
      await page.getByLabel('Key').fill(given)
      await page.getByRole('button', { name: 'Show operations' }).click()
    }
    for (const wrong of ['tmk_mistyped', 'schlüssel']) {
      await enter(wrong)
      await page.getByRole('alert').getByText('This key is not known here').waitFor()
    }
    await enter(await apiKey(db, user.id, 'admin'))
    await page.getByRole('alert').getByText('operations need a key of scope service').waitFor()
    await enter(` ${key} `)
    await page.getByRole('heading', { name: 'Operations', level: 1 }).waitFor()
    expect(new URL(page.url()).search + new URL(page.url()).hash).toBe('')
  })

  test('its numbers are those of the API', async () => {
    const page = await openWithKey()
    const said = await api('/v1/operations')
    const count = new Intl.NumberFormat('en-GB')
    expect(await fact(page, 'Connections').first().textContent()).toBe('5')
    expect(await fact(page, 'Failing').textContent()).toBe('1')
    expect(await fact(page, 'Users not rolled up').textContent()).toBe(String(said.dirtyUsers))

    const cards = section(page, 'Providers').locator('li.card')
    const [first, second] = said.providers
    expect(await cards.count()).toBe(2)
    const text = await cards.first().innerText()
    for (const part of [title, '1 failing', '1 waiting for their owner', 'yesterday, 1 of 4 not synced yet'])
      expect(text).toContain(part)
    expect(first.connectionsUsedUp).toBe(0)
    expect(text).toContain('No connection at its limit')
    for (const { used, max } of first.budgets)
      expect(text).toContain(`${used} of ${count.format(max)} requests in `)
    const vendor = await cards.last().innerText()
    expect(vendor).toContain('paused until')
    expect(vendor).toContain('1 of 1 not synced yet')
    expect(second.connectionsUsedUp).toBeNull()
    expect(vendor).not.toContain('Own budgets')

    const database = section(page, 'Database')
    await database.getByRole('group', { name: 'What it holds' }).waitFor()
    expect(said.counts.transactions).toBe(4_000)
    const values = await database
      .locator('td data')
      .evaluateAll((all) => all.map((each) => each.getAttribute('value')))
    expect(values.map(Number)).toEqual([
      said.counts.transactions,
      said.bytes.transaction,
      said.bytes.dailyFlow,
      said.bytes.monthlyFlow,
      said.counts.prices,
      said.bytes.price,
    ])
    await database.getByText(said.versions.postgres.split(' ')[0]).waitFor()
    const own = database.getByRole('list', { name: 'Policies', exact: true }).getByRole('listitem')
    expect(await own.count()).toBe(said.upkeep.length)
    const references = await own.filter({ hasText: 'references' }).innerText()
    for (const part of ['keepDays 400', 'daily at 04:47 UTC', 'has not run yet', 'never failed'])
      expect(references).toContain(part)
    if (said.engine === 'plain') return
    expect(await fact(page, 'Chunks').textContent()).toBe('1, 1 in the columnstore')
    const { before, after } = said.compression
    const ratio = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 }).format(before / after)
    expect(before / after).toBeGreaterThan(1.1)
    expect(await fact(page, 'Compression').textContent()).toContain(`${ratio}x smaller`)
    const policies = page.getByRole('list', { name: 'Policies of TimescaleDB' }).getByRole('listitem')
    expect(await policies.count()).toBe(said.policies.length)
    await policies.getByText('Move transaction into the columnstore').waitFor()
    expect(await policies.getByText('has not run yet').count()).toBe(1)
    const refresh = await policies.filter({ hasText: 'Refresh daily_flow' }).innerText()
    for (const part of ['every 10 minutes', 'last run 5 minutes ago', 'in 30 minutes', 'failed 3 times'])
      expect(refresh).toContain(part)
    expect(refresh).toContain('the disk is full')
    expect(await policies.getByText('the disk is full').count()).toBe(2)
    expect(await fact(page, 'Policies failing').textContent()).toBe('2')
  })

  test.each([
    [419_430_400, 33_554_432, '12.5x smaller: 400 MiB of rows are 32 MiB in the columnstore'],
    [425_984, 425_990, 'About as large: 416 KiB of rows are 416 KiB in the columnstore'],
    [425_984, 409_600, 'About as large: 416 KiB of rows are 400 KiB in the columnstore'],
    [425_984, 532_480, '1.3x larger: 416 KiB of rows are 520 KiB in the columnstore'],
  ])('rows of %d bytes in %d: %s', async (before, after, sentence) => {
    const page = await dashboard.open('/operations')
    await page.route('**/v1/operations', async (route) => {
      const answered = await (await route.fetch()).json()
      const ratio = Math.round((before / after) * 100) / 100
      await route.fulfill({
        json: {
          ...answered,
          engine: 'timescale',
          compression: { before, after, ratio },
          differences: 1_234,
          moreDifferences: true,
        },
      })
    })
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Show operations' }).click()
    await page.getByText(sentence).waitFor()
    expect(await fact(page, 'Compression').textContent()).toBe(sentence)
    expect(await fact(page, 'Balances that differ').textContent()).toBe('at least 1,234')
  })

  test('what is used of a budget is drawn, and said', async () => {
    const [{ budgets }] = (await api('/v1/operations')).providers
    const { scope, max } = budgets[0]
    await db.sql`
      INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
      SELECT ${scope}, n, ${ago(0)}, ${ago(0)}, 1 FROM generate_series(1, ${max}::int) AS n`
    const own = plaid.connector.limits.find((limit) => limit.scope === 'connection')!
    await db.sql`
      INSERT INTO provider_quota (scope, slot, used_at, granted_at, lane)
      SELECT ${`plaid source ${bank} per ${own.per} ms`}, n, ${ago(0)}, ${ago(0)}, 1
      FROM generate_series(1, ${own.max}::int) AS n`
    pass(dashboard.time, 10)
    const page = await openWithKey()
    const budget = page
      .getByRole('list', { name: `Requests to ${title}` })
      .getByRole('listitem')
      .first()
    await budget.getByText('used up').waitFor()
    const [bar, used] = await budget.evaluate((item) =>
      [...item.querySelectorAll('[aria-hidden], [aria-hidden] span')].map((each) => each.clientWidth),
    )
    expect(used).toBe(bar)
    expect(await fact(page, 'Own budgets').textContent()).toBe('1 connection at its limit')
    await db.sql`DELETE FROM provider_quota`
  })

  test('it is refreshed by itself, and what stands there stays meanwhile', async () => {
    const page = await openWithKey()
    const users = Number(await fact(page, 'Users').textContent())
    const items = page.locator('.ops-run, .ops-provider')
    await expect.poll(() => items.count()).toBe(25 + 2)
    await items.evaluateAll((all) => all.map((each) => each.setAttribute('data-seen', '')))
    await newPerson(db)
    await db.sql`
      INSERT INTO sync_run (source_id, started_at, subject) VALUES (${bank}, ${ago(0)}, 'the newest of them')`
    pass(dashboard.time, 10)
    await page.getByText('the newest of them').waitFor()
    await expect.poll(() => fact(page, 'Users').textContent(), { timeout: 15_000 }).toBe(String(users + 1))
    // All but the oldest run, whose place the new one took.
    expect(await page.locator('[data-seen]').count()).toBe(24 + 2)
  })

  test('runs: by outcome and by provider, and older ones on demand', async () => {
    const page = await openWithKey()
    const list = section(page, 'Runs').getByRole('listitem')
    await expect.poll(() => list.count()).toBe(25)
    expect(await list.nth(1).innerText()).toContain('1 min 5 s')
    await page.getByRole('button', { name: 'Show older runs' }).click()
    const { runs: all } = await api('/v1/operations/runs?limit=200')
    await expect.poll(() => list.count()).toBe(all.length)
    expect(await page.getByRole('button', { name: 'Show older runs' }).count()).toBe(0)
    await page.getByLabel('Outcome').selectOption('failed')
    await expect.poll(() => list.count()).toBe(3)
    expect(await list.first().innerText()).toMatch(
      /failed\s+Vendor API Everybody\s*platform.*\s+the bank answered 500/,
    )
    await page.getByLabel('Provider', { exact: true }).selectOption(title)
    await page.getByText('There is no such run in the last 90 days.').waitFor()
    await page.getByLabel('Outcome').selectOption('any')
    await expect.poll(() => list.count()).toBe(25)
  })

  test('dead letters are retried, discarded after a question, and all retried at once', async () => {
    const made = []
    for (const reason of ['the bank answered 500', 'the bank answered 502', 'the answer broke off', 'again'])
      made.push(await letter(bank, reason))
    const [oldest, other, discarded] = made as [string, string, string, string]
    const page = await openWithKey({ refusals: [409] })
    const letters = section(page, 'Dead letters')
    const list = letters.getByRole('listitem')
    await expect.poll(() => list.count()).toBe(4)
    const text = await list.last().innerText()
    for (const part of [title, 'First bank', 'the bank answered 500', '10 attempts', '2 hours ago'])
      expect(text).toContain(part)
    expect(text).toContain('1 May 2024 to 31 May 2024')
    expect(await seriousFaults(page)).toEqual([])

    await page.getByRole('button', { name: `Retry dead letter ${oldest}` }).click()
    await page.getByRole('status').getByText(`Dead letter ${oldest} of ${title} is queued`).waitFor()
    await expect.poll(() => list.count()).toBe(3)
    expect((await api(`/v1/dead-letters/${oldest}`)).status).toBe('queued')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Dead letters')

    const discard = page.getByRole('button', { name: `Discard dead letter ${discarded}` })
    await discard.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect((await api(`/v1/dead-letters/${discarded}`)).status).toBe('open')
    await discard.click()
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await expect.poll(() => list.count()).toBe(2)
    expect((await api(`/v1/dead-letters/${discarded}`)).status).toBe('discarded')

    // Settled by somebody else since it was shown.
    await db.sql`UPDATE dead_letter SET status = 'resolved' WHERE id = ${other}`
    await page.getByRole('button', { name: 'Retry all 2 shown' }).click()
    await page.getByRole('status').getByText('1 dead letter is queued').waitFor()
    await letters.getByText('There are none.').waitFor()
    expect((await api('/v1/dead-letters?status=open')).deadLetters).toEqual([])
    await letters.getByText('Queued', { exact: true }).click()
    await expect.poll(() => list.count()).toBe(2)
    expect(await list.getByRole('button', { name: /^Retry/ }).count()).toBe(0)
  })

  test('what a retry is refused for is said, and the letter stays', async () => {
    const id = await letter(bank, 'the bank answered 500')
    const page = await openWithKey({ refusals: [409] })
    const retry = page.getByRole('button', { name: `Retry dead letter ${id}` })
    await retry.waitFor()
    await db.sql`UPDATE dead_letter SET status = 'discarded' WHERE id = ${id}`
    await retry.click()
    await page.getByRole('alert').getByText('The dead letter is discarded already.').waitFor()
  })

  test('a reload in the same tab stays, log-out ends it, another tab never had it', async () => {
    const page = await openWithKey()
    await page.reload()
    await page.getByRole('heading', { name: 'Database' }).waitFor()
    const other = await page.context().newPage()
    await other.goto(`${dashboard.url}/operations`)
    await other.getByLabel('Key').waitFor()
    await page.getByLabel('Your account').click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Key').waitFor()
    expect(await page.evaluate('JSON.stringify({ ...sessionStorage, ...localStorage })')).not.toContain(key)
    await page.reload()
    await page.getByLabel('Key').waitFor()
  })

  test('a key that is revoked meanwhile ends the page, and says why', async () => {
    const mine = await apiKey(db, null, 'service')
    const page = await dashboard.open('/operations', { refusals: [401] })
    await page.getByLabel('Key').fill(mine)
    await page.getByRole('button', { name: 'Show operations' }).click()
    await page.getByRole('heading', { name: 'Database' }).waitFor()
    await db.sql`UPDATE api_key SET revoked_at = ${ago(0)} WHERE hint = ${mine.slice(0, 8)}`
    await page.getByRole('status').getByText('The server refused this key').waitFor()
  })

  test('somebody who is logged in is told what it is, uses a key, and is themselves again behind it', async () => {
    const page = await dashboard.openAs(user.id, '/operations')
    await page.getByRole('heading', { name: 'Operations', level: 1 }).waitFor()
    await page.getByText('This page is for whoever runs this installation').waitFor()
    expect(await seriousFaults(page)).toEqual([])
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Show operations' }).click()
    await page.getByRole('heading', { name: 'Database' }).waitFor()
    await page.getByLabel('Your account').click()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('This page is for whoever runs this installation').waitFor()
    await page.getByLabel('Your account').click()
    await page.getByText(user.email!).waitFor()
  })

  test.each([
    ['on a phone, in the dark', { ...phone, colorScheme: 'dark' as const }],
    ['on a narrow phone', { ...phone, viewport: { width: 360, height: 740 } }],
    ['in the dark', { colorScheme: 'dark' as const }],
  ])('%s it fits, and can be read', async (_, options) => {
    await letter(bank, `the bank answered with ${'a-very-long-word-'.repeat(12)}`)
    const page = await openWithKey(options)
    await section(page, 'Dead letters').getByRole('listitem').first().waitFor()
    await section(page, 'Runs').getByRole('listitem').first().waitFor()
    expect(await isTooWide(page)).toBe(false)
    expect(await seriousFaults(page)).toEqual([])
  })
})
