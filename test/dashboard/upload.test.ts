import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { guessColumns, mappingOf } from '../../src/dashboard/sources/upload/csv-columns.ts'
import { csvShapeOf, headLength } from '../../src/dashboard/sources/upload/csv-shape.ts'
import { camt053, qif, type SmallStatement } from '../cli/statement-files.ts'
import { phone, seriousFaults, startDashboard } from '../setup/dashboard.ts'
import { cloneDatabase } from '../setup/database.ts'
import { newAccount, pass } from '../setup/log-in.ts'
import { newPerson } from '../setup/people.ts'

const db = await cloneDatabase()
const dashboard = await startDashboard(db)

const statement: SmallStatement = {
  account: 'DE02120300000000202051',
  opening: '100.00',
  closing: '61.50',
  entries: [
    { day: '2024-01-03', amount: '-50.00', text: 'Rent' },
    { day: '2024-01-09', amount: '11.50', text: 'Refund' },
  ],
}
const csv = 'account,id,date,amount,asset\nGiro,1,2024-01-03,-50.00,EUR\nGiro,2,2024-01-09,11.50,EUR\n'
const bad = `${csv}Giro,3,2024-01-32,1,EUR\nGiro,4,2024-01-11,much,EUR\n`

async function person() {
  const { user } = await newPerson(db)
  return {
    open: (path = '/sources', more = {}) => dashboard.openAs(user.id, path, more),
    ask: async (path: string) =>
      (await dashboard.json('GET', path, { token: await dashboard.tokenFor(user.id) })).body,
  }
}

const file = (name: string, content: string | Buffer) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(content as string),
})

/** By the button, as the browser's own dialog gives them. */
async function choose(page: Page, ...files: ReturnType<typeof file>[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Choose files' }).click(),
  ])
  await chooser.setFiles(files)
}

const item = (page: Page, name: string) =>
  page.getByRole('region', { name: 'Upload statement files' }).getByRole('listitem').filter({ hasText: name })

test('a file is taken: what it added to which account, and that it balances; again, it adds nothing', async () => {
  const { open, ask } = await person()
  const page = await open()
  await choose(page, file('january.xml', camt053(statement)))
  const first = item(page, 'january.xml').first()
  await first.getByText('2 transactions added.').waitFor()
  const { accounts } = await ask('/v1/accounts')
  const link = first.getByRole('link', { name: accounts[0].name })
  expect(await link.getAttribute('href')).toBe(`/accounts/${accounts[0].id}`)
  await first.getByText('Its statement is balanced').click()
  await first.getByText('It balances.').waitFor()
  const amounts = await first.locator('data').all()
  const shown = await Promise.all(amounts.map((each) => each.getAttribute('value')))
  expect(shown).toEqual(['100', '-38.5', '61.5'])
  expect(await seriousFaults(page)).toEqual([])

  await choose(page, file('january-again.xml', camt053(statement)))
  await item(page, 'january-again.xml')
    .getByText('Nothing was added: all its 2 transactions were known already.')
    .waitFor()
  await page.getByRole('link', { name: 'Statement files' }).click()
  await page.getByRole('rowheader', { name: 'january.xml' }).waitFor()
  // What became of it is still there, on every page.
  await item(page, 'january.xml').getByText('2 transactions added.').waitFor()
  await page.getByRole('button', { name: 'Dismiss january.xml' }).click()
  await expect.poll(() => item(page, 'january.xml').count()).toBe(0)
})

test('one that does not balance says by how much', async () => {
  const { open } = await person()
  const page = await open()
  await choose(page, file('off.xml', camt053({ ...statement, closing: '70.00' })))
  const off = item(page, 'off.xml')
  await off.getByText('1 of 1 statement off').waitFor()
  expect(await off.getByText('It is off by').locator('data').getAttribute('value')).toBe('8.5')
  // The second of these begins with 80.00, and the one before it ended with 61.50.
  const february = [{ day: '2024-02-05', amount: '1.00', text: 'Interest' }]
  const next = { ...statement, opening: '80.00', closing: '81.00', entries: february }
  await choose(page, file('gap.xml', camt053(statement, next)))
  await item(page, 'gap.xml').getByText('1 of 2 statements off').waitFor()
  const gap = item(page, 'gap.xml').getByText('one between them may be missing').locator('data')
  expect(await gap.getAttribute('value')).toBe('61.5')
})

test('one with bad records is refused with its lines, then the rest of it is taken', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [422] })
  await choose(page, file('bad.csv', bad))
  const mine = item(page, 'bad.csv').first()
  await mine.getByRole('alert').getByText('2 records cannot be read').waitFor()
  await mine.getByText(/Line 4: .*2024-01-32/).waitFor()
  await mine.getByText(/Line 5: .*much/).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect((await ask('/v1/accounts')).accounts).toEqual([])
  await mine.getByRole('button', { name: 'Take the rest' }).click()
  await mine.getByText('2 transactions added.').waitFor()
  await mine.getByText('2 records left out').waitFor()
  expect((await ask('/v1/balance')).balances).toMatchObject([{ quantity: '-38.5' }])
})

test('one that names no account asks for it in its place', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [422] })
  await choose(page, file('bank.qif', qif(statement.entries)))
  const mine = item(page, 'bank.qif')
  await mine.getByText('The file names no account. Say which one it is.').waitFor()
  await mine.getByLabel('Account', { exact: true }).fill('Cash box')
  await mine.getByLabel('Currency (optional)').fill('chf')
  expect(await seriousFaults(page)).toEqual([])
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine.getByText('2 transactions added.').waitFor()
  expect((await ask('/v1/accounts')).accounts).toMatchObject([{ name: 'Cash box' }])
  expect((await ask('/v1/balance')).balances).toMatchObject([{ asset: 'CHF', quantity: '-38.5' }])
})

const sparkasse = Buffer.from(
  [
    '"Konto";"DE02120300000000202051"',
    '',
    'Buchungstag;Umsatzart;Begünstigter;Verwendungszweck;Betrag;Saldo',
    '03.01.2024;Lastschrift;"Müller; Haus";Miete Januar;-1.050,00;-950,00',
    '09.01.2024;Gutschrift;Stadtwerke;Erstattung;11,50;-938,50',
    '',
  ].join('\r\n'),
  'latin1',
)

test('a bank’s own CSV: its columns are guessed, shown, and said to be wrong where they are', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [422] })
  await choose(page, file('umsaetze.csv', sparkasse))
  const mine = item(page, 'umsaetze.csv').first()
  await mine.getByText('Say which of its columns is what.').waitFor()
  const shown = (label: string) =>
    mine.getByLabel(label, { exact: true }).locator('option:checked').textContent()
  expect(await shown('Day')).toBe('Buchungstag: 03.01.2024')
  expect(await shown('Days are written as')).toBe('DD.MM.YYYY: 3 Jan 2024')
  expect(await shown('Amount')).toBe('Betrag: -1.050,00')
  expect(await shown('Amounts are written as')).toBe('1.234,56')
  expect(await shown('Counterparty (optional)')).toBe('Begünstigter: Müller; Haus')
  expect(await shown('Balance (optional)')).toBe('Saldo: -950,00')
  expect(await seriousFaults(page)).toEqual([])

  await page.getByRole('button', { name: 'Hide amounts' }).click()
  await expect.poll(() => shown('Amount')).toBe('Betrag')

  await mine.getByLabel('Account', { exact: true }).fill('Giro')
  await mine.getByLabel('Days are written as').selectOption('MM/DD/YYYY')
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine.getByRole('alert').getByText('2 records cannot be read').waitFor()
  await mine.getByText('Choose other columns').click()
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine.getByText('2 transactions added.').waitFor()
  expect((await ask('/v1/balance')).balances).toMatchObject([{ asset: 'EUR', quantity: '-938.5' }])
  const { transactions } = await ask('/v1/transactions')
  expect(transactions).toContainEqual(
    expect.objectContaining({ amount: '-1050', counterparty: 'Müller; Haus', description: 'Miete Januar' }),
  )
})

test.each([
  {
    head: 'Date,Description,Paid out,Paid in,Balance\n01/13/2024,"Shop, corner",12.50,,87.50\n01/14/2024,Pay,,100.00,187.50\n',
    mapping: { delimiter: ',', skipLines: 0, dateFormat: 'MM/DD/YYYY', decimal: '.' },
    columns: { date: 1, description: 2, debit: 3, credit: 4, balance: 5 },
  },
  {
    head: 'Kontoauszug\nInhaber\tMe\n\nDatum\tText\tBetrag\n2024-01-31\tx\t1,5\n2024-01-30\ty\t2,5\n',
    mapping: { delimiter: '\t', skipLines: 3, dateFormat: 'YYYY-MM-DD', decimal: ',' },
    columns: { date: 1, amount: 3 },
  },
  {
    head: 'Datum;Betrag\n31.01.24;1,50;\n30.01.24;2,50;\n',
    mapping: { delimiter: ';', skipLines: 0, dateFormat: 'DD.MM.YY', decimal: ',' },
    columns: { date: 1, amount: 2 },
  },
  {
    head: 'Date,Paid out,Paid in\n03/04/2024,,"1,00"\n04/13/2024,"1.234,50",\n',
    mapping: { delimiter: ',', dateFormat: 'MM/DD/YYYY', decimal: ',' },
    columns: { date: 1, debit: 2, credit: 3 },
  },
  {
    head: 'Date;Amount\n03/04/2024;12\n13/04/2024;7.5\nTotal;19.5\n',
    mapping: { dateFormat: 'DD/MM/YYYY', decimal: '.' },
    columns: { date: 1, amount: 2 },
  },
  {
    // Nothing in it tells which of both.
    head: 'Date;Amount\n03/04/2024;1.234\n05/06/2024;12\n',
    mapping: { dateFormat: '', decimal: '' },
    columns: { date: 1, amount: 2 },
  },
  {
    // Both, which is neither.
    head: 'Date;Amount\n13/04/2024;1.50\n04/13/2024;1,50\n',
    mapping: { dateFormat: '', decimal: '' },
    columns: { date: 1, amount: 2 },
  },
  {
    head: 'Value;Date;Amount\n;2024-01-03;1\n03/14/2024;2024-01-04;2\n',
    mapping: { dateFormat: 'MM/DD/YYYY', decimal: '.' },
    columns: { date: 1, amount: 3 },
  },
])('the columns of $head', ({ head, mapping, columns }) => {
  const shape = csvShapeOf(Buffer.from(head))!
  expect(JSON.parse(mappingOf(shape, guessColumns(shape)))).toMatchObject({ ...mapping, columns })
})

test('a long file is looked at as far as it goes, but for the line that is cut off', () => {
  const rows = Array.from({ length: 3000 }, (_, n) => `0${(n % 9) + 1}/04/2024;${n}.5`)
  const head = ['Date;Amount', ...rows].join('\n').slice(0, headLength - 40)
  const last = '04/30/2024;1.5\n'.padStart(30, '\n')
  const shape = csvShapeOf(
    Buffer.from(`${head.slice(0, head.lastIndexOf('\n'))}${last}`.padEnd(headLength, '1')),
  )!
  expect(guessColumns(shape)).toMatchObject({ dateFormat: 'MM/DD/YYYY', decimal: '.' })
  expect(shape.columns[0]!.cells.at(-1)).toBe('04/30/2024')
})

test('a CSV whose days can be read in two ways waits for the choice, and shows what each means', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [422] })
  const text = 'Date;Text;Amount\n05/05/2024;Same;1,234\n03/04/2024;Shop;2,000\n'
  await choose(page, file('unclear.csv', text))
  const mine = item(page, 'unclear.csv').first()
  const days = mine.getByLabel('Days are written as')
  await mine.getByText('Its days fit more than one. Which day is 03/04/2024?').waitFor()
  expect(await days.inputValue()).toBe('')
  const offered = await days.locator('option').allTextContents()
  expect(offered).toContain('DD/MM/YYYY: 3 Apr 2024')
  expect(offered).toContain('MM/DD/YYYY: 4 Mar 2024')
  expect(offered).toContain('YYYY-MM-DD')
  expect(await seriousFaults(page)).toEqual([])
  await mine.getByLabel('Account', { exact: true }).fill('Giro')
  const sent: string[] = []
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()))
  await mine.getByRole('button', { name: 'Import' }).click()
  await expect.poll(() => days.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true)
  await days.selectOption('MM/DD/YYYY')
  const amounts = mine.getByLabel('Amounts are written as')
  await mine.getByRole('button', { name: 'Import' }).click()
  await expect.poll(() => amounts.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true)
  expect(sent).toEqual([])
  await amounts.selectOption('1,234.56')
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine.getByText('2 transactions added.').waitFor()
  const { transactions } = await ask('/v1/transactions')
  expect(transactions).toMatchObject([
    { date: '2024-05-05', amount: '1234' },
    { date: '2024-03-04', amount: '2000' },
  ])
})

test('what is in no columns has no shape', () => {
  expect(csvShapeOf(Buffer.from('Dear reader\nthis is a letter\n'))).toBeUndefined()
})

test('what is told in a way that is not taken is told again', async () => {
  const { open } = await person()
  const page = await open('/sources', { refusals: [400, 422] })
  await choose(page, file('bank.qif', qif(statement.entries)))
  const mine = item(page, 'bank.qif')
  await mine.getByLabel('Account', { exact: true }).fill('Bank')
  await mine.getByLabel('Currency (optional)').fill('no currency')
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine
    .getByRole('alert')
    .getByText(/Currency must be/)
    .waitFor()
  await mine.getByLabel('Currency (optional)').fill('USD')
  await mine.getByRole('button', { name: 'Import' }).click()
  await mine.getByText('2 transactions added.').waitFor()
})

test('several are read one after another, a refused one between them, and one is told beside all of them', async () => {
  const { open, ask } = await person()
  const page = await open('/sources', { refusals: [422] })
  await page.getByText('What the files may not say themselves').click()
  await page.getByLabel('Account (optional)', { exact: true }).fill('Everything')
  await choose(
    page,
    file('one.qif', qif(statement.entries)),
    file('empty.qif', ''),
    file('two.qif', qif([{ day: '2024-02-01', amount: '7.25', text: 'Gift' }])),
  )
  await item(page, 'one.qif').getByText('2 transactions added.').waitFor()
  await item(page, 'empty.qif').getByText('The file is empty. Nothing of it was taken.').waitFor()
  await item(page, 'two.qif').getByText('1 transaction added.').waitFor()
  const { accounts, ...rest } = await ask('/v1/accounts')
  expect({ accounts, rest }).toMatchObject({ accounts: [{ name: 'Everything' }] })
  expect(accounts).toHaveLength(1)
})

/** Onto the place for it, a file that is made in the browser. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([${content}], ${JSON.stringify(name)}))
    const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })
    document.querySelector('.upload-zone').dispatchEvent(event)
  })()`)
}

test('dropped onto the page, with the kind of its account', async () => {
  const { open, ask } = await person()
  const page = await open('/sources/new?type=file')
  await page.getByRole('heading', { name: 'Upload statement files', level: 1 }).waitFor()
  await page.getByText('What the files may not say themselves').click()
  await page.getByLabel('Kind of account (optional)').selectOption('savings')
  await drop(page, 'dropped.csv', JSON.stringify(csv))
  await item(page, 'dropped.csv').getByText('2 transactions added.').waitFor()
  expect((await ask('/v1/accounts')).accounts).toMatchObject([{ name: 'Giro', kind: 'savings' }])
})

test('dropped beside its place, a file is neither opened by the browser nor sent', async () => {
  const { open } = await person()
  const page = await open()
  await page.getByRole('button', { name: 'Choose files' }).waitFor()
  const isLeftToBrowser = (type: string) =>
    page.evaluate(`(() => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['x'], 'beside.csv'))
      const event = new DragEvent('${type}', { dataTransfer, bubbles: true, cancelable: true })
      return document.querySelector('h1').dispatchEvent(event)
    })()`)
  for (const type of ['dragover', 'drop']) expect(await isLeftToBrowser(type)).toBe(false)
  expect(await item(page, 'beside.csv').count()).toBe(0)
  // Other pages know nothing of files, and are not concerned with them.
  await page.getByRole('link', { name: 'Accounts', exact: true }).click()
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
  expect(await isLeftToBrowser('drop')).toBe(true)
})

test('one beyond 32 MiB is not sent', async () => {
  const { open } = await person()
  const page = await open()
  await page.getByRole('button', { name: 'Choose files' }).waitFor()
  const sent: string[] = []
  page.on('request', (request) => sent.push(request.method()))
  await drop(page, 'large.csv', 'new Uint8Array(32 * 1024 * 1024 + 1)')
  const mine = item(page, 'large.csv')
  await mine
    .getByRole('alert')
    .getByText(/larger than the 32 MiB/)
    .waitFor()
  expect(await mine.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  expect(sent).not.toContain('POST')
})

test('while one is read, the next ones wait; who logs out takes their reports along', async () => {
  const { open } = await person()
  const page = await open()
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  await page.route('**/files?*', async (route) => {
    await held
    await route.continue()
  })
  await choose(page, file('one.csv', csv), file('two.csv', csv))
  await item(page, 'one.csv').getByRole('progressbar').waitFor()
  await item(page, 'two.csv').getByText('Waits for the files before it.').waitFor()
  go()
  await item(page, 'two.csv').getByText('Nothing was added').waitFor()
  await page.getByLabel('Your account').click()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  expect(await page.getByText('one.csv').count()).toBe(0)
})

test('who logs in where a log-in ended sees nothing of the files of the one before, and sends none', async () => {
  const [first, second] = [await newAccount(dashboard), await newAccount(dashboard)]
  const page = await dashboard.openAs(first.id, '/sources', { refusals: [401, 422], unreachable: true })
  await choose(page, file('bad.csv', bad))
  await item(page, 'bad.csv').getByRole('alert').getByText('2 records cannot be read').waitFor()
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const sent: string[] = []
  await page.route('**/files?*', async (route) => {
    sent.push(new URL(route.request().url()).searchParams.get('filename')!)
    if (sent.length === 1) await held
    // The page has given it up.
    await route.continue().catch(() => {})
  })
  await choose(page, file('one.csv', csv), file('two.csv', csv))
  await item(page, 'one.csv').getByRole('progressbar').waitFor()
  await expect.poll(() => sent).toEqual(['one.csv'])

  pass(dashboard.time, 31 * 86_400)
  // Whatever is asked next learns of the end.
  await page.getByRole('link', { name: 'Transactions', exact: true }).click()
  await page.getByText('Your log-in has ended.').waitFor()
  await page.getByLabel('Email').fill(second.email)
  await page.getByLabel('Password', { exact: true }).fill(second.password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByRole('heading', { name: 'Net worth', level: 1 }).waitFor()
  letGo()
  await page.getByRole('link', { name: 'Sources' }).first().click()
  await page.getByRole('heading', { name: 'Upload statement files' }).waitFor()
  const content = await page.content()
  for (const name of ['bad.csv', 'one.csv', 'two.csv']) expect(content).not.toContain(name)
  await choose(page, file('mine.csv', csv))
  await item(page, 'mine.csv').getByText('2 transactions added.').waitFor()
  expect(sent).toEqual(['one.csv', 'mine.csv'])
})

test.each([
  ['a phone', phone],
  ['the dark', { colorScheme: 'dark' as const }],
])('%s', async (_, device) => {
  const { open } = await person()
  const page = await open('/sources', { ...device, refusals: [422] })
  await choose(page, file('good.xml', camt053({ ...statement, closing: '70.00' })), file('bad.csv', bad))
  await item(page, 'good.xml').getByText('It is off by').waitFor()
  await item(page, 'bad.csv').first().getByRole('button', { name: 'Take the rest' }).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  expect(await seriousFaults(page)).toEqual([])
})
