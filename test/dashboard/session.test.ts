import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { present, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { type Account, newAccount, pass } from '../setup/log-in.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)
const minutes = 60
const days = 86_400

const settings = (page: Page, { email }: Account) => page.getByText(`You are logged in as ${email}.`)
const ended = 'Your log-in has ended. Log in again to go on where you were.'

async function logInOn(page: Page, { email, password }: Account) {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

async function openSettings(options: Parameters<typeof dashboard.openAs>[2] = {}) {
  const account = await newAccount(dashboard)
  const page = await dashboard.openAs(account.id, '/settings', options)
  await settings(page, account).waitFor()
  return { account, page }
}

/** Another tab of the same browser. */
async function openTab(page: Page, path = '/settings'): Promise<Page> {
  const tab = await page.context().newPage()
  tab.setDefaultTimeout(15_000)
  await tab.goto(dashboard.url + path)
  return tab
}

/** Something to be done on the page that asks the server. */
async function save(page: Page, currency: string) {
  await page.getByLabel('Base currency').fill(currency)
  await page.getByRole('button', { name: 'Save' }).click()
}

/** As if the device had slept: what is held on it is taken for ended. */
const wakeUp = (page: Page) =>
  page.evaluate(`{
    const kept = { ...JSON.parse(localStorage.getItem('tidemark.session')), accessUntil: 0 }
    localStorage.setItem('tidemark.session', JSON.stringify(kept))
    dispatchEvent(new StorageEvent('storage', { key: 'tidemark.session' }))
  }`)
const kept = async (page: Page) =>
  (await page.evaluate(`JSON.parse(localStorage.getItem('tidemark.session'))`)) as Record<string, unknown>

const isTurnTaken = `navigator.locks.query().then(({ held }) => held.some(({ name }) => name === 'tidemark.refresh'))`

const sessionsOf = async ({ id }: Account) =>
  await db.sql`SELECT revoked_at FROM session WHERE user_id = ${id} ORDER BY created_at`

/** What waits for the first passes once the second was called. */
function gate(): [Promise<void>, () => void] {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return [opened, open]
}

test('an access token that the server refuses is replaced, and nobody sees anything of it', async () => {
  const { page } = await openSettings({ refusals: [401] })
  pass(dashboard.time, 10 * minutes)
  await save(page, 'USD')
  await page.getByText('Saved.').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  expect(await page.getByLabel('Email').count()).toBe(0)
})

test.each([-5, 5])('with a clock that is wrong by %d hours one stays logged in', async (hours) => {
  const { page } = await openSettings({ refusals: [401] })
  await page.clock.install({ time: present.getTime() + hours * 60 * minutes * 1000 })
  for (const currency of ['USD', 'CHF', 'GBP']) {
    pass(dashboard.time, 10 * minutes)
    await save(page, currency)
    await page.getByText('Saved.').waitFor()
  }
})

test('a log-in that has ended is asked for again; then the page is as it was left', async () => {
  const { account, page } = await openSettings({ refusals: [401] })
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name').fill('typed before')
  pass(dashboard.time, 31 * days)
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByText(ended).waitFor()
  expect(await page.title()).toBe('Log in · Tidemark')
  // Nothing of the page is to be seen or reached, with Escape neither.
  for (let time = 0; time < 3; time++) await page.keyboard.press('Escape')
  await page.getByText(ended).waitFor()
  for (const hidden of [page.getByLabel('Name'), page.getByRole('heading', { name: 'Settings' })])
    expect(await hidden.isVisible()).toBe(false)
  expect(await page.getByLabel('Email').inputValue()).toBe(account.email)
  await logInOn(page, account)
  const name = page.getByLabel('Name')
  await name.waitFor()
  expect(await name.inputValue()).toBe('typed before')
  expect(await page.title()).toBe('Settings · Tidemark')
  expect(new URL(page.url()).pathname).toBe('/settings')
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByLabel('The key typed before').waitFor()
})

test('a page that is opened after its log-in ended is shown after the next', async () => {
  const { account, page } = await openSettings({ refusals: [401] })
  pass(dashboard.time, 31 * days)
  await page.goto(`${dashboard.url}/settings?from=elsewhere`)
  await page.getByText(ended).waitFor()
  // It is not forgotten over a reload why.
  await page.reload()
  await page.getByText(ended).waitFor()
  await logInOn(page, account)
  await settings(page, account).waitFor()
  expect(page.url()).toBe(`${dashboard.url}/settings?from=elsewhere`)
})

test('a wrong password does not pass for the log-in having ended', async () => {
  const { account, page } = await openSettings({ refusals: [400, 401] })
  await page.getByLabel('Current password').fill('not the password')
  await page.getByLabel('New password').fill('another horse battery')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByText('The password is not right.').waitFor()
  expect((await kept(page)).kind).toBe('user')
  await page.getByRole('button', { name: 'Log out here' }).click()
  await logInOn(page, { ...account, password: 'not the password' })
  await page.getByText('The email or the password is not right.').waitFor()
  expect(await page.getByText(ended).count()).toBe(0)
})

test.each([
  ['with locks', ''],
  ['without, as over http in a home’s network', 'delete Navigator.prototype.locks'],
])('three tabs that refresh at once take turns, %s', async (_, before) => {
  const { account, page } = await openSettings({ refusals: [401] })
  const tabs = [page, await openTab(page), await openTab(page)]
  for (const tab of tabs) {
    await tab.addInitScript(before)
    await tab.reload()
    await settings(tab, account).waitFor()
  }
  const refused = new Set<Page>()
  for (const tab of tabs)
    tab.on('response', (response) => {
      if (response.status() === 401) refused.add(tab)
    })
  let exchanges = 0
  await page.context().route('**/v1/tokens/refresh', async (route) => {
    exchanges++
    // All of them want new tokens before one has them.
    await expect.poll(() => refused.size, { timeout: 15_000 }).toBe(3)
    await route.continue()
  })
  for (const currency of ['USD', 'CHF', 'GBP', 'JPY']) {
    refused.clear()
    pass(dashboard.time, 10 * minutes)
    await Promise.all(tabs.map((tab) => save(tab, currency)))
    for (const tab of tabs) await tab.getByText('Saved.').waitFor()
    for (const tab of tabs) expect(await tab.getByRole('alert').count()).toBe(0)
  }
  expect(exchanges).toBe(4)
  expect(await sessionsOf(account)).toEqual([{ revoked_at: null }])
})

test('a tab that was not told of the tokens of another yet waits for them', async () => {
  const { account, page } = await openSettings()
  const before = await kept(page)
  await wakeUp(page)
  await page.evaluate(
    `void navigator.locks.request('tidemark.refresh spent ${before.refreshToken}', () => new Promise(() => {}))`,
  )
  let exchanges = 0
  await page.route('**/v1/tokens/refresh', async (route) => {
    exchanges++
    await route.continue()
  })
  await save(page, 'USD')
  await expect.poll(() => page.evaluate(isTurnTaken)).toBe(true)
  pass(dashboard.time, 1)
  const { refreshToken } = before
  const { body } = await dashboard.json('POST', '/v1/tokens/refresh', { body: { refreshToken } })
  const after = { ...before, ...body, accessUntil: present.getTime() + 300_000 }
  await page.evaluate(`localStorage.setItem('tidemark.session', ${JSON.stringify(JSON.stringify(after))})`)
  await page.getByText('Saved.').waitFor()
  expect(exchanges).toBe(0)
  expect(await sessionsOf(account)).toEqual([{ revoked_at: null }])
})

test('an answer to a refresh that was lost is asked for again', async () => {
  const { page } = await openSettings({ unreachable: true })
  const before = await kept(page)
  let lost = 0
  await page.route('**/v1/tokens/refresh', async (route) => {
    if (lost++ > 0) return route.continue()
    await route.fetch()
    return route.abort()
  })
  await wakeUp(page)
  await save(page, 'USD')
  await page.getByRole('alert').getByText('The server could not be reached.').waitFor()
  expect((await kept(page)).refreshToken).toBe(before.refreshToken)
  await save(page, 'USD')
  await page.getByText('Saved.').waitFor()
  expect((await kept(page)).refreshToken).not.toBe(before.refreshToken)
})

test.each<[string, (page: Page) => Promise<() => Promise<void>>]>([
  [
    'offline',
    async (page) => {
      await page.context().setOffline(true)
      return () => page.context().setOffline(false)
    },
  ],
  [
    'behind a proxy that wants a log-in of its own',
    async (page) => {
      await page.route('**/v1/**', (route) => route.fulfill({ status: 401, body: '<p>log in' }))
      return () => page.unroute('**/v1/**')
    },
  ],
  [
    'while the server starts',
    async (page) => {
      await page.route('**/v1/**', (route) => route.fulfill({ status: 502, body: 'bad gateway' }))
      return () => page.unroute('**/v1/**')
    },
  ],
])('a refresh %s logs nobody out', async (_, cut) => {
  const { account, page } = await openSettings({ unreachable: true, refusals: [401, 502] })
  await wakeUp(page)
  const mend = await cut(page)
  await save(page, 'USD')
  await page.getByRole('alert').first().waitFor()
  expect((await kept(page)).kind).toBe('user')
  expect(await settings(page, account).isVisible()).toBe(true)
  await mend()
  await save(page, 'CHF')
  await page.getByText('Saved.').waitFor()
})

test('logging out in one tab logs the others out, and leaves nothing of what they showed', async () => {
  const { account, page } = await openSettings()
  const tab = await openTab(page)
  await settings(tab, account).waitFor()
  await page.getByRole('button', { name: 'Log out here' }).click()
  for (const each of [page, tab]) {
    await each.getByRole('heading', { name: 'Log in', level: 1 }).waitFor()
    expect(await each.content()).not.toContain(account.email)
    expect(new URL(each.url()).pathname).toBe('/')
    expect(await each.getByText(ended).count()).toBe(0)
    expect(await each.getByLabel('Email').inputValue()).toBe('')
  }
  await expect.poll(async () => (await sessionsOf(account))[0]!.revoked_at).not.toBeNull()
  await logInOn(page, account)
  await tab.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
})

test('who logs out while tokens are exchanged stays logged out', async () => {
  const { account, page } = await openSettings({ refusals: [401] })
  const [held, letGo] = gate()
  const [reached, reach] = gate()
  await page.route('**/v1/tokens/refresh', async (route) => {
    const response = await route.fetch()
    reach()
    await held
    await route.fulfill({ response })
  })
  await wakeUp(page)
  await save(page, 'USD')
  await reached
  await page.getByRole('button', { name: 'Log out here' }).click()
  const answered = page.waitForResponse('**/v1/tokens/refresh')
  letGo()
  await (await answered).finished()
  await page.getByRole('heading', { name: 'Log in', level: 1 }).waitFor()
  expect(await kept(page)).toBeNull()
  expect(await page.getByText(ended).count()).toBe(0)
  await expect.poll(async () => (await sessionsOf(account))[0]!.revoked_at).not.toBeNull()
})

test('who logs in next sees nothing of who was there before, in no tab', async () => {
  const { account: first, page } = await openSettings()
  const tab = await openTab(page)
  await settings(tab, first).waitFor()
  const second = await newAccount(dashboard)
  await page.getByRole('button', { name: 'Log out here' }).click()
  // The second user's answers are kept back: what is shown meanwhile is what the page had.
  const [held, letGo] = gate()
  await page.context().route('**/v1/users/me', async (route) => {
    await held
    await route.continue()
  })
  await logInOn(page, second)
  for (const each of [page, tab]) {
    await each.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
    await each.getByLabel('Your account').click()
    await each.getByRole('link', { name: 'Settings' }).click()
    await each.getByRole('heading', { name: 'Settings' }).waitFor()
    expect(await each.content()).not.toContain(first.email)
  }
  letGo()
  for (const each of [page, tab]) await settings(each, second).waitFor()
})

test('another user who logs in where a log-in ended gets nothing of the page that waited', async () => {
  const { account: first, page } = await openSettings({ refusals: [401] })
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name').fill('typed by the first')
  pass(dashboard.time, 31 * days)
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByText(ended).waitFor()
  const second = await newAccount(dashboard)
  await logInOn(page, second)
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/')
  expect(await page.getByRole('dialog').count()).toBe(0)
  const content = await page.content()
  for (const text of [first.email, 'typed by the first']) expect(content).not.toContain(text)
})

test('logging out everywhere ends a log-in in another browser', async () => {
  const { account, page } = await openSettings()
  const other = await dashboard.openAs(account.id, '/settings', { refusals: [401] })
  await settings(other, account).waitFor()
  await page.getByRole('button', { name: 'Log out everywhere' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Log out everywhere' }).click()
  await page.getByText('You are logged out everywhere.').waitFor()
  expect(await kept(page)).toBeNull()
  await save(other, 'USD')
  await other.getByText(ended).waitFor()
  expect(await settings(other, account).isVisible()).toBe(false)
  for (const { revoked_at } of await sessionsOf(account)) expect(revoked_at).not.toBeNull()
})

test('logging out everywhere that did not reach the server says so, and nobody is logged out', async () => {
  const { account, page } = await openSettings({ unreachable: true })
  await page.route('**/v1/tokens', (route) => route.abort())
  await page.getByRole('button', { name: 'Log out everywhere' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Log out everywhere' }).click()
  await dialog.getByText('The server could not be reached.').waitFor()
  expect((await kept(page)).kind).toBe('user')
  await page.unroute('**/v1/tokens')
  await dialog.getByRole('button', { name: 'Log out everywhere' }).click()
  await page.getByText('You are logged out everywhere.').waitFor()
  for (const { revoked_at } of await sessionsOf(account)) expect(revoked_at).not.toBeNull()
})
