import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { phone, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newAccount } from '../setup/log-in.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

async function logIn(page: Page, email: string, password: string) {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

test('somebody logs in, reloads, and is still there', async () => {
  const { email, password } = await newAccount(dashboard)
  const page = await dashboard.open('/', { refusals: [401] })
  expect(await seriousFaults(page)).toEqual([])
  await logIn(page, email, 'wrong password')
  await page.getByRole('alert').getByText('The email or the password is not right.').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  const focused = () => page.evaluate('document.activeElement.tagName')
  await expect.poll(focused).toBe('H1')
  await page.reload()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(await focused()).toBe('BODY')
  expect(await seriousFaults(page)).toEqual([])
})

test('whoever follows an address logs in there, and goes on there', async () => {
  const { email, password } = await newAccount(dashboard)
  const page = await dashboard.open('/settings?some=thing')
  await logIn(page, email, password)
  await page.getByText(`You are logged in as ${email}.`).waitFor()
  expect(page.url()).toBe(`${dashboard.url}/settings?some=thing`)
})

test('a code is asked for of whom it was said that they need one, and of nobody else', async () => {
  const { email, password } = await newAccount(dashboard)
  const page = await dashboard.open('/', { refusals: [401] })
  const needed = { type: 'urn:tidemark:problem:second-factor-needed', status: 401 }
  await page.route('**/v1/tokens', (route) => route.fulfill({ status: 401, json: needed }))
  await logIn(page, 'other@example.org', 'the password of another')
  await page.getByLabel('Code').waitFor()
  await page.unroute('**/v1/tokens')
  await page.getByLabel('Email').fill(email)
  expect(await page.getByLabel('Code').count()).toBe(0)
  await logIn(page, email, password)
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
})

test('whoever has tried too often is told so', async () => {
  const { email, password } = await newAccount(dashboard)
  for (let time = 0; time < 10; time++)
    await dashboard.json('POST', '/v1/tokens', { body: { email, password: 'wrong' } })
  const page = await dashboard.open('/', { refusals: [429] })
  await logIn(page, email, password)
  await page.getByRole('alert').getByText('This was tried too often: wait, then try again.').waitFor()
})

test('the link of a demo is followed, in a page that is open as well, and leaves no trace in the address', async () => {
  const [first, second] = [await newAccount(dashboard), await newAccount(dashboard)]
  const link = ({ email, password }: typeof first) =>
    `/settings#log-in=${Buffer.from(JSON.stringify({ email, password })).toString('base64url')}`
  const page = await dashboard.open(link(first))
  await page.getByText(`You are logged in as ${first.email}.`).waitFor()
  expect(page.url()).toBe(`${dashboard.url}/settings`)
  await page.goto(dashboard.url + link(second))
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(page.url()).toBe(`${dashboard.url}/`)
  await page.getByLabel('Your account').click()
  await page.getByText(second.email).waitFor()
  expect(await page.content()).not.toContain(first.email)
})

test.each([
  ['on a phone', { ...phone }],
  ['in the dark', { colorScheme: 'dark' as const }],
])('%s it fits and can be read', async (_, options) => {
  const page = await dashboard.open('/', options)
  await page.getByRole('heading', { name: 'Log in', level: 1 }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
})
