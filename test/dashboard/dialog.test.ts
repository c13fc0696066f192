import { expect, test } from 'vitest'
import { startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

async function openAddAccount() {
  const { user } = await newPerson(db)
  const page = await dashboard.openAs(user.id, '/accounts')
  await page.getByRole('button', { name: 'Add by hand' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Purse')
  return { page, dialog }
}

test('marking a text beyond the edge closes nothing, a click beside does', async () => {
  const { page, dialog } = await openAddAccount()
  const field = (await dialog.getByLabel('Name').boundingBox())!
  await page.mouse.move(field.x + 40, field.y + field.height / 2)
  await page.mouse.down()
  await page.mouse.move(5, field.y, { steps: 5 })
  await page.mouse.up()
  expect(await dialog.getByLabel('Name').inputValue()).toBe('Purse')
  await page.mouse.click(5, field.y)
  await dialog.waitFor({ state: 'detached' })
})

test('whoever closes it while it is sent stays where they go', async () => {
  const { page, dialog } = await openAddAccount()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/v1/accounts', async (route) => {
    if (route.request().method() === 'POST') await held
    await route.continue()
  })
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('link', { name: 'Transactions' }).click()
  const written = page.waitForResponse((response) => response.request().method() === 'POST')
  release()
  await written
  // What a write changes is read again behind it.
  await page.waitForResponse((response) => response.url().includes('/v1/accounts'))
  expect(new URL(page.url()).pathname).toBe('/transactions')
})
