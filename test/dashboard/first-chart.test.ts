import { expect, test } from 'vitest'
import { phone, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

const statement = `account,id,date,amount,asset,description
Giro,1,2023-01-31,2500.10,EUR,Salary
Giro,2,2023-02-15,-99.95,EUR,Shoes
Giro,3,2024-02-29,1000,EUR,Bonus
`

test.each([
  ['a wide window', {}],
  ['a phone', phone],
])('from signing up to the first chart, in %s', async (_, options) => {
  const page = await dashboard.open('/sign-up', options)
  await page.getByLabel('Email').fill(`first-${Math.random()}@example.org`)
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('heading', { name: 'Nothing is here yet' }).waitFor()
  await page.getByRole('link', { name: 'Upload statement files' }).click()
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'giro.csv', mimeType: 'text/csv', buffer: Buffer.from(statement) })
  await page.getByText('3 transactions added.').waitFor()
  await page.getByRole('link', { name: 'Net worth' }).click()
  await page.locator('.chart canvas').waitFor()
  expect(await page.locator('.headline data').first().getAttribute('value')).toBe('3400.15')
  await page.getByText('All', { exact: true }).click()
  await expect.poll(() => page.locator('.headline').innerText()).toContain('+€900.05 (+36%) since')
})
