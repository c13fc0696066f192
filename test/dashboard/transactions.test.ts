import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { phone, seriousFaults, startDashboard, today } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)
/** What the browser says of a request that did not come back: it has no status. */
const lost = Number.NaN

async function person() {
  const { user, sourceId } = await newPerson(db)
  return { id: user.id, sourceId, token: await dashboard.tokenFor(user.id) }
}

/** Somebody with a bakery's bill, a discount, a salary, a pending card payment and a payout that was requested. */
async function household() {
  const owner = await person()
  await ingest(db, owner.sourceId, [
    row('1', addDays(today, -9), '-3.50', { description: 'Bäckerei Müller', category: 'food' }),
    row('2', addDays(today, -9), '-1234.565', { description: '100% off_season', account: 'B' }),
    row('3', addDays(today, -5), '2500', { counterparty: 'ACME', kind: 'deposit', category: 'income' }),
    row('4', addDays(today, -1), '-20', { description: 'Hotel', status: 'pending' }),
    row('5', addDays(today, -1), '-7', { description: 'Payout', status: 'requested', kind: 'payout' }),
    row('6', addDays(today, -3), '0.000123456789', { description: 'Dust', asset: 'BTC', account: 'B' }),
  ])
  return owner
}

async function listed(token: string, query = 'limit=500') {
  const { body } = await dashboard.json('GET', `/v1/transactions?${query}`, { token })
  return body.transactions as {
    id: string
    description: string
    amount: string
    [field: string]: unknown
  }[]
}

const rowsOn = (page: Page) => page.locator('.tx-row')
const titles = (page: Page) => page.locator('.tx-title').allTextContents()
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const shows = (page: Page, expected: string[]) => expect.poll(() => titles(page)).toEqual(expected)
const field = (page: Page, name: string) => page.getByLabel(name, { exact: true })
const dialogField = (page: Page, name: string) => page.getByRole('dialog').getByLabel(name, { exact: true })
const query = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)

async function cashAccount(token: string) {
  const { body } = await dashboard.json('POST', '/v1/accounts', {
    token,
    body: { name: 'Wallet', kind: 'cash' },
  })
  return body.id as string
}

test('lists by day, newest first, with what is said of each and the amounts of the API', async () => {
  const { id, token } = await household()
  const page = await dashboard.openAs(id, '/transactions')
  await page.getByRole('heading', { level: 2 }).first().waitFor()
  const rows = await listed(token)
  const shown = await page
    .locator('.tx-amount data')
    .evaluateAll((all) => all.map((each) => each.getAttribute('value')))
  expect(shown).toEqual(rows.map(({ amount }) => amount))
  expect(await titles(page)).toEqual(rows.map((each) => each.description ?? each.counterparty))
  const days = await page.getByRole('heading', { level: 2 }).allTextContents()
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
  const written = [...new Set(rows.map(({ date }) => format.format(new Date(`${date}T12:00:00Z`))))]
  expect(days).toEqual(written)
  expect(await button(page, /^Hotel/).textContent()).toContain('Pending')
  expect(await button(page, /^Payout/).textContent()).toContain('Requested')
  expect(await page.locator('.tx-amount').allTextContents()).toEqual(
    expect.arrayContaining(['+€2,500.00', '-€1,234.565', '+0.000123456789 BTC']),
  )
  const german = await dashboard.openAs(id, '/transactions', { locale: 'de-DE' })
  await rowsOn(german).first().waitFor()
  const amounts = (await german.locator('.tx-amount').allTextContents()).map((text) =>
    text.replace(/\s/g, ' '),
  )
  expect(amounts).toEqual(expect.arrayContaining(['+2.500,00 €', '-1.234,565 €', '+0,000123456789 BTC']))
})

test.each(['en-GB', 'de-DE', 'en-IN', 'hi-IN', 'ar-EG', 'fa-IR'])(
  'in %s, every digit of an amount is shown',
  async (locale) => {
    const owner = await person()
    const amounts = [
      ['HUF', '123.45'],
      ['RSD', '-123.45'],
      ['IQD', '1234.5675'],
      ['JPY', '12345.67'],
      ['KWD', '1.2345'],
      ['EUR', '-1234567.000000000000000000000001'],
      ['BTC', '0.123456789012345678901234567891'],
    ] as const
    await ingest(
      db,
      owner.sourceId,
      amounts.map(([asset, amount]) => row(asset, today, amount, { asset })),
    )
    const page = await dashboard.openAs(owner.id, '/transactions', { locale })
    await expect.poll(() => rowsOn(page).count()).toBe(amounts.length)
    const shown = await page
      .locator('.tx-amount data')
      .evaluateAll((all) =>
        all.map((each) => ({ value: each.getAttribute('value')!, text: each.textContent! })),
      )
    const latin = (text: string) => text.replace(/\p{Nd}/gu, (digit) => latinOf(digit, locale))
    expect(shown.map(({ value }) => value)).toEqual((await listed(owner.token)).map(({ amount }) => amount))
    for (const { value, text } of shown) {
      const digits = latin(text).replace(/\D/g, '')
      expect(digits, text).toContain(value.replace(/\D/g, ''))
    }
  },
)

/** Of a digit in the writing of a language. */
function latinOf(digit: string, locale: string): string {
  const own = Array.from({ length: 10 }, (_, value) => new Intl.NumberFormat(locale).format(value))
  return own.includes(digit) ? String(own.indexOf(digit)) : digit
}

test('a search is looked for literally, and stands in the address', async () => {
  const { id } = await household()
  const page = await dashboard.openAs(id, '/transactions')
  await rowsOn(page).first().waitFor()
  const length = await page.evaluate('history.length')
  for (const [typed, found] of [
    ['%', ['100% off_season']],
    ['100% o', ['100% off_season']],
    ['_', ['100% off_season']],
    ['MÜLLER', ['Bäckerei Müller']],
    ['bäck', ['Bäckerei Müller']],
    ['food', ['Bäckerei Müller']],
  ] as const) {
    await field(page, 'Search').fill(typed)
    await shows(page, [...found])
    await expect.poll(() => query(page)).toEqual({ q: typed })
    await page.reload()
    await shows(page, [...found])
    expect(await field(page, 'Search').inputValue()).toBe(typed)
  }
  expect(await page.evaluate('history.length')).toBe(length)
  await field(page, 'Search').fill('%25')
  await page.getByText('No transaction matches.').waitFor()
  await button(page, 'Clear filters').click()
  await expect.poll(() => rowsOn(page).count()).toBe(6)
  expect(await field(page, 'Search').inputValue()).toBe('')
})

test('filters stand in the address, and the way back and forth keeps them', async () => {
  const { id, token } = await household()
  const { body } = await dashboard.json('GET', '/v1/accounts', { token })
  const { id: accountId } = body.accounts.find(({ name }: { name: string }) => name === 'B')
  const page = await dashboard.openAs(id, '/transactions')
  await rowsOn(page).first().waitFor()
  await field(page, 'Account').selectOption('B')
  await shows(page, ['Dust', '100% off_season'])
  await field(page, 'To').fill(addDays(today, -4))
  await shows(page, ['100% off_season'])
  expect(query(page)).toEqual({ accountId, to: addDays(today, -4) })
  await page.goBack()
  await expect.poll(() => rowsOn(page).count()).toBe(6)
  expect(await field(page, 'Account').inputValue()).toBe('')
  expect(await field(page, 'To').inputValue()).toBe('')
  await page.goForward()
  await shows(page, ['100% off_season'])
  const other = await dashboard.openAs(id, new URL(page.url()).pathname + new URL(page.url()).search)
  await shows(other, ['100% off_season'])
  await button(other, /^Remove filter To/).click()
  await shows(other, ['Dust', '100% off_season'])
  await button(other, 'Clear all').click()
  await expect.poll(() => rowsOn(other).count()).toBe(6)
  expect(query(other)).toEqual({})
})

test.each([
  ['Status', { choose: 'Requested' }, { status: 'requested' }, ['Payout']],
  ['Kind', { type: 'deposit' }, { kind: 'deposit' }, ['ACME']],
  ['Category', { type: 'food' }, { category: 'food' }, ['Bäckerei Müller']],
  ['Asset', { type: 'btc' }, { asset: 'btc' }, ['Dust']],
  ['Least amount', { type: '0,5' }, { min: '0.5' }, ['ACME']],
  ['Greatest amount', { type: '-1.234,5' }, { max: '-1234.5' }, ['100% off_season']],
  ['From', { type: addDays(today, -2) }, { from: addDays(today, -2) }, undefined],
] as const)('filters by %s', async (label, given, address, found) => {
  const { id, token } = await household()
  const page = await dashboard.openAs(id, '/transactions', { locale: 'de-DE' })
  await rowsOn(page).first().waitFor()
  if ('choose' in given) await field(page, label).selectOption(given.choose)
  else await field(page, label).fill(given.type)
  const expected = await listed(token, new URLSearchParams(address).toString())
  await shows(page, [...(found ?? expected.map(({ description }) => description))])
  expect(expected.map((each) => each.description ?? each.counterparty)).toEqual(await titles(page))
  expect(query(page)).toEqual(address)
})

test('a day that is being typed is asked for once it is whole, and is no step of the history', async () => {
  const { id } = await household()
  const page = await dashboard.openAs(id, '/transactions')
  await rowsOn(page).first().waitFor()
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).searchParams.get('from') ?? ''))
  const length = await page.evaluate('history.length')
  await field(page, 'From').focus()
  await page.keyboard.type('02022024', { delay: 400 })
  await expect.poll(() => query(page)).toEqual({ from: '2024-02-02' })
  await expect.poll(() => [...asked].filter((day) => day !== '')).toEqual(['2024-02-02'])
  expect(await page.evaluate('history.length')).toBe(length)
})

test('of a long list, the first page alone is asked for as time goes by', async () => {
  const owner = await person()
  const old = Array.from({ length: 320 }, (_, n) =>
    row(`old ${n}`, addDays(today, -Math.floor(n / 4)), `-${n + 1}`, { description: `old ${n}` }),
  )
  await ingest(db, owner.sourceId, old)
  const page = await dashboard.openAs(owner.id, '/transactions')
  await page.clock.install()
  await page.reload()
  await rowsOn(page).first().waitFor()
  for (;;) {
    if (await page.getByText('That is all.').isVisible()) break
    await rowsOn(page).last().scrollIntoViewIfNeeded()
    await page.clock.runFor(100)
  }
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url())
    if (pathname === '/v1/transactions') asked.push(searchParams.get('cursor') === null ? 'first' : 'later')
  })
  const minuteLater = async () => {
    await page.clock.runFor(61_000)
    return asked.length
  }
  await expect.poll(minuteLater).toBeGreaterThan(2)
  expect(new Set(asked)).toEqual(new Set(['first']))
  await ingest(db, owner.sourceId, [row('new', today, '-1', { description: 'new' })])
  await minuteLater()
  await page.locator('.tx-title').getByText('new', { exact: true }).waitFor()
  await expect.poll(() => rowsOn(page).count()).toBe(321)
  expect(asked).toContain('later')
})

test('a filter that is refused is told beside its field', async () => {
  const { id } = await household()
  const options = { refusals: [400, 404], ...phone }
  const page = await dashboard.openAs(id, '/transactions?min=much&status=lost', options)
  await page.getByText('must be a number', { exact: true }).waitFor()
  expect(await field(page, 'Least amount').getAttribute('aria-invalid')).toBe('true')
  expect(await field(page, 'Status').getAttribute('aria-invalid')).toBe('true')
  await page.goto(`${dashboard.url}/transactions?from=2024-02-01&to=2024-01-01`)
  await page.getByText('The range is reversed').waitFor()
  await page.goto(`${dashboard.url}/transactions?accountId=999999`)
  await page.getByText('There is no such account').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Clear filters').click()
  await expect.poll(() => rowsOn(page).count()).toBe(6)
})

test('an endless list shows each once and in order, while others come in between', async () => {
  const owner = await person()
  const old = Array.from({ length: 320 }, (_, n) =>
    row(`old ${n}`, addDays(today, -Math.floor(n / 4)), `-${n + 1}`, { description: `old ${n}` }),
  )
  await ingest(db, owner.sourceId, old)
  const page = await dashboard.openAs(owner.id, '/transactions')
  await rowsOn(page).first().waitFor()
  for (let round = 0; !(await page.getByText('That is all.').isVisible()); round++) {
    await ingest(db, owner.sourceId, [
      row(`new ${round}`, today, '-1', { description: `new ${round}` }),
      row(`between ${round}`, addDays(today, -2), '-1', { description: `between ${round}` }),
      // From the first page, which is on the screen, to one that is not read yet.
      row('old 3', addDays(today, -75), '-4', { description: 'old 3' }),
    ])
    const before = await rowsOn(page).count()
    await rowsOn(page).last().scrollIntoViewIfNeeded()
    await expect
      .poll(async () => (await rowsOn(page).count()) > before || page.getByText('That is all.').isVisible())
      .toBe(true)
  }
  const shown = (await titles(page)).filter((title) => title.startsWith('old'))
  const all = (await listed(owner.token)).map(({ description }) => description)
  expect(shown).toEqual(all.filter((description) => description.startsWith('old')))
  expect(shown).toHaveLength(320)

  // Everything is read again behind a write: what came is there then, and the row in view stays where it was.
  const anchor = page.locator('.tx-title').getByText('old 200', { exact: true })
  await anchor.scrollIntoViewIfNeeded()
  await anchor.click()
  await dialogField(page, 'Note').fill('seen')
  const before = (await anchor.boundingBox())!.y
  await button(page, 'Save').click()
  await expect.poll(() => titles(page)).toEqual((await listed(owner.token)).map((each) => each.description))
  await expect.poll(async () => Math.abs((await anchor.boundingBox())!.y - before)).toBeLessThan(40)
  expect(await page.getByText('new 0', { exact: true }).count()).toBe(1)
})

test('the button brings more, too, where nothing scrolls', async () => {
  const owner = await person()
  const rows = Array.from({ length: 130 }, (_, n) => row(`${n}`, addDays(today, -n), '-1'))
  await ingest(db, owner.sourceId, rows)
  const page = await dashboard.openAs(owner.id, '/transactions', {
    viewport: { width: 1000, height: 700 },
  })
  await rowsOn(page).first().waitFor()
  expect(await rowsOn(page).count()).toBe(50)
  const more = button(page, 'Show more')
  await more.focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => rowsOn(page).count()).toBe(130)
  await page.getByText('That is all.').waitFor()
})

test('what somebody says of a transaction is kept, and nothing else is changed', async () => {
  const { id, token } = await household()
  const page = await dashboard.openAs(id, '/transactions')
  const [before] = await listed(token, 'q=bäck')
  const bodies: unknown[] = []
  page.on('request', (request) => request.method() === 'PATCH' && bodies.push(request.postDataJSON()))
  async function edit(change: () => Promise<unknown>, answer: object, body: object | undefined) {
    await button(page, /^Bäckerei/).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(before!.id).waitFor()
    await change()
    await button(page, 'Save').click()
    await dialog.waitFor({ state: 'detached' })
    expect(bodies.splice(0)).toEqual(body === undefined ? [] : [body])
    await page.reload()
    await rowsOn(page).first().waitFor()
    expect((await listed(token, 'q=bäck'))[0]).toEqual({ ...before, ...answer })
  }
  const said: Record<string, unknown> = {}
  const say = (change: object) => Object.assign(said, change)
  await edit(async () => {}, {}, undefined)
  await edit(() => dialogField(page, 'Category').fill('bread'), say({ category: 'bread' }), {
    category: 'bread',
  })
  await edit(() => dialogField(page, 'Note').fill('so good\nagain'), say({ note: 'so good\nagain' }), {
    note: 'so good\nagain',
  })
  await edit(
    async () => {
      await dialogField(page, 'Tags').fill('berlin  trip')
      await dialogField(page, 'Tags').press('Enter')
      await dialogField(page, 'Tags').fill('work')
    },
    say({ tags: ['berlin trip', 'work'] }),
    { tags: ['berlin trip', 'work'] },
  )
  await edit(() => button(page, 'Remove tag #work').click(), say({ tags: ['berlin trip'] }), {
    tags: ['berlin trip'],
  })
  await edit(() => page.getByText('Yes', { exact: true }).click(), say({ transfer: true }), {
    transfer: true,
  })
  await edit(() => page.getByLabel('Leave out of').check(), say({ excluded: true }), { excluded: true })
  const text = await button(page, /^Bäckerei/).textContent()
  for (const mark of ['bread', '#berlin trip', 'Transfer', 'Left out', 'Has a note'])
    expect(text).toContain(mark)
  await edit(() => page.getByText('No', { exact: true }).click(), say({ transfer: false }), {
    transfer: false,
  })
  await edit(
    async () => {
      await dialogField(page, 'Category').fill('')
      await dialogField(page, 'Note').fill('')
      await button(page, 'Remove tag #berlin trip').click()
      await page.getByText('Not said').click()
      await page.getByLabel('Leave out of').uncheck()
    },
    { category: 'food', note: null, tags: [], transfer: null, excluded: false },
    { category: null, note: null, tags: [], transfer: null, excluded: false },
  )
})

test('tells when it was, in the user’s own time zone, and that it is pending', async () => {
  const owner = await person()
  await ingest(db, owner.sourceId, [
    row('1', '2024-06-03', '-10', {
      description: 'Taxi',
      counterparty: 'Cab & Sons',
      occurredAt: '2024-06-03T21:30:00Z',
      status: 'pending',
      kind: 'card_payment',
    }),
  ])
  await dashboard.json('PATCH', '/v1/users/me', {
    token: owner.token,
    body: { timeZone: 'America/New_York' },
  })
  const page = await dashboard.openAs(owner.id, '/transactions')
  await button(page, /^Taxi/).click()
  const dialog = page.getByRole('dialog', { name: 'Taxi' })
  for (const text of [
    '3 Jun 2024, 17:30 (America/New_York)',
    'Cab & Sons',
    'card_payment',
    'Pending: it moves no balance yet.',
  ])
    await dialog.getByText(text).waitFor()
  expect(await seriousFaults(page)).toEqual([])
})

test('cash is entered as a German writes it, on an account that is made in place', async () => {
  const owner = await person()
  const page = await dashboard.openAs(owner.id, '/transactions', { locale: 'de-DE' })
  await page.getByText('There are no transactions yet.').waitFor()
  await button(page, 'Add cash').click()
  await button(page, 'Make a cash account').click()
  const amount = dialogField(page, 'Amount')
  await amount.fill('1.234')
  await page.getByText('could be meant in two ways').waitFor()
  await amount.fill('zwölf')
  await page.getByText('must be a number').waitFor()
  await amount.fill('-5')
  await page.getByText('must be above zero').waitFor()
  await amount.fill('12,50')
  await page.getByText(/12,50\s€ out of Cash/).waitFor()
  await dialogField(page, 'Description').fill('Eis')
  await dialogField(page, 'Category').fill('food')
  await dialogField(page, 'Tags').fill('summer')
  await dialogField(page, 'Note').fill('two scoops')
  expect(await seriousFaults(page)).toEqual([])
  await button(page, 'Enter').click()
  await page.getByText('Entered: Eis').waitFor()
  await button(page, /^Eis/).waitFor()
  expect(await listed(owner.token)).toEqual([
    expect.objectContaining({
      amount: '-12.5',
      asset: 'EUR',
      date: today,
      kind: 'cash',
      description: 'Eis',
      category: 'food',
      tags: ['summer'],
      note: 'two scoops',
      manual: true,
    }),
  ])
  await button(page, 'Add cash').click()
  await page.getByText('Received', { exact: true }).click()
  await amount.fill('1.000,25')
  await page.getByText('into Cash').waitFor()
  await dialogField(page, 'Asset').fill('usd')
  await dialogField(page, 'Date').fill('2024-01-02')
  await button(page, 'Enter').click()
  await page.getByText('Entered: cash').waitFor()
  expect((await listed(owner.token, 'asset=USD'))[0]).toMatchObject({ amount: '1000.25', date: '2024-01-02' })
})

test.each([
  ['en-GB', { '1,234': '-1234', '1,234.5': '-1234.5', '12,50': undefined, '.5': '-0.5', '12.': '-12' }],
  ['de-DE', { '1.234': undefined, '1.234.567': '-1234567', '0.125': '-0.125', '12.5': '-12.5' }],
  ['fr-FR', { '1\u202f234,5': '-1234.5', '1 234.50': '-1234.5', '1,5': '-1.5', '1e5': undefined }],
  ['de-CH', { '1’234.5': '-1234.5', "1'234": '-1234', '99999999999999999.01': '-99999999999999999.01' }],
  ['en-IN', { '1,23,456.78': '-123456.78', '1,23': undefined }],
  ['ar-EG', { '١٢٫٥': '-12.5', '١٬٢٣٤': '-1234', '12.5': '-12.5', '١٬٢': undefined }],
  ['fa-IR', { '۱٬۲۳۴٫۵': '-1234.5' }],
])('an amount is read as it is written in %s, and never guessed', async (locale, amounts) => {
  const owner = await person()
  await cashAccount(owner.token)
  const page = await dashboard.openAs(owner.id, '/transactions', { locale })
  await button(page, 'Add cash').click()
  for (const [typed, amount] of Object.entries(amounts)) {
    await dialogField(page, 'Amount').fill(typed)
    const understood = page.locator('.tx-understood data')
    if (amount !== undefined)
      await expect.poll(() => understood.getAttribute('value').catch(() => undefined)).toBe(amount)
    else {
      await page.locator('.fault').waitFor()
      expect(await understood.count()).toBe(0)
    }
  }
})

test('an amount to filter by that could be two narrows nothing', async () => {
  const owner = await household()
  const page = await dashboard.openAs(owner.id, '/transactions', { locale: 'de-DE' })
  await rowsOn(page).first().waitFor()
  await field(page, 'Least amount').fill('1.234')
  await page.getByText('could be meant in two ways').waitFor()
  await field(page, 'Least amount').press('Enter')
  expect(query(page)).toEqual({})
  await field(page, 'Least amount').fill('1234')
  await shows(page, ['ACME'])
  await page.reload()
  await shows(page, ['ACME'])
  expect(query(page)).toEqual({ min: '1234' })
})

test('cash is entered once, however often it is sent', async () => {
  const owner = await person()
  await cashAccount(owner.token)
  const page = await dashboard.openAs(owner.id, '/transactions', { refusals: [lost, 422] })
  await button(page, 'Add cash').click()
  await dialogField(page, 'Amount').fill('3.20')
  await button(page, 'Enter').dblclick()
  await page.getByText('Entered: cash').waitFor()
  expect(await listed(owner.token)).toHaveLength(1)

  // The answer is lost on its way.
  await page.route('**/v1/transactions', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort()
  })
  await button(page, 'Add cash').click()
  await dialogField(page, 'Amount').fill('4')
  await button(page, 'Enter').click()
  await page.getByText('The server could not be reached.').waitFor()
  await page.unroute('**/v1/transactions')
  await dialogField(page, 'Amount').fill('5')
  await button(page, 'Enter').click()
  await page.getByText('It was entered the first time').waitFor()
  await dialogField(page, 'Amount').fill('4')
  await button(page, 'Enter').click()
  await page.getByText('Entered: cash, -€4.00').waitFor()
  expect((await listed(owner.token)).map(({ amount }) => amount).sort()).toEqual(['-3.2', '-4'])
})

test('what is refused of new cash is told beside its field', async () => {
  const owner = await person()
  await cashAccount(owner.token)
  const page = await dashboard.openAs(owner.id, '/transactions', { refusals: [400] })
  await button(page, 'Add cash').click()
  await dialogField(page, 'Amount').fill('1')
  await dialogField(page, 'Date').fill('2190-01-01')
  await button(page, 'Enter').click()
  await page.getByText('must be at most 10 years ahead').waitFor()
  await dialogField(page, 'Date').fill(today)
  await button(page, 'Enter').click()
  await page.getByText('Entered: cash').waitFor()
  expect(await listed(owner.token)).toHaveLength(1)
})

test('whoever enters with the keyboard, and is refused, goes on where they were', async () => {
  const owner = await person()
  await cashAccount(owner.token)
  const page = await dashboard.openAs(owner.id, '/transactions', { refusals: [400] })
  await button(page, 'Add cash').click()
  await dialogField(page, 'Amount').fill('1')
  await dialogField(page, 'Date').fill('2190-01-01')
  await button(page, 'Enter').press('Enter')
  await page.getByText('must be at most 10 years ahead').waitFor()
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Enter')
})

test('an account for cash is made under another name where the answer to the first was lost', async () => {
  const owner = await person()
  const page = await dashboard.openAs(owner.id, '/transactions', { refusals: [lost] })
  await page.route('**/v1/accounts', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    await route.abort()
  })
  await button(page, 'Add cash').click()
  await button(page, 'Make a cash account').click()
  await page.getByText('The server could not be reached.').waitFor()
  await page.unroute('**/v1/accounts')
  await dialogField(page, 'Name of the account').fill('Purse')
  await button(page, 'Make a cash account').click()
  await dialogField(page, 'Amount').waitFor()
})

test('what was entered by hand is taken back, and what a provider says is not', async () => {
  const owner = await household()
  const accountId = await cashAccount(owner.token)
  await dashboard.json('POST', '/v1/transactions', {
    token: owner.token,
    headers: { 'idempotency-key': 'ice' },
    body: { accountId, amount: '-2', description: 'Ice cream' },
  })
  const page = await dashboard.openAs(owner.id, '/transactions')
  await button(page, /^Bäckerei/).click()
  expect(await button(page, 'Take back…').count()).toBe(0)
  await page.keyboard.press('Escape')
  await button(page, /^Ice cream/).click()
  await button(page, 'Take back…').click()
  await button(page, 'Cancel').click()
  await button(page, 'Take back…').click()
  await page
    .getByRole('dialog', { name: 'Take back this transaction?' })
    .getByText('Take back', { exact: true })
    .click()
  await button(page, /^Ice cream/).waitFor({ state: 'detached' })
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Taken back: Ice cream.')
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(await listed(owner.token)).toHaveLength(6)
})

test.each(['csv', 'json'])('an export of what is filtered is what the API gives as %s', async (format) => {
  const owner = await household()
  const many = Array.from({ length: 2500 }, (_, n) =>
    row(`n${n}`, addDays(today, -(n % 700)), `-${n}.5`, { description: `Bäcker "${n}", ${n}` }),
  )
  await ingest(db, owner.sourceId, many)
  const page = await dashboard.openAs(owner.id, '/transactions?q=b%C3%A4ck&max=-1')
  await rowsOn(page).first().waitFor()
  await button(page, 'Export').click()
  await page.getByText(format.toUpperCase(), { exact: true }).click()
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()])
  const target = `/v1/transactions/export?q=b%C3%A4ck&max=-1&format=${format}`
  const response = await dashboard.ask('GET', target, { token: owner.token })
  const bytes = await readFile(await download.path())
  expect(bytes.equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
  expect(bytes.length).toBeGreaterThan(100_000)
  const name = download.suggestedFilename()
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`)
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('an export that breaks off saves nothing, and says so', async () => {
  const owner = await household()
  const page = await dashboard.openAs(owner.id, '/transactions', { refusals: [lost] })
  await rowsOn(page).first().waitFor()
  let downloads = 0
  page.on('download', () => downloads++)
  await page.route('**/v1/transactions/export*', (route) => route.abort())
  await button(page, 'Export').click()
  await button(page, 'Download').click()
  await page.getByText('The server could not be reached.').waitFor()
  expect(downloads).toBe(0)
  await page.unroute('**/v1/transactions/export*')
  await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()])
})

test('with the keyboard alone: a row is opened, changed, saved, and left', async () => {
  const owner = await household()
  const page = await dashboard.openAs(owner.id, '/transactions')
  const bread = button(page, /^Bäckerei/)
  await bread.waitFor()
  const focused = () => page.evaluate('document.activeElement.id || document.activeElement.textContent')
  const id = await bread.getAttribute('id')
  for (let presses = 0; (await focused()) !== id && presses < 60; presses++) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await focused()).toBe(id)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('bread')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await bread.getByText('bread').waitFor()
  expect(await focused()).toBe(id)
  expect((await listed(owner.token, 'category=bread')).map((each) => each.description)).toEqual([
    'Bäckerei Müller',
  ])
})

test.each([
  ['a desktop', {}],
  ['a desktop in the dark', { colorScheme: 'dark' }],
  ['a phone', phone],
  ['a phone in the dark', { ...phone, colorScheme: 'dark' }],
] as const)('on %s nothing is hard to reach or to read', async (_, options) => {
  const owner = await household()
  const [first] = await listed(owner.token)
  await dashboard.json('PATCH', `/v1/transactions/${first!.id}`, {
    token: owner.token,
    body: { tags: ['trip'], note: 'here', transfer: true, excluded: true },
  })
  await cashAccount(owner.token)
  const page = await dashboard.openAs(owner.id, '/transactions?min=-2000', options)
  await rowsOn(page).first().waitFor()
  expect(await seriousFaults(page)).toEqual([])
  const wide = () => page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(await wide()).toBeLessThanOrEqual(0)
  if ('isMobile' in options) {
    expect(await field(page, 'Status').isVisible()).toBe(false)
    await button(page, 'Filters (1)').click()
  }
  await field(page, 'Status').selectOption('Pending')
  await shows(page, ['Hotel'])
  expect(await seriousFaults(page)).toEqual([])
  for (const name of [/^Hotel/, 'Add cash', 'Export']) {
    await button(page, name).click()
    await page.getByRole('dialog').waitFor()
    expect(await seriousFaults(page)).toEqual([])
    const { scrollWidth, clientWidth } = await page
      .getByRole('dialog')
      .evaluate(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }))
    expect(scrollWidth).toBe(clientWidth)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  expect(await wide()).toBeLessThanOrEqual(0)
})

test('no digit of an amount is cut off on a small phone', async () => {
  const owner = await person()
  const amount = '-123456789012345.123456789012345678'
  await ingest(db, owner.sourceId, [row('1', today, amount, { asset: 'ETH', description: 'Gas' })])
  const viewport = { width: 360, height: 800 }
  const page = await dashboard.openAs(owner.id, '/transactions', { ...phone, viewport })
  const inside = async (outer: string, inner: string) => {
    await page.locator(inner).first().waitFor()
    // Both of one moment: what is drawn anew in between takes the place of either.
    const [around, within] = await page.evaluate<{ left: number; right: number; width: number }[]>(
      `${JSON.stringify([outer, inner])}.map((selector) => document.querySelector(selector).getBoundingClientRect().toJSON())`,
    )
    if (!around || !within) throw new Error('both are drawn')
    expect(within.width).toBeGreaterThan(0)
    expect(within.left).toBeGreaterThanOrEqual(around.left)
    expect(within.right).toBeLessThanOrEqual(around.right)
  }
  await rowsOn(page).waitFor()
  await inside('.tx-row', '.tx-amount data')
  await inside('.tx-row', '.tx-title')
  await rowsOn(page).click()
  await inside('.tx-facts', '.tx-facts data')
})

test('where amounts are hidden none is on the page', async () => {
  const owner = await household()
  const page = await dashboard.openAs(owner.id, '/transactions')
  await rowsOn(page).first().waitFor()
  await button(page, 'Hide amounts').click()
  const digits = /2[.,]?500|1[.,]?234|0[.,]000123|€\d/
  await expect.poll(() => page.content()).not.toMatch(digits)
  await button(page, /^ACME/).click()
  await page.getByRole('dialog').waitFor()
  expect(await page.content()).not.toMatch(digits)
  expect(await page.locator('.tx-amount').first().textContent()).toContain('•••••')
})
