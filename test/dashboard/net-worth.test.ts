import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { kindGroupName } from '../../src/dashboard/accounts/account-kinds.ts'
import { putPrices } from '../../src/db/prices.ts'
import { phone, present, seriousFaults, startDashboard, today } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)
const daysAgo = (days: number) => addDays(today, -days)

/** Seven years of an account, a loan, and shares with a price of some days ago. */
async function newHousehold() {
  const { user, sourceId } = await newPerson(db)
  const rows = Array.from({ length: 90 }, (_, month) =>
    row(`pay${month}`, daysAgo(month * 28 + 1), `${1000 + month}.37`, { account: 'Checking' }),
  )
  await ingest(db, sourceId, [
    ...rows,
    row('loan', daysAgo(2000), '-90000.01', { account: 'Loan' }),
    row('repay', daysAgo(40), '1234.56', { account: 'Loan' }),
    row('shares', daysAgo(300), '12.345678', { account: 'Broker', asset: 'ACME' }),
  ])
  await db.sql`UPDATE account SET kind = 'loan' WHERE user_id = ${user.id} AND external_id = 'Loan'`
  await putPrices(db.sql, 'test', [{ asset: 'ACME', currency: 'EUR', day: daysAgo(290), price: '101.23' }])
  return { user, sourceId, token: await dashboard.tokenFor(user.id) }
}

const dayText = (text: string) =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(text))
const amountsIn = (page: Page, selector: string) =>
  page.locator(`${selector} data`).evaluateAll((all) => all.map((each) => each.getAttribute('value')))
const headlineOf = async (page: Page) => (await amountsIn(page, '.headline'))[0]

test('every range: the headline, the right edge and the table are what the API says', async () => {
  const { user, token } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.getByText('The same numbers as a table').click()
  const starts: Record<string, string> = {}
  for (const range of ['1M', '3M', '6M', 'YTD', '1Y', '5Y', 'All']) {
    const answered = page
      .waitForResponse((response) => response.url().includes('/v1/net-worth'))
      .catch(() => undefined)
    // The year is what it begins with.
    if (range !== '1Y') await page.getByText(range, { exact: true }).click()
    if (range !== '1Y') await answered
    const shown = page.locator('.numbers tbody tr')
    await expect
      .poll(async () => (await page.locator('.net-worth').getAttribute('aria-busy')) ?? '')
      .toBe('false')
    const first = await page.locator('.headline').innerText()
    starts[range] = first.match(/since (.*)/)![1]!
    const numbers = await amountsIn(page, '.numbers tbody tr:first-child')
    expect(await headlineOf(page)).toBe(numbers[0])
    const count = await shown.count()
    expect(count).toBeGreaterThan(20)
    const oldest = await page.locator('.numbers tbody tr:last-child th').innerText()
    expect(first).toContain(oldest)
  }
  const { body } = await dashboard.json('GET', '/v1/net-worth', { token })
  expect(await headlineOf(page)).toBe(body.points.at(-1).netWorth)
  const all = await amountsIn(page, '.numbers tbody tr')
  const expected = body.points.flatMap((point: Record<string, string>) => [
    [point.netWorth, point.assets, point.liabilities],
  ])
  expect(all).toEqual(expected.reverse().flat())
  expect(new Set(Object.values(starts)).size).toBeGreaterThanOrEqual(6)
})

test('the change is the right edge less the left one, and both are the API’s', async () => {
  const { user, token } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/', { locale: 'de-DE' })
  await page.locator('.headline').waitFor()
  const from = `${Number(today.slice(0, 4)) - 1}${today.slice(4)}`
  const { body } = await dashboard.json('GET', `/v1/net-worth?from=${from}&interval=day`, { token })
  const [first, last] = [body.points[0], body.points.at(-1)]
  const money = new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' })
  const text = await page.locator('.headline').innerText()
  expect(text).toContain(money.format(last.netWorth))
  const cents = (amount: string) => Math.round(Number(amount) * 1e8)
  const [, change] = await amountsIn(page, '.headline')
  expect(Number(change) * 1e8).toBeCloseTo(cents(last.netWorth) - cents(first.netWorth), -1)
  expect(text).toContain(
    new Intl.DateTimeFormat('de-DE', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(from)),
  )
})

test('by kind, account, asset and source: the parts are the API’s', async () => {
  const { user, token } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  for (const [by, label] of [
    ['kind', 'Kinds'],
    ['account', 'Accounts'],
    ['asset', 'Assets held'],
    ['source', 'Sources'],
  ]) {
    await page.getByLabel('By', { exact: true }).selectOption({ label: label! })
    await page.getByRole('heading', { name: `By ${by}` }).waitFor()
    const { body } = await dashboard.json('GET', `/v1/net-worth?from=${daysAgo(30)}&by=${by}`, { token })
    const parts = await page
      .locator('.parts tbody tr')
      .evaluateAll((rows) =>
        rows.map((each) => [
          each.querySelector('th')!.innerText.trim(),
          each.querySelector('data')!.getAttribute('value'),
        ]),
      )
    const expected = body.groups.map(({ name, points }: { name: string; points: { netWorth: string }[] }) => [
      by === 'kind' ? kindGroupName(name) : name,
      points.at(-1)!.netWorth,
    ])
    expect(parts.sort()).toEqual(expected.sort())
  }
})

test('of more than twenty parts the smallest are one, and nothing is lost', async () => {
  const { user, sourceId } = await newPerson(db)
  const rows = Array.from({ length: 27 }, (_, n) =>
    row(`r${n}`, daysAgo(50), `${n + 1}.01`, { account: `A${n}` }),
  )
  await ingest(db, sourceId, rows)
  const page = await dashboard.openAs(user.id, '/')
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByText('8 others').waitFor()
  const values = await page
    .locator('.parts tbody tr')
    .evaluateAll((all) => all.map((each) => each.querySelector('data')!.getAttribute('value')!))
  expect(values).toHaveLength(20)
  const total = values.reduce((sum, value) => sum + Math.round(Number(value) * 100), 0)
  expect(total).toBe(Math.round(Number(await headlineOf(page)) * 100))
})

test('arrow keys move through the days, and each is said aloud', async () => {
  const { user, token } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  const chart = page.getByRole('group', { name: /Chart of net worth/ })
  await chart.locator('canvas').waitFor()
  await chart.focus()
  const { body } = await dashboard.json('GET', `/v1/net-worth?from=${daysAgo(30)}`, { token })
  const money = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR' })
  const spoken = page.locator('.chart [aria-live]')
  for (const [key, index] of [
    ['ArrowLeft', -1],
    ['ArrowLeft', -2],
    ['ArrowLeft', -3],
    ['ArrowRight', -2],
    ['End', -1],
  ] as const) {
    await page.keyboard.press(key)
    await expect.poll(() => spoken.innerText()).toContain(money.format(body.points.at(index).netWorth))
  }
  await page.locator('.chart-tip').getByText('With a price from an earlier day.').waitFor()
  await page.keyboard.press('Home')
  expect(await spoken.innerText()).not.toBe('')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.locator('.chart-tip').count()).toBe(0)
})

test('where an account begins is marked, and told at its day', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [
    row('a', daysAgo(300), '10', { account: 'Old' }),
    row('b', daysAgo(3), '5', { account: 'Young' }),
  ])
  const page = await dashboard.openAs(user.id, '/')
  await page.getByText('an account begins').waitFor()
  await page.getByRole('group', { name: /Chart of net worth/ }).focus()
  // Day by day: a key that is pressed while the chart is drawn anew has no effect.
  await expect
    .poll(async () => {
      await page.keyboard.press('ArrowLeft')
      return (await page.locator('.chart-tip').allInnerTexts()).join()
    })
    .toContain('Begins here: Young')
})

test('a range of one’s own is kept over a reload', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.getByText('Custom', { exact: true }).click()
  await page.getByLabel('From', { exact: true }).fill(daysAgo(100))
  await page.getByLabel('To', { exact: true }).fill(daysAgo(50))
  await page.getByRole('button', { name: 'Show' }).click()
  const day = (text: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(text))
  const expected = `since ${day(daysAgo(100))}`
  await expect.poll(() => page.locator('.headline').innerText()).toContain(expected)
  await page.reload()
  await expect.poll(() => page.locator('.headline').innerText()).toContain(expected)
  expect(await page.locator('.headline').innerText()).toContain(`on ${day(daysAgo(50))}`)
  expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe(daysAgo(100))
  expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe(daysAgo(50))
  // One that ends today goes on with the days.
  await page.getByLabel('To', { exact: true }).fill(today)
  await page.getByRole('button', { name: 'Show' }).click()
  await expect.poll(() => page.locator('.headline').innerText()).toContain(`on ${day(today)}`)
  expect(await page.evaluate("JSON.parse(localStorage['tidemark.preferences']).range")).toBe(
    `${daysAgo(100)}..`,
  )
})

test('drawing the pointer across the chart shows the days between', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  const before = await page.locator('.headline').innerText()
  const over = (await page.locator('.u-over').boundingBox())!
  await page.mouse.move(over.x + over.width * 0.25, over.y + 50)
  await page.mouse.down()
  await page.mouse.move(over.x + over.width * 0.75, over.y + 60, { steps: 5 })
  await page.mouse.up()
  await page.getByLabel('From', { exact: true }).waitFor()
  await expect.poll(() => page.locator('.headline').innerText()).not.toBe(before)
  await page.getByText('The same numbers as a table').click()
  const days = () => page.locator('.numbers tbody tr').count()
  await expect.poll(days).toBeGreaterThan(150)
  expect(await days()).toBeLessThan(220)
  const shown = (await page.locator('.headline').innerText()).match(/since (.*)/)![1]
  const from = new Date(await page.getByLabel('From', { exact: true }).inputValue())
  expect(new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(from)).toBe(shown)
})

test('while the server is away the page says so, keeps what it has, and goes on by itself', async () => {
  const { user, sourceId } = await newHousehold()
  // The browser tells of requests that break off, without a status.
  const page = await dashboard.openAs(user.id, '/', { refusals: [Number.NaN] })
  await page.locator('.chart canvas').waitFor()
  const before = await headlineOf(page)
  await page.route('**/v1/**', (route) => route.abort())
  await page.getByText('6M', { exact: true }).click()
  await page.getByText('The server is out of reach').first().waitFor()
  expect(await headlineOf(page)).toBe(before)
  await ingest(db, sourceId, [row('meanwhile', today, '1000', { account: 'Checking' })])
  await page.unroute('**/v1/**')
  await expect.poll(() => headlineOf(page)).not.toBe(before)
  await expect.poll(() => page.getByText('The server is out of reach').count()).toBe(0)
})

test('while a range is fetched, the one before stays', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.locator('.headline').waitFor()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/v1/net-worth**', async (route) => {
    await held
    await route.continue()
  })
  const before = await page.locator('.headline').innerText()
  await page.getByText('3M', { exact: true }).click()
  await expect.poll(() => page.locator('.net-worth').getAttribute('aria-busy')).toBe('true')
  expect(await page.locator('.headline').innerText()).toBe(before)
  expect(await page.locator('.chart canvas').count()).toBe(1)
  release()
  await expect.poll(() => page.locator('.headline').innerText()).not.toBe(before)
})

test('missing prices and differences are told, with what to do', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(
    db,
    sourceId,
    [row('a', daysAgo(30), '100'), row('coin', daysAgo(20), '3', { asset: 'NOPRICE', account: 'Coins' })],
    [],
  )
  await ingest(
    db,
    sourceId,
    [],
    [
      { account: 'A', asset: 'EUR', amount: '100', edge: 'close', day: daysAgo(25) },
      { account: 'A', asset: 'EUR', amount: '112.34', edge: 'close', day: daysAgo(5) },
    ],
  )
  const page = await dashboard.openAs(user.id, '/')
  const trust = page.locator('.trust')
  await trust.getByText('NOPRICE').waitFor()
  await trust.getByText('tidemark import-prices').waitFor()
  expect(await amountsIn(page, '.trust')).toEqual(['12.34'])
  const [told] = await trust.getByRole('listitem').filter({ hasText: 'Difference' }).allInnerTexts()
  expect(told).toContain(
    `A differs by €12.34 from what its source reported on ${dayText(daysAgo(5))}: a transaction is missing, or is there twice.`,
  )
  const { body } = await dashboard.json('GET', '/v1/accounts', { token: await dashboard.tokenFor(user.id) })
  const { id } = body.accounts.find(({ name }: { name: string }) => name === 'A')
  expect(await trust.getByRole('link', { name: 'A', exact: true }).getAttribute('href')).toBe(
    `/accounts/${id}`,
  )
  await page.getByText('The same numbers as a table').click()
  await page.locator('.numbers tr').getByText('without NOPRICE').first().waitFor()
})

test('a price that was missing for a while is told apart from one that is not known at all', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [
    row('early', daysAgo(20), '3', { asset: 'LATEPRICE' }),
    row('never', daysAgo(20), '3', { asset: 'UNPRICED' }),
  ])
  await putPrices(db.sql, 'test', [{ asset: 'LATEPRICE', currency: 'EUR', day: daysAgo(4), price: '2' }])
  const page = await dashboard.openAs(user.id, '/')
  const trust = page.locator('.trust')
  await trust
    .getByText(
      `LATEPRICE is left out of the values until ${dayText(daysAgo(5))}: no price of it in EUR is known for the days until then.`,
    )
    .waitFor()
  await trust
    .getByText(`UNPRICED is left out of every value: no price of it in EUR is known up to ${dayText(today)}.`)
    .waitFor()
})

/** As a source stands that syncs by itself, once its provider has said so. */
async function bankOf(userId: string, standing: Record<string, unknown>) {
  await db.sql`INSERT INTO source_type (id, title) VALUES ('bank', 'A bank') ON CONFLICT DO NOTHING`
  const [source] = await db.sql<{ id: string }[]>`
    INSERT INTO user_source (user_id, source_type_id, name, next_sync_at)
    VALUES (${userId}, 'bank', 'Northern Bank', ${inAnHour}) RETURNING id`
  await db.sql`UPDATE user_source SET ${db.sql(standing)} WHERE id = ${source!.id}`
  await ingest(db, source!.id, [row('a', daysAgo(30), '100', { account: 'Giro' })])
  return source!.id
}

const ago = (days: number) => new Date(present.getTime() - days * 86_400_000).toISOString()
const inAnHour = ago(-1 / 24)
const message = 'the bank answered 500.'

test.each([
  ['well', { last_sync_time: ago(1) }, []],
  [
    'failing',
    { last_sync_time: ago(1.5), status_message: message },
    [
      [
        'Needs a look',
        'It could not be synced the last time. The bank answered 500. What you see of it is from yesterday.',
      ],
    ],
  ],
  [
    'old',
    { last_sync_time: ago(2.5) },
    [
      [
        'Out of date',
        'What is newer than its last sync is not counted yet. What you see of it is from 2 days ago.',
      ],
    ],
  ],
  [
    'revoked and old',
    { last_sync_time: ago(9.5), status: 'revoked', status_message: message },
    [
      [
        'Access revoked',
        'The provider has ended the access: give new credentials, or remove the source. The bank answered 500. What you see of it is from 9 days ago.',
      ],
      ['Out of date', 'What is newer than its last sync is not counted yet.'],
    ],
  ],
])('a source that is %s is told alike on every page', async (_, standing, expected) => {
  const { user } = await newPerson(db)
  const id = await bankOf(user.id, standing)
  const page = await dashboard.openAs(user.id, '/')
  await page.locator('.headline').waitFor()
  const told = page.locator('.trust li')
  await expect
    .poll(() => told.allInnerTexts())
    .toEqual(expected.map(([badge, text]) => `${badge} Northern Bank: ${text}`))
  await page.getByRole('link', { name: 'Accounts', exact: true }).click()
  const account = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Giro' }) })
  await account.waitFor()
  expect(await account.locator('.badge').allInnerTexts()).toEqual(
    expected.slice(0, 1).map(([badge]) => badge),
  )
  await page.goto(`${dashboard.url}/sources/${id}`)
  const state = page.getByRole('region', { name: 'State' })
  for (const [badge] of expected) await state.getByText(badge!, { exact: true }).waitFor()
  expect(await state.getByText('Out of date').count()).toBe(
    expected.some(([badge]) => badge === 'Out of date') ? 1 : 0,
  )
})

test('failed fetches are told, since what they would have brought is missing', async () => {
  const { user } = await newPerson(db)
  const id = await bankOf(user.id, { last_sync_time: ago(0.1) })
  const request = { mode: 'backfill', window: { from: '2024-05-01', to: '2024-05-20' }, cursor: null }
  await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${id}, 'fetch', ${JSON.stringify(request)}::text::jsonb, gen_random_uuid(), 'transient', ${message},
      10, ${ago(0)}, ${ago(0)})`
  const page = await dashboard.openAs(user.id, '/')
  const told = page.locator('.trust li').filter({ hasText: 'Failed fetches' })
  await told.getByText('1 fetch failed in the end, so a part of its history may be missing.').waitFor()
  expect(await told.getByRole('link').getAttribute('href')).toBe(`/sources/${id}`)
  await page.getByRole('link', { name: 'Accounts', exact: true }).click()
  await page.getByRole('link', { name: 'Failed fetches' }).waitFor()
})

test('the downloads hold the API’s digits, and a picture', async () => {
  const { user, token } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByRole('heading', { name: 'By account' }).waitFor()
  const take = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ])
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
  }
  const csv = await take('Download CSV')
  const from = `${Number(today.slice(0, 4)) - 1}${today.slice(4)}`
  const { body } = await dashboard.json('GET', `/v1/net-worth?from=${from}&interval=day&by=account`, {
    token,
  })
  const [head, ...lines] = csv.bytes.toString().trimEnd().split('\r\n')
  expect(head).toBe(
    [
      'date,net_worth,assets,liabilities,quality',
      ...body.groups.map(({ name }: { name: string }) => name),
    ].join(','),
  )
  expect(lines).toEqual(
    body.points.map((point: Record<string, string>, index: number) =>
      [
        ...[point.date, point.netWorth, point.assets, point.liabilities, point.quality],
        ...body.groups.map(({ points }: { points: { netWorth: string }[] }) => points[index]!.netWorth),
      ].join(','),
    ),
  )
  expect(csv.name).toBe(`net-worth-${from}-${today}.csv`)
  const png = await take('Download PNG')
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(png.bytes.length).toBeGreaterThan(5_000)
})

test('the tooltip is what its day is made of, and stays at it when the window changes', async () => {
  const { user, sourceId } = await newPerson(db)
  const rows = Array.from({ length: 12 }, (_, n) =>
    row(`r${n}`, daysAgo(20), `${n % 2 ? '-' : ''}${n + 1}.01`, { account: `A${n}` }),
  )
  await ingest(db, sourceId, rows)
  const page = await dashboard.openAs(user.id, '/')
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByRole('heading', { name: 'By account' }).waitFor()
  await page.getByRole('group', { name: /Chart of net worth/ }).focus()
  for (let day = 0; day < 4; day++) await page.keyboard.press('ArrowLeft')
  const tip = page.locator('.chart-tip')
  await tip.getByText('4 more').waitFor()
  const [total, assets, debts, ...parts] = (await amountsIn(page, '.chart-tip')).map((each) => Number(each))
  expect(assets! + debts!).toBeCloseTo(total!, 6)
  expect(parts.reduce((sum, each) => sum + each, 0)).toBeCloseTo(total!, 6)
  const sizes = parts.slice(0, -1).map(Math.abs)
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  const day = await tip.locator('strong').innerText()
  await page.setViewportSize({ width: 1000, height: 800 })
  await expect.poll(async () => (await page.locator('.chart canvas').boundingBox())!.width).toBeLessThan(1000)
  expect(await tip.locator('strong').innerText()).toBe(day)
})

test('the chart is there also where the accounts cannot be read, and says so', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/', { refusals: [500] })
  await page.locator('.headline').waitFor()
  await page.route('**/v1/accounts', (route) => route.fulfill({ status: 500, body: '' }))
  await page.reload()
  await page.getByRole('alert').getByText('The server answered 500').waitFor()
  await page.locator('.chart canvas').waitFor()
  await page.unroute('**/v1/accounts')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => page.getByRole('alert').count()).toBe(0)
})

test('amounts that one tab hides are hidden in the other, whatever that chooses', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.locator('.headline').waitFor()
  const other = await page.context().newPage()
  await other.goto(`${dashboard.url}/`)
  await other.locator('.headline data').first().waitFor()
  await page.getByRole('button', { name: 'Hide amounts' }).click()
  await expect.poll(() => other.locator('.headline data').count()).toBe(0)
  await other.getByText('6M', { exact: true }).click()
  await other.reload()
  await other.locator('.headline').waitFor()
  expect(await other.locator('.headline data').count()).toBe(0)
})

test('a preference that no page would write counts as none', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.locator('.headline').waitFor()
  for (const kept of [
    '{"range":"9Y","by":"x","interval":7,"theme":"pink","privacy":"yes"}',
    '[',
    'null',
    '{"range":"2026-13-01..x"}',
  ]) {
    await page.evaluate(`localStorage.setItem('tidemark.preferences', ${JSON.stringify(kept)})`)
    await page.reload()
    await page.locator('.chart canvas').waitFor()
    await page.locator('.headline data').first().waitFor()
    expect(await page.getByLabel('By', { exact: true }).inputValue()).toBe('none')
  }
})

test('a backfill that goes on fills the chart by itself', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [row('new', daysAgo(3), '10')])
  const fill = (from: string | null, to: string | null) => db.sql`
    UPDATE user_source SET backfill_from = ${from}, backfill_to = ${to}, last_sync_time = ${ago(0)},
      next_sync_at = ${inAnHour} WHERE id = ${sourceId}`
  await fill(daysAgo(700), '2025-04-20')
  const page = await dashboard.openAs(user.id, '/')
  await page.getByText('History back to April 2025, 0 of 1 source').waitFor()
  expect(await headlineOf(page)).toBe('10')
  await ingest(db, sourceId, [row('older', daysAgo(600), '7')])
  await fill(daysAgo(700), '2025-02-20')
  await page.getByText('History back to February 2025').waitFor()
  await expect.poll(() => headlineOf(page)).toBe('17')
  await fill(null, null)
  await expect.poll(() => page.locator('.history').count()).toBe(0)
})

test('hidden amounts are nowhere on the page', async () => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/')
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByText('The same numbers as a table').click()
  await page.getByRole('button', { name: 'Hide amounts' }).click()
  await page.getByRole('group', { name: /Chart of net worth/ }).focus()
  await page.keyboard.press('ArrowLeft')
  await page.locator('.chart-tip').waitFor()
  const html = await page.locator('#app').innerHTML()
  expect(html).not.toMatch(/[€$£]|\d[.,]\d{2}\b|%\)/)
  await page.reload()
  await page.locator('.headline').waitFor()
  expect(await page.locator('.headline').innerText()).not.toMatch(/€/)
})

test.each([
  ['wide and light', {}],
  ['wide and dark', { colorScheme: 'dark' as const }],
  ['a phone', phone],
])('axe finds nothing serious: %s', async (_, options) => {
  const { user } = await newHousehold()
  const page = await dashboard.openAs(user.id, '/', options)
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByRole('heading', { name: 'By account' }).waitFor()
  await page.getByText('The same numbers as a table').click()
  expect(await seriousFaults(page)).toEqual([])
  const width = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(width).toBeLessThanOrEqual(0)
})

test('whoever has nothing yet is told how to begin', async () => {
  const { user } = await newPerson(db)
  await db.sql`DELETE FROM user_source WHERE user_id = ${user.id}`
  const page = await dashboard.openAs(user.id, '/')
  await page.getByRole('link', { name: 'Connect a source' }).waitFor()
  await page.getByText('npx tidemark demo').waitFor()
  expect(await seriousFaults(page)).toEqual([])
})
