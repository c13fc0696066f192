import { expect, test } from 'vitest'
import { phone, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newAccount } from '../setup/log-in.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

const userOf = async (email: string) => {
  const [user] = await db.sql`SELECT id, time_zone, base_currency FROM app_user WHERE email = ${email}`
  return user
}

test('somebody signs up with the keyboard alone and sees the first page', async () => {
  const page = await dashboard.open('/')
  const { keyboard } = page
  const tabTo = async (name: string) => {
    for (let steps = 0; steps < 12; steps++) {
      await keyboard.press('Tab')
      const label = 'document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent'
      if ((await page.evaluate(label)) === name) return
    }
    throw new Error(`Tab does not reach ${name}`)
  }
  await tabTo('Sign up')
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sign up', level: 1 }).waitFor()
  expect(await page.title()).toBe('Sign up · Tidemark')
  // What is guessed of the device can be written over.
  expect(await page.getByLabel('Time zone').inputValue()).toBe('Europe/Berlin')
  await page.locator('body').click({ position: { x: 1, y: 1 } })
  await tabTo('Email')
  await keyboard.type('keyboard@example.org')
  await tabTo('Password')
  await keyboard.type('correct horse battery')
  await tabTo('Base currency')
  await keyboard.press('Control+A')
  await keyboard.type('chf')
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/')
  expect(await userOf('keyboard@example.org')).toMatchObject({
    time_zone: 'Europe/Berlin',
    base_currency: 'CHF',
  })
  await page.reload()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
})

test('what is refused is told beside its field, and can be mended', async () => {
  const { email } = await newAccount(dashboard)
  const page = await dashboard.open('/sign-up', { refusals: [400, 409] })
  const fill = async (values: Record<string, string>) => {
    for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value)
    await page.getByRole('button', { name: 'Sign up' }).click()
  }
  const faultOf = async (label: string) => {
    const field = page.locator('.field', { has: page.getByLabel(label) })
    return (await field.locator('.fault').allTextContents())[0]
  }
  await fill({ Email: email, Password: 'too short', 'Base currency': 'EURO DOLLAR', 'Time zone': 'Mars' })
  await expect.poll(() => faultOf('Password')).toBe('must have at least 10 characters')
  expect(await faultOf('Base currency')).toBe('must be an ISO 4217 code such as EUR, or a ticker')
  expect(await faultOf('Time zone')).toBe('must be an IANA time zone such as Europe/Berlin')
  expect(await faultOf('Email')).toBeUndefined()
  expect(await seriousFaults(page)).toEqual([])
  await fill({ Password: '🐎🔋🐎🔋🐎🔋🐎🔋🐎🔋', 'Base currency': 'EUR', 'Time zone': 'Europe/Paris' })
  await expect.poll(() => faultOf('Email')).toContain('Somebody has signed up with this email')
  expect(await faultOf('Password')).toBeUndefined()
  await fill({ Email: 'mended@example.org' })
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(await userOf('mended@example.org')).toMatchObject({ time_zone: 'Europe/Paris' })
})

test('an answer that was lost does not leave the email taken by oneself', async () => {
  const page = await dashboard.open('/sign-up', { unreachable: true })
  let sent = 0
  await page.route('**/v1/users', async (route) => {
    if (sent++ > 0) return route.continue()
    await route.fetch()
    return route.abort()
  })
  await page.getByLabel('Email').fill('lost@example.org')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('alert').getByText('The server could not be reached.').waitFor()
  expect(await userOf('lost@example.org')).toBeDefined()
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(sent).toBe(2)
})

test.each([
  ['on a phone', { ...phone }],
  ['in the dark', { colorScheme: 'dark' as const }],
])('%s it fits and can be read', async (_, options) => {
  const page = await dashboard.open('/sign-up', options)
  await page.getByRole('heading', { name: 'Sign up', level: 1 }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
})
