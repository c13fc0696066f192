import { Secret, TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { phone, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { type Account, logIn, newAccount, pass } from '../setup/log-in.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

const me = async (token: string) => dashboard.json('GET', '/v1/users/me', { token })
const card = (page: Page, title: string) =>
  page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) })

async function openSettings(options: Parameters<typeof dashboard.openAs>[2] = {}) {
  const account = await newAccount(dashboard)
  const page = await dashboard.openAs(account.id, '/settings', options)
  await page.getByText(`You are logged in as ${account.email}.`).waitFor()
  return { account, page }
}

async function logInOn(page: Page, { email, password }: Account) {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

test('time zone and base currency are changed, and what the page shows with them', async () => {
  const { account, page } = await openSettings()
  const token = await dashboard.tokenFor(account.id)
  const body = { name: 'clock', scopes: ['read'] }
  const { id } = (await dashboard.json('POST', '/v1/api-keys', { token, body })).body
  await db.sql`UPDATE api_key SET created_at = '2025-03-01T23:30:00Z' WHERE id = ${id}`
  await page.reload()
  const key = page.getByRole('listitem').filter({ hasText: 'clock' })
  await key.getByText('made 1 Mar 2025, 23:30').waitFor()
  const save = page.getByRole('button', { name: 'Save' })
  expect(await save.isDisabled()).toBe(true)
  await page.getByLabel('Time zone').fill('Asia/Tokyo')
  await page.getByLabel('Base currency').fill('chf')
  await save.click()
  await page.getByText('Saved.').waitFor()
  await key.getByText('made 2 Mar 2025, 08:30').waitFor()
  expect((await me(token)).body).toMatchObject({ timeZone: 'Asia/Tokyo', baseCurrency: 'CHF' })
  await page.reload()
  await key.getByText('made 2 Mar 2025, 08:30').waitFor()
  expect(await page.getByLabel('Base currency').inputValue()).toBe('CHF')
})

test('a zone that is none is refused beside its field', async () => {
  const { page } = await openSettings({ refusals: [400] })
  await page.getByLabel('Time zone').fill('Europe/Atlantis')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('must be an IANA time zone such as Europe/Berlin').waitFor()
  expect(await page.getByLabel('Time zone').inputValue()).toBe('Europe/Atlantis')
  expect(await page.getByText('Saved.').count()).toBe(0)
})

test('the password is changed: others are logged out, this one is not', async () => {
  const { account, page } = await openSettings({ refusals: [400] })
  const other = await dashboard.tokenFor(account.id)
  const form = card(page, 'Password')
  const change = async (current: string, chosen: string) => {
    await form.getByLabel('Current password').fill(current)
    await form.getByLabel('New password').fill(chosen)
    await form.getByRole('button', { name: 'Change the password' }).click()
  }
  await change('not the password', 'another horse battery')
  await form.getByText('The password is not right.').waitFor()
  await change(account.password, 'short')
  await form.getByText('must have at least 10 characters').waitFor()
  expect((await me(other)).status).toBe(200)
  await change(account.password, 'another horse battery')
  await form.getByText('The password was changed. Every other log-in has ended.').waitFor()
  expect(await form.getByLabel('New password').inputValue()).toBe('')
  expect((await me(other)).status).toBe(401)
  expect((await logIn(dashboard, account)).status).toBe(401)
  expect((await logIn(dashboard, { ...account, password: 'another horse battery' })).status).toBe(200)
  await page.reload()
  await page.getByText(`You are logged in as ${account.email}.`).waitFor()
})

test('a second factor is turned on, asked for, and turned off', async () => {
  const { account, page } = await openSettings({ refusals: [400, 401] })
  const part = card(page, 'Second factor')
  const dialog = page.getByRole('dialog')
  await part.getByText('Off', { exact: true }).waitFor()
  await part.getByRole('button', { name: 'Turn it on' }).click()
  await dialog.getByLabel('Your password').fill('not the password')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByText('The password is not right.').waitFor()
  await dialog.getByLabel('Your password').fill(account.password)
  await dialog.getByLabel('Your password').press('Enter')
  const secret = await dialog.getByLabel('Or type this secret into it').inputValue()
  const codeOf = () =>
    TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: dashboard.time.now.getTime() })
  await dialog.getByRole('img', { name: 'QR code for your authenticator' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf() === '000000' ? '111111' : '000000')
  await dialog.getByRole('button', { name: 'Turn it on' }).click()
  await dialog.getByText('The code is not right: send the one that is shown now.').waitFor()
  const shown = codeOf()
  await dialog.getByLabel('Code', { exact: true }).fill(`${shown.slice(0, 3)} ${shown.slice(3)}`)
  await dialog.getByRole('button', { name: 'Turn it on' }).click()
  await part.getByText('On', { exact: true }).waitFor()
  expect(await dialog.count()).toBe(0)

  pass(dashboard.time, 60)
  await page.getByRole('button', { name: 'Log out here' }).click()
  await logInOn(page, account)
  const code = page.getByLabel('Code', { exact: true })
  await code.waitFor()
  // Where to type is where the keyboard is.
  await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('code')
  await code.fill(codeOf() === '000000' ? '111111' : '000000')
  await code.press('Enter')
  await page.getByRole('alert').getByText('The code is not right').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await code.fill(codeOf())
  await code.press('Enter')
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()

  pass(dashboard.time, 60)
  await page.goto(`${dashboard.url}/settings`)
  await part.getByRole('button', { name: 'Turn it off' }).click()
  await dialog.getByLabel('Your password').fill(account.password)
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf())
  await dialog.getByRole('button', { name: 'Turn it off' }).click()
  await part.getByText('Off', { exact: true }).waitFor()
  expect((await logIn(dashboard, account)).status).toBe(200)
})

test('an API key is made, shown once, works, and does not once it is revoked', async () => {
  const { account, page } = await openSettings({ permissions: ['clipboard-read', 'clipboard-write'] })
  const part = card(page, 'API keys')
  const dialog = page.getByRole('dialog')
  await part.getByText('There are none.').waitFor()
  await part.getByRole('button', { name: 'New key' }).click()
  await dialog.getByLabel('Name').fill('the spreadsheet')
  await dialog.getByLabel('It may').selectOption('Write')
  await dialog.getByLabel('It ends').selectOption('In 30 days')
  expect(await seriousFaults(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const shown = part.getByLabel('The key the spreadsheet')
  const key = await shown.inputValue()
  await part.getByRole('button', { name: 'Copy', exact: true }).click()
  await part.getByText('Copied.').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key)
  expect((await me(key)).body.id).toBe(account.id)
  // It may write, and not change who its owner is.
  const change = (method: string, path: string, body: object) =>
    dashboard.json(method, path, { token: key, body })
  expect((await change('POST', '/v1/accounts', { name: 'Purse', kind: 'cash' })).status).toBe(201)
  expect((await change('PATCH', '/v1/users/me', { baseCurrency: 'USD' })).status).toBe(403)
  const row = part.getByRole('listitem').filter({ hasText: 'the spreadsheet' })
  await row.getByText('Write', { exact: true }).waitFor()
  expect(await row.textContent()).toMatch(/tmk_[\w-]{4}…, made .*\d{4}, \d\d:\d\d, ends .*\d{4}, \d\d:\d\d/)
  await part.getByRole('button', { name: 'I have copied it' }).click()
  await shown.waitFor({ state: 'detached' })
  await page.reload()
  await row.waitFor()
  expect(await page.content()).not.toContain(key)
  await row.getByRole('button', { name: 'Revoke the spreadsheet' }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect((await me(key)).status).toBe(200)
  await row.getByRole('button', { name: 'Revoke the spreadsheet' }).click()
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
  await part.getByText('There are none.').waitFor()
  expect((await me(key)).status).toBe(401)
})

test('an answer that was lost makes one key, not two', async () => {
  const { account, page } = await openSettings({ unreachable: true })
  await card(page, 'API keys').getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog')
  let sent = 0
  await page.route('**/v1/api-keys', async (route) => {
    if (route.request().method() !== 'POST' || sent++ > 0) return route.continue()
    await route.fetch()
    return route.abort()
  })
  await dialog.getByLabel('Name').fill('once')
  await dialog.getByLabel('It ends').selectOption('In a year')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await dialog.getByText('The server could not be reached.').waitFor()
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await page.getByLabel('The key once').inputValue()
  expect((await me(key)).status).toBe(200)
  const token = await dashboard.tokenFor(account.id)
  expect((await dashboard.json('GET', '/v1/api-keys', { token })).body.apiKeys).toHaveLength(1)
})

test('light or dark is kept, and is there before the first paint', async () => {
  const { page } = await openSettings()
  const theme = 'document.documentElement.dataset.theme'
  const back = 'getComputedStyle(document.body).backgroundColor'
  const light = await page.evaluate(back)
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true })
  expect(await page.evaluate(theme)).toBe('dark')
  const dark = await page.evaluate(back)
  expect(dark).not.toBe(light)
  // As it is when the body comes into being, before anything is drawn.
  await page.addInitScript(`
    new MutationObserver((_, observer) => {
      if (!document.body) return
      window.atFirst = [${theme}, document.getElementById('app')?.childElementCount ?? 0]
      observer.disconnect()
    }).observe(document, { childList: true, subtree: true })`)
  await page.reload()
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  expect(await page.evaluate('window.atFirst')).toEqual(['dark', 0])
  expect(await page.evaluate(back)).toBe(dark)
  expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true)
  await page.getByRole('radio', { name: 'System' }).check({ force: true })
  expect(await page.evaluate(back)).toBe(light)
})

test('hidden amounts stay hidden over a reload', async () => {
  const { page } = await openSettings()
  const box = page.getByRole('checkbox', { name: 'Hide amounts' })
  const button = page.getByRole('button', { name: 'Hide amounts' })
  await box.check()
  expect(await button.getAttribute('aria-pressed')).toBe('true')
  await page.reload()
  await expect.poll(() => box.isChecked()).toBe(true)
  await button.click()
  expect(await box.isChecked()).toBe(false)
})

test('what could not be read says so, and can be tried again', async () => {
  const account = await newAccount(dashboard)
  const page = await dashboard.openAs(account.id, '/settings', { refusals: [429] })
  await page.getByText(`You are logged in as ${account.email}.`).waitFor()
  let refuses = true
  await page.route('**/v1/api-keys', (route) =>
    refuses
      ? route.fulfill({ status: 429, json: { title: 'Too many requests', detail: 'wait a little' } })
      : route.continue(),
  )
  await page.reload()
  await page.getByRole('alert').getByText('Wait a little.').waitFor()
  refuses = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('There are none.').waitFor()
})

test.each([
  ['on a phone', { ...phone }],
  ['in the dark', { colorScheme: 'dark' as const }],
  ['in the dark on a phone', { ...phone, colorScheme: 'dark' as const }],
])('%s it fits and can be read', async (_, options) => {
  const account = await newAccount(dashboard)
  const token = await dashboard.tokenFor(account.id)
  for (const name of ['a spreadsheet', 'n'.repeat(100)])
    await dashboard.json('POST', '/v1/api-keys', { token, body: { name, scopes: ['admin'] } })
  const page = await dashboard.openAs(account.id, '/settings', options)
  await page.getByRole('listitem').filter({ hasText: 'a spreadsheet' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
})
