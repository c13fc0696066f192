import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entriesOf, faultsOf, readEvents, statementsOf } from './read-events.ts'
import { tidemarkCsv } from './samples.ts'

const head = 'account,id,date,time,amount,asset,kind,status,description,counterparty\n'

test('rows become entries, and a statement begins where the account changes', async () => {
  expect(await readEvents(tidemarkCsv)).toEqual([
    { type: 'statement', line: 2, account: { externalId: 'Giro', name: 'Giro' } },
    {
      type: 'entry',
      line: 2,
      id: 'g-1',
      bookedOn: '2024-01-02',
      amount: '2500',
      asset: 'EUR',
      kind: 'deposit',
      status: 'posted',
      description: 'Salary, January',
      counterparty: 'Employer',
    },
    {
      type: 'entry',
      line: 3,
      id: 'g-2',
      bookedOn: '2024-01-03',
      occurredAt: '2024-01-03T18:20:00+01:00',
      amount: '-3.2',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
      description: 'Coffee "to go"',
      counterparty: 'Café Süd',
    },
    { type: 'statement', line: 4, account: { externalId: 'Wallet', name: 'Wallet' } },
    {
      type: 'entry',
      line: 4,
      id: 'w-1',
      // 23:30 UTC is the next day in Berlin.
      bookedOn: '2024-01-04',
      occurredAt: '2024-01-03T23:30:00Z',
      amount: '0.000000000000000001',
      asset: 'ETH',
      kind: 'deposit',
      status: 'pending',
    },
  ])
})

test('columns come in any order, with a byte order mark, CR LF and the optional columns', async () => {
  const file = '\ufeffamount,date,account,group,category,asset\r\n-1,2024-01-01,A,trade-1,Food,EUR\r\n'
  const [entry] = entriesOf(await readEvents(file))
  expect(entry).toMatchObject({ amount: '-1', group: 'trade-1', category: 'Food', kind: 'withdrawal' })
})

test('without an asset the default asset holds, else the row is at fault', async () => {
  const file = 'account,date,amount\nA,2024-01-01,1\n'
  expect(entriesOf(await readEvents(file, { defaultAsset: 'CHF' }))[0]?.asset).toBe('CHF')
  expect(faultsOf(await readEvents(file))).toEqual(['2: asset is empty'])
})

test.each([
  ['A,,2024-01-01,,NaN,EUR,,,,', 'amount "NaN" is not a plain decimal number'],
  ['A,,2024-01-01,,1e309,EUR,,,,', 'amount "1e309" is not a plain decimal number'],
  ['A,,2024-01-01,,,EUR,,,,', 'amount is empty'],
  ['A,,2024-01-01,,"1,000.00",EUR,,,,', 'amount "1,000.00" is not a plain decimal number'],
  ['A,,2024-02-31,,1,EUR,,,,', 'date "2024-02-31" is not a day of the calendar'],
  ['A,,,,1,EUR,,,,', 'date and time are empty'],
  [
    'A,,,2024-01-01T10:00:00,1,EUR,,,,',
    'time "2024-01-01T10:00:00" is not an ISO 8601 instant with an offset or Z',
  ],
  [
    'A,,2024-01-01,,1,EU R,,,,',
    'asset "EU R" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  [
    'A,,2024-01-01,,1,E\x07R,,,,',
    'asset "E R" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  ['A,,2024-01-01,,1,EUR,,booked,,', 'status "booked" is none of posted, pending, requested'],
  [',,2024-01-01,,1,EUR,,,,', 'account is empty'],
  ['A,,2024-01-01,,1,EUR', '6 columns where the header has 10'],
  ['A,,2024-01-01,,1,EUR,,,"x"y,', 'text follows a closing quote'],
])('the row %s is a fault, and reading goes on', async (row, reason) => {
  const events = await readEvents(`${head}${row}\nA,,2024-01-02,,2,EUR,,,,\n`)
  expect(faultsOf(events)).toEqual([`2: ${reason}`])
  expect(entriesOf(events).map(({ line }) => line)).toEqual([3])
})

test.each([
  ['account,amount,date,amount\n', 'line 1: the header names the column "amount" twice'],
  ['account,amount,date,balance\n', /the header names an unknown column "balance"/],
  [`${head}A,,2024-01-01,,1,EUR,,,"never closed,\n`, 'line 2: a quoted field is not closed'],
])('the header %j is refused', async (file, message) => {
  await expect(readEvents(file)).rejects.toThrow(message)
})

test('lines are counted through quoted line ends', async () => {
  const events = await readEvents(`${head}A,,2024-01-01,,1,EUR,,,"two\nlines",\nA,,bad,,1,EUR,,,,\n`)
  expect(entriesOf(events)[0]?.description).toBe('two lines')
  expect(faultsOf(events)).toEqual(['4: date "bad" is not a day of the calendar'])
})

test('texts are made one line of at most 2,000 well-formed characters', async () => {
  const long = `${'x'.repeat(1_999)}😀`
  const events = await readEvents(`${head}A,,2024-01-01,,1,EUR,,,"  a\t\tb\u0085c  ",${long}\n`)
  expect(entriesOf(events)[0]).toMatchObject({ description: 'a b c', counterparty: 'x'.repeat(1_999) })
})

test('amounts survive to the 18th decimal', async () => {
  const digits = fc.tuple(fc.boolean(), fc.bigInt(0n, 10n ** 20n), fc.bigInt(1n, 10n ** 18n - 1n))
  await fc.assert(
    fc.asyncProperty(fc.array(digits, { minLength: 1, maxLength: 20 }), async (rows) => {
      const amounts = rows.map(([negative, integer, fraction]) => {
        const decimals = fraction.toString().padStart(18, '0').replace(/0+$/, '')
        return `${negative ? '-' : ''}${integer}.${decimals}`
      })
      const file = head + amounts.map((amount) => `A,,2024-01-01,,${amount},BTC,,,,\n`).join('')
      expect(entriesOf(await readEvents(file)).map(({ amount }) => amount)).toEqual(amounts)
    }),
  )
})

test('one statement event an account where the rows are grouped', async () => {
  const rows = ['A', 'A', 'B', 'A'].map((account) => `${account},,2024-01-01,,1,EUR,,,,\n`).join('')
  expect(statementsOf(await readEvents(head + rows)).map(({ line }) => line)).toEqual([2, 4, 5])
})
