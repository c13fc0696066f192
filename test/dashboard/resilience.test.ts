import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { startDashboard, today } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

async function somebody(accounts = 1) {
  const { user, sourceId } = await newPerson(db)
  await ingest(
    db,
    sourceId,
    Array.from({ length: accounts }, (_, n) =>
      row(`r${n}`, addDays(today, -400 - n), '10.01', { account: `Account ${n}` }),
    ),
  )
  return user.id
}

test('of very many accounts the chart takes the next coarser grain', async () => {
  const page = await dashboard.openAs(await somebody(160), '/', { refusals: [400] })
  await page.locator('.headline').waitFor()
  await page.getByLabel('By', { exact: true }).selectOption('account')
  await page.getByText('141 others').waitFor()
  expect(await page.locator('.headline data').first().getAttribute('value')).toBe('1601.6')
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('an answer of something in between is said, and taken for no data', async () => {
  const page = await dashboard.openAs(await somebody(), '/accounts', { refusals: [502] })
  await page.getByText('Account 0').waitFor()
  await page.route('**/v1/accounts', (route) =>
    route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Welcome to the hotel</h1>' }),
  )
  await page.reload()
  await page.getByRole('alert').getByText('The answer is not the server’s own').first().waitFor()
  await page.unroute('**/v1/accounts')
  await page.getByText('Account 0').waitFor()
})

test('a page that cannot be drawn leaves the others', async () => {
  // What is thrown is told on the console, too.
  const page = await dashboard.openAs(await somebody(), '/', { refusals: [Number.NaN] })
  await page.locator('.headline').waitFor()
  await page.route('**/v1/accounts', (route) => route.fulfill({ json: { accounts: 'none' } }))
  await page.goto(`${dashboard.url}/accounts`)
  await page.getByRole('heading', { name: 'Something went wrong' }).waitFor()
  await page.getByLabel('Your account').click()
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
})

test('where the browser keeps nothing, one is logged in until the page is left', async () => {
  const email = `${Math.random()}@example.org`
  await dashboard.json('POST', '/v1/users', { body: { email, password: 'correct horse battery' } })
  const page = await dashboard.open('/sign-up')
  await page.addInitScript(`
    for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, { get() { throw new DOMException('refused', 'SecurityError') } })`)
  await page.goto(`${dashboard.url}/`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Nothing is here yet' }).waitFor()
  await page.getByRole('button', { name: 'Hide amounts' }).click()
  await page.getByRole('link', { name: 'Accounts' }).click()
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
})

test('what fails behind a closed dialog is told', async () => {
  const page = await dashboard.openAs(await somebody(), '/accounts', { refusals: [503] })
  await page.getByText('Account 0').click()
  await page.getByRole('button', { name: 'Set a balance' }).click()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/balances/**', async (route) => {
    await held
    await route.fulfill({ status: 503, body: '' })
  })
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: /^Balance|^Amount/ }).fill('12')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  release()
  await page.getByRole('alert').getByText('was not done').waitFor()
})

test('at 320 pixels no page is wider than its window', async () => {
  const page = await dashboard.openAs(await somebody(), '/', { viewport: { width: 320, height: 700 } })
  for (const path of ['/', '/transactions', '/accounts', '/sources', '/settings', '/sources/new']) {
    await page.goto(dashboard.url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expect.poll(() => page.locator('.skeleton').count()).toBe(0)
    expect(
      await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
      path,
    ).toBeLessThanOrEqual(0)
  }
})
