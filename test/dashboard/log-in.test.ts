import { expect, test } from 'vitest'
import { seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newAccount } from '../setup/log-in.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

test('somebody logs in, reloads, and is still there', async () => {
  const { email, password } = await newAccount(dashboard)
  const page = await dashboard.open('/', { refusals: [401] })
  expect(await seriousFaults(page)).toEqual([])
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill('wrong password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('alert').getByText('The email or the password is not right.').waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
})
