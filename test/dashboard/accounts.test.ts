import { Big } from 'big.js'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { ingestPage } from '../../src/db/ingest.ts'
import { putPrices } from '../../src/db/prices.ts'
import type { PageAccount, ReportedBalance, Upsert } from '../../src/page.ts'
import { phone, seriousFaults, startDashboard, today } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newPerson, row } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)
const day = (ago: number) => addDays(today, -ago)

interface Person {
  userId: string
  sourceId: string
  ask(method: string, path: string, body?: object, key?: string): ReturnType<typeof dashboard.json>
}

async function person(): Promise<Person> {
  const { user, sourceId } = await newPerson(db)
  const token = await dashboard.tokenFor(user.id)
  return {
    userId: user.id,
    sourceId,
    ask: (method, path, body, key) =>
      dashboard.json(method, path, {
        token,
        ...(body && { body }),
        ...(key !== undefined && { headers: { 'idempotency-key': key } }),
      }),
  }
}

const say = (
  sourceId: string,
  accounts: PageAccount[],
  changes: Upsert[],
  balances: ReportedBalance[] = [],
) => ingestPage(db.sql, sourceId, { accounts, changes, balances }, dashboard.time.now)

/** A connection as it stands after its provider has refused its credentials. */
async function refusedBank(userId: string): Promise<string> {
  await db.sql`INSERT INTO source_type (id, title) VALUES ('bank', 'A bank') ON CONFLICT DO NOTHING`
  const [source] = await db.sql<{ id: string }[]>`
    INSERT INTO user_source (user_id, source_type_id, name, status)
    VALUES (${userId}, 'bank', 'Northern Bank', 'reauth') RETURNING id`
  return source!.id
}

/** Accounts of five kinds, in three assets, one of them without a price, some with differences. */
async function household() {
  const owner = await person()
  const { userId, sourceId, ask } = owner
  await putPrices(db.sql, 'test', [{ asset: 'BTC', currency: 'EUR', day: day(3), price: '61234.56789' }])
  await say(
    sourceId,
    [{ externalId: 'A', name: 'Giro', kind: 'checking' }],
    [row('1', day(300), '4321.09'), row('2', day(40), '-111.11')],
    [
      { account: 'A', asset: 'EUR', day: day(300), edge: 'open', amount: '4321.09' },
      { account: 'A', asset: 'EUR', day: day(30), edge: 'close', amount: '4200.48' },
    ],
  )
  const bankId = await refusedBank(userId)
  await say(
    bankId,
    [
      { externalId: 'card', name: 'Blue card', kind: 'card' },
      { externalId: 'coins', name: 'Coins', kind: 'crypto' },
    ],
    [
      row('1', day(20), '-987.65', { account: 'card' }),
      row('1', day(200), '0.12345678', { account: 'coins', asset: 'BTC' }),
      row('2', day(10), '17', { account: 'coins', asset: 'XTOK' }),
    ],
    [{ account: 'card', asset: 'EUR', day: day(1), edge: 'close', amount: '-1000' }],
  )
  const make = async (name: string, kind: string) =>
    (await ask('POST', '/v1/accounts', { name, kind })).body.id
  const [house, loan] = [await make('House', 'property'), await make('House loan', 'loan')]
  await make('Drawer', 'cash')
  await ask('PUT', `/v1/accounts/${house}/balances/${day(250)}`, { amount: '250000.50' })
  await ask('PUT', `/v1/accounts/${loan}/balances/${day(250)}`, { amount: '-190000.7' })
  const list = (await ask('GET', '/v1/accounts')).body.accounts as { id: string; name: string }[]
  return { ...owner, bankId, idOf: (name: string) => list.find((each) => each.name === name)!.id }
}

/** The exact digits of the amounts that are shown in a part of the page. */
const amountsIn = (part: ReturnType<Page['locator']>) =>
  part.locator('data').evaluateAll((shown) => shown.map((each) => each.getAttribute('value')))

const rowOf = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) })
const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const isWideAsItsScreen = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')

test.each([
  ['en-GB', '€250,000.50', '€4,209.98'],
  ['de-DE', '250.000,50\u00a0€', '4.209,98\u00a0€'],
])('in %s, accounts are told by kind, with the API’s digits', async (locale, house, giro) => {
  const { userId, ask } = await household()
  const { points, groups } = (await ask('GET', `/v1/net-worth?by=account&from=${today}&to=${today}`)).body
  const page = await dashboard.openAs(userId, '/accounts', { locale })
  await region(page, 'Net worth').waitFor()
  expect(await amountsIn(region(page, 'Net worth'))).toEqual([points[0].netWorth])
  for (const {
    name,
    points: [point],
  } of groups)
    expect(await amountsIn(rowOf(page, name)), name).toContain(point.netWorth)
  await rowOf(page, 'House').getByText(house, { exact: true }).waitFor()
  await rowOf(page, 'Giro').getByText(giro, { exact: true }).waitFor()
  expect(await amountsIn(rowOf(page, 'Drawer'))).toEqual(['0'])

  const headings = await page.getByRole('heading', { level: 3 }).allTextContents()
  expect(headings).toEqual(['Checking accounts', 'Cash', 'Crypto', 'Property', 'Cards', 'Loans'])
  const subtotals = await amountsIn(page.locator('.card-head'))
  expect(subtotals.reduce((sum, each) => sum.plus(each), new Big(0)).toFixed()).toBe(points[0].netWorth)
  await region(page, 'Net worth').getByText('No price is known for XTOK').waitFor()
  await rowOf(page, 'Coins').getByText('No price for XTOK').waitFor()
})

test('prices of earlier days are said to be so', async () => {
  const { userId, sourceId } = await person()
  await putPrices(db.sql, 'test', [{ asset: 'OLD', currency: 'EUR', day: day(9), price: '2' }])
  await say(sourceId, [{ externalId: 'A' }], [row('1', day(9), '3', { asset: 'OLD' })])
  const page = await dashboard.openAs(userId, '/accounts')
  await region(page, 'Net worth').getByText('with some prices of earlier days').waitFor()
})

test('a difference, and a source that waits for its owner, are marked beside the account', async () => {
  const { userId, bankId } = await household()
  const page = await dashboard.openAs(userId, '/accounts')
  await rowOf(page, 'Giro').getByText('Difference').waitFor()
  expect(await amountsIn(rowOf(page, 'Giro').locator('.badge'))).toEqual(['-9.5'])
  const stale = rowOf(page, 'Blue card').getByRole('link', { name: 'Sign in again' })
  expect(await stale.getAttribute('href')).toBe(`/sources/${bankId}`)
  expect(await rowOf(page, 'House').locator('.badge').count()).toBe(0)
})

test('an account tells what it holds, what was reported, and what to do about the difference', async () => {
  const { userId, ask, idOf } = await household()
  const giro = idOf('Giro')
  const page = await dashboard.openAs(userId, `/accounts/${giro}`)
  await page.getByRole('heading', { name: 'Giro', level: 1 }).waitFor()
  const reported = region(page, 'Reported balances')
  await reported.getByText('something that went out is missing').waitFor()
  const [told] = (await ask('GET', `/v1/accounts/${giro}`)).body.reconciliation
  expect(await amountsIn(reported)).toEqual([told.reported, '4209.98', told.difference])
  const { balances } = (await ask('GET', `/v1/balance?accountId=${giro}`)).body
  await region(page, 'Balances').getByRole('rowheader', { name: 'EUR' }).waitFor()
  expect(await amountsIn(region(page, 'Balances'))).toEqual([balances[0].quantity, balances[0].value])
  const { transactions } = (await ask('GET', `/v1/transactions?accountId=${giro}&limit=10`)).body
  const latest = region(page, 'Latest transactions')
  await latest.getByRole('link', { name: 'All its transactions' }).waitFor()
  expect(await amountsIn(latest)).toEqual(transactions.map(({ amount }: { amount: string }) => amount))
  const value = region(page, 'Value today')
  await value.getByRole('img').waitFor()
  // Today, at the beginning of the line, and at its end.
  expect(await amountsIn(value)).toEqual(['4209.98', '4321.09', '4209.98'])
  // What a source fills is not entered by hand; statement files may be set right.
  expect(await page.getByRole('button', { name: 'Enter a transaction' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Set a balance' }).waitFor()

  await page.goto(`${dashboard.url}/accounts/${idOf('Coins')}`)
  const coins = region(page, 'Balances')
  await coins.getByRole('row', { name: 'XTOK' }).getByText('No price').waitFor()
  const held = (await ask('GET', `/v1/balance?accountId=${idOf('Coins')}`)).body.balances
  expect(await amountsIn(coins)).toEqual([held[0].quantity, held[0].value, '17'])
  await region(page, 'Value today').getByText('No price is known for XTOK').waitFor()
  // The coins had no price at first, so that the line does not begin at nothing, but without them.
  await region(page, 'Value today').getByText('without BTC', { exact: false }).first().waitFor()
  expect(await page.getByRole('button', { name: 'Set a balance' }).count()).toBe(0)
})

test('somebody without accounts adds one by hand, and what it holds, in their own notation', async () => {
  const { userId, ask } = await person()
  const page = await dashboard.openAs(userId, '/accounts', { locale: 'de-DE' })
  const upload = page.getByRole('link', { name: 'Upload a statement' })
  expect(await upload.getAttribute('href')).toBe('/sources/new?type=file')
  await page.getByRole('button', { name: 'Add by hand' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add an account' })
  await dialog.getByLabel('Name').fill('Pension')
  await dialog.getByLabel('Kind').selectOption('Other')
  await dialog.getByLabel('Balance').fill('12.345')
  await dialog.getByLabel('At the end of').fill(day(5))
  await dialog.getByText('could be meant in two ways').waitFor()
  await dialog.getByLabel('Balance').fill('12.345,60')
  await dialog.getByRole('button', { name: 'Add' }).dblclick()
  await page.getByRole('heading', { name: 'Pension', level: 1 }).waitFor()
  await region(page, 'Value today').getByText('12.345,60\u00a0€').first().waitFor()
  const { accounts } = (await ask('GET', '/v1/accounts')).body
  expect(accounts).toMatchObject([
    {
      name: 'Pension',
      kind: 'other',
      since: day(5),
      reconciliation: [{ asset: 'EUR', reported: '12345.6', reportedOn: day(5) }],
    },
  ])
  expect(accounts).toHaveLength(1)
})

test('a balance that is refused leaves the account, which is not made twice', async () => {
  const { userId, ask } = await person()
  const page = await dashboard.openAs(userId, '/accounts', { refusals: [400] })
  await page.getByRole('button', { name: 'Add by hand' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Pension')
  await dialog.getByLabel('Balance').fill('7')
  await dialog.getByLabel('At the end of').fill('2189-01-01')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.getByText('must be at most 10 years ahead').waitFor()
  await dialog.getByText('The account is there. Its balance was not set yet.').waitFor()
  await dialog.getByLabel('At the end of').fill(today)
  await dialog.getByRole('button', { name: 'Add' }).click()
  await region(page, 'Value today').locator('data[value="7"]').first().waitFor()
  expect((await ask('GET', '/v1/accounts')).body.accounts).toHaveLength(1)
})

test('an account is added under another name where the answer to the first was lost', async () => {
  const { userId, ask } = await person()
  const page = await dashboard.openAs(userId, '/accounts', { refusals: [Number.NaN] })
  await page.getByRole('button', { name: 'Add by hand' }).click()
  await page.route('**/v1/accounts', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort()
  })
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Purse')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.getByText('The server could not be reached.').waitFor()
  expect((await ask('GET', '/v1/accounts')).body.accounts).toHaveLength(1)
  await page.unroute('**/v1/accounts')
  await dialog.getByLabel('Name').fill('Pension')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await page.getByRole('heading', { name: 'Pension', level: 1 }).waitFor()
})

test('of a debt what is owed is asked for, and is a debt', async () => {
  const { userId, ask } = await person()
  const page = await dashboard.openAs(userId, '/accounts')
  await page.getByRole('button', { name: 'Add by hand' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Blue card')
  await dialog.getByLabel('Kind').selectOption('Card')
  await dialog.getByLabel('What you owe', { exact: true }).fill('-99.95')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await dialog.getByText('must not be below zero').waitFor()
  expect((await ask('GET', '/v1/accounts')).body.accounts).toEqual([])
  await dialog.getByLabel('What you owe', { exact: true }).fill('99.95')
  await dialog.getByRole('button', { name: 'Add' }).click()
  const value = region(page, 'Value today').locator('strong')
  await expect.poll(() => amountsIn(value)).toEqual(['-99.95'])
  await page.getByRole('button', { name: 'Set a balance' }).click()
  await dialog.getByLabel('It is in credit').check()
  await dialog.getByLabel('What you have in credit').fill('5')
  expect(await seriousFaults(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => amountsIn(value)).toEqual(['5'])
})

const written = (date: string) =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(date))

test.each([
  ['UTC', '23:59:30', day(0), day(-1)],
  // Summer or winter: it is the next day there, and this one's is in Berlin.
  ['Pacific/Auckland', '12:30:00', day(-1), day(-1)],
])('today is the user’s own in %s, and goes on at midnight', async (timeZone, time, first, next) => {
  const { userId, ask } = await household()
  expect((await ask('PATCH', '/v1/users/me', { timeZone })).status).toBe(200)
  const before = dashboard.time.now
  try {
    dashboard.time.now = new Date(`${today}T${time}Z`)
    const page = await dashboard.openAs(userId, '/accounts')
    await page.clock.install({ time: dashboard.time.now })
    await page.reload()
    await region(page, 'Net worth')
      .getByText(`Today, ${written(first)}`)
      .waitFor()
    dashboard.time.now = new Date(dashboard.time.now.getTime() + 60_000)
    await page.clock.runFor(60_000)
    await region(page, 'Net worth')
      .getByText(`Today, ${written(next)}`)
      .waitFor()
  } finally {
    dashboard.time.now = before
  }
})

test('a balance is set, shown, and taken back', async () => {
  const { userId, ask, idOf } = await household()
  const house = idOf('House')
  const page = await dashboard.openAs(userId, `/accounts/${house}`)
  await page.getByRole('button', { name: 'Set a balance' }).click()
  const dialog = page.getByRole('dialog', { name: 'Set a balance' })
  await dialog.getByLabel('Balance').fill('260,000.75')
  await dialog.getByLabel('At the end of').fill(day(2))
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  const value = region(page, 'Value today').locator('strong')
  await expect.poll(() => amountsIn(value)).toEqual(['260000.75'])
  const quantity = async () => (await ask('GET', `/v1/balance?accountId=${house}`)).body.balances[0].quantity
  expect(await quantity()).toBe('260000.75')
  const set = region(page, 'Balances set by hand')
  expect(await amountsIn(set)).toEqual(['10000.25', '250000.5'])
  await set.getByRole('button', { name: 'Take back' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
  await expect.poll(() => amountsIn(value)).toEqual(['250000.5'])
  expect(await amountsIn(set)).toEqual(['250000.5'])
  expect(await quantity()).toBe('250000.5')
})

test('a set balance that agrees with the transactions can be taken back as well', async () => {
  const { userId, ask } = await person()
  const { id } = (await ask('POST', '/v1/accounts', { name: 'Purse', kind: 'cash' })).body
  await ask('POST', '/v1/transactions', { accountId: id, amount: '20', date: day(9) }, 'twenty')
  await ask('PUT', `/v1/accounts/${id}/balances/${day(3)}`, { amount: '20' })
  const page = await dashboard.openAs(userId, `/accounts/${id}`)
  const set = region(page, 'Balances set by hand')
  await set.getByRole('button', { name: 'Take back' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
  await set.getByText('None.').waitFor()
  expect((await ask('GET', `/v1/accounts/${id}`)).body.reconciliation).toEqual([])
})

test('a double click, and an answer that was lost, enter a transaction once', async () => {
  const { userId, ask, idOf } = await household()
  const drawer = idOf('Drawer')
  const page = await dashboard.openAs(userId, `/accounts/${drawer}`, { refusals: [500] })
  const entered = async () => (await ask('GET', `/v1/transactions?accountId=${drawer}`)).body.transactions
  const enter = async (amount: string, direction: 'Received' | 'Spent') => {
    await page.getByRole('button', { name: 'Enter a transaction' }).click()
    const dialog = page.getByRole('dialog', { name: 'Enter a transaction' })
    await dialog.getByText(direction, { exact: true }).click()
    await dialog.getByLabel('Amount').fill(amount)
    await dialog.getByLabel('Description').fill('Corner shop')
    await dialog.getByLabel('Category').fill('Food')
    return dialog
  }
  const first = await enter('12.34', 'Spent')
  await first.getByRole('button', { name: 'Enter', exact: true }).dblclick()
  await first.waitFor({ state: 'detached' })
  const common = { description: 'Corner shop', category: 'Food', date: today, asset: 'EUR', manual: true }
  expect(await entered()).toMatchObject([{ ...common, amount: '-12.34' }])

  let lost = 0
  await page.route('**/v1/transactions', async (route) => {
    if (route.request().method() !== 'POST' || lost++ > 0) return route.continue()
    await route.fetch()
    await route.fulfill({ status: 500, contentType: 'text/plain', body: '' })
  })
  const second = await enter('50', 'Received')
  await second.getByRole('button', { name: 'Enter', exact: true }).click()
  await second.getByRole('alert').waitFor()
  expect(await entered()).toHaveLength(2)
  await second.getByRole('button', { name: 'Enter', exact: true }).click()
  await second.waitFor({ state: 'detached' })
  expect(lost).toBe(2)
  expect((await entered()).map(({ amount }: { amount: string }) => amount).sort()).toEqual(['-12.34', '50'])
  await expect.poll(() => amountsIn(region(page, 'Value today').locator('strong'))).toEqual(['37.66'])
  // Another opening of the dialog is another transaction, if everything is the same.
  const third = await enter('50', 'Received')
  await third.getByRole('button', { name: 'Enter', exact: true }).click()
  await third.waitFor({ state: 'detached' })
  expect(await entered()).toHaveLength(3)
})

test('an amount below zero is not entered: the direction says where it goes', async () => {
  const { userId, ask, idOf } = await household()
  const page = await dashboard.openAs(userId, `/accounts/${idOf('Drawer')}`)
  await page.getByRole('button', { name: 'Enter a transaction' }).click()
  const dialog = page.getByRole('dialog')
  for (const amount of ['-5', '0', 'five']) {
    await dialog.getByLabel('Amount').fill(amount)
    await dialog.getByRole('button', { name: 'Enter', exact: true }).click()
    await dialog.getByText(/^must be (above zero|a number)/).waitFor()
  }
  const { transactions } = (await ask('GET', `/v1/transactions?accountId=${idOf('Drawer')}`)).body
  expect(transactions).toEqual([])
})

test('an account is given another name and kind', async () => {
  const { userId, ask, idOf } = await household()
  const page = await dashboard.openAs(userId, `/accounts/${idOf('Drawer')}`, { refusals: [409] })
  await page.getByRole('button', { name: 'Edit' }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit the account' })
  await dialog.getByLabel('Name').fill('House')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('alert').getByText('There is a manual account of this name already').waitFor()
  await dialog.getByLabel('Name').fill('Purse')
  await dialog.getByLabel('Kind').selectOption('Wallet')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Purse', level: 1 }).waitFor()
  await page.getByText('Wallet', { exact: true }).waitFor()
  const { accounts } = (await ask('GET', '/v1/accounts')).body
  expect(accounts).toContainEqual(expect.objectContaining({ name: 'Purse', kind: 'wallet' }))
})

test('a manual account goes with what is in it; one that a source fills says why it stays', async () => {
  const { userId, ask, idOf } = await household()
  const page = await dashboard.openAs(userId, `/accounts/${idOf('Blue card')}`)
  await region(page, 'Remove').getByText('would bring it back with the next sync').waitFor()
  expect(await page.getByRole('button', { name: 'Remove the account' }).count()).toBe(0)
  await page.goto(`${dashboard.url}/accounts/${idOf('House')}`)
  await page.getByRole('button', { name: 'Remove the account' }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove the account' })
  await dialog.getByText('House goes with all its transactions').waitFor()
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
  await rowOf(page, 'House').waitFor({ state: 'detached' })
  const { points } = (await ask('GET', `/v1/net-worth?from=${today}&to=${today}`)).body
  await expect.poll(() => amountsIn(region(page, 'Net worth'))).toEqual([points[0].netWorth])
  expect((await ask('GET', `/v1/accounts/${idOf('House')}`)).status).toBe(404)
})

test('an account whose connection was removed can go', async () => {
  const { userId, bankId, ask, idOf } = await household()
  expect((await ask('DELETE', `/v1/sources/${bankId}`)).status).toBe(204)
  const page = await dashboard.openAs(userId, `/accounts/${idOf('Blue card')}`)
  await page.getByText('No longer connected').waitFor()
  await page.getByRole('button', { name: 'Remove the account' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
  expect((await ask('GET', `/v1/accounts/${idOf('Blue card')}`)).status).toBe(404)
})

test('an account that is not there, or is another’s, is none', async () => {
  const other = await household()
  const { userId } = await person()
  const page = await dashboard.openAs(userId, `/accounts/${other.idOf('House')}`, { refusals: [404, 400] })
  await page.getByText('There is no such account.').waitFor()
  await page.goto(`${dashboard.url}/accounts/house`)
  await page.getByText('There is no such account.').waitFor()
})

test.each([
  ['wide and light', {}],
  ['wide and dark', { colorScheme: 'dark' as const }],
  ['on a phone', phone],
  ['on a phone, dark', { ...phone, colorScheme: 'dark' as const }],
])('%s, everybody can use the pages', async (_, options) => {
  const { userId, idOf } = await household()
  const page = await dashboard.openAs(userId, '/accounts', options)
  await rowOf(page, 'House').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(await isWideAsItsScreen(page)).toBe(true)
  await page.getByRole('button', { name: 'Add an account' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  for (const name of ['Giro', 'House', 'Coins']) {
    await page.goto(`${dashboard.url}/accounts/${idOf(name)}`)
    await region(page, 'Value today').getByRole('img').waitFor()
    await region(page, 'Latest transactions').getByRole('table').waitFor()
    await region(page, 'Balances').getByRole('table').waitFor()
    expect(await seriousFaults(page)).toEqual([])
    expect(await isWideAsItsScreen(page)).toBe(true)
  }
  await page.goto(`${dashboard.url}/accounts/${idOf('House')}`)
  await page.getByRole('button', { name: 'Enter a transaction' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await seriousFaults(page)).toEqual([])
})

test('the keyboard alone adds an account', async () => {
  const { userId, ask } = await person()
  const page = await dashboard.openAs(userId, '/accounts')
  await page.getByRole('button', { name: 'Add by hand' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Name').focus()
  await page.keyboard.type('Purse')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Purse', level: 1 }).waitFor()
  expect((await ask('GET', '/v1/accounts')).body.accounts).toMatchObject([{ name: 'Purse', kind: 'cash' }])
})

test('where amounts are hidden, none is on the pages', async () => {
  const { userId, idOf } = await household()
  const page = await dashboard.openAs(userId, '/accounts')
  await rowOf(page, 'House').waitFor()
  const shown = await page
    .locator('main data')
    .evaluateAll((all) => all.flatMap((each) => [each.getAttribute('value'), each.textContent ?? '']))
  expect(shown).toContain('€250,000.50')
  await page.getByRole('button', { name: 'Hide amounts' }).click()
  const amounts = [
    '250000',
    '250,000',
    '4209',
    '4,209',
    '-987',
    '987.65',
    '0.1234',
    '9.5',
    '190000',
    '190,000',
  ]
  const expectNone = async () => {
    expect(await page.locator('main data').count()).toBe(0)
    const html = await page.locator('main').innerHTML()
    // The line is drawn from one edge to the other, whatever it stands for.
    const text = html.replaceAll(/ d="[^"]*"/g, '')
    expect(amounts.filter((amount) => text.includes(amount))).toEqual([])
  }
  await expectNone()
  for (const name of ['Giro', 'House', 'Coins', 'Blue card']) {
    await page.goto(`${dashboard.url}/accounts/${idOf(name)}`)
    await region(page, 'Value today').getByRole('img').waitFor()
    await region(page, 'Latest transactions').getByRole('table').waitFor()
    await region(page, 'Balances').getByRole('table').waitFor()
    await expectNone()
  }
})

test('where the server fails, it is said, and asked again', async () => {
  const { userId } = await household()
  const page = await dashboard.openAs(userId, '/settings', { refusals: [500] })
  await page.clock.install({ time: dashboard.time.now })
  let fails = true
  await page.route('**/v1/net-worth?**', (route) =>
    fails ? route.fulfill({ status: 500, contentType: 'text/plain', body: '' }) : route.continue(),
  )
  await page.getByRole('link', { name: 'Accounts' }).click()
  const again = page.getByRole('button', { name: 'Try again' })
  await again.waitFor()
  fails = false
  await again.click()
  await rowOf(page, 'House').waitFor()
  // What was there stays, and that it could not be read again is said.
  fails = true
  await page.clock.fastForward(61_000)
  await page.getByRole('alert').waitFor()
  expect(await rowOf(page, 'House').isVisible()).toBe(true)
})
