import { expect, test } from 'vitest'
import { entriesOf, faultsOf, readEvents, statementsOf } from './read-events.ts'
import { qif } from './samples.ts'

const usd = { defaultAsset: 'USD' }
const bank = (...records: string[]) => `!Type:Bank\n${records.map((record) => `${record}\n^\n`).join('')}`

test('an account, its opening balance and a split', async () => {
  expect(await readEvents(qif, usd)).toEqual([
    { type: 'statement', line: 5, account: { externalId: 'Checking', name: 'Checking', kind: 'checking' } },
    {
      type: 'entry',
      line: 6,
      bookedOn: '2024-01-15',
      amount: '1000',
      asset: 'USD',
      kind: 'opening',
      status: 'posted',
      description: 'Opening Balance',
    },
    {
      type: 'entry',
      line: 11,
      bookedOn: '2024-01-16',
      amount: '-45.5',
      asset: 'USD',
      kind: 'withdrawal',
      status: 'posted',
      counterparty: 'Grocer',
      description: 'Weekly shopping',
      category: 'Food:Groceries',
    },
  ])
})

test.each([
  [["1/2'04"], ['2004-01-02']],
  [['1/ 2/99'], ['1999-01-02']],
  [
    ['1/2/2004', '13/2/2004'],
    ['2004-02-01', '2004-02-13'],
  ],
  [
    ['2/1/2004', '2/13/2004'],
    ['2004-02-01', '2004-02-13'],
  ],
  [['1.2.2004'], ['2004-02-01']],
  [['2004-01-02'], ['2004-01-02']],
])('the dates %j are %j', async (dates, days) => {
  const events = await readEvents(bank(...dates.map((date) => `D${date}\nT1`)), usd)
  expect(entriesOf(events).map(({ bookedOn }) => bookedOn)).toEqual(days)
})

test.each([
  ['1,234.56', '1234.56'],
  ['-1,234', '-1234'],
  ['12,5', '12.5'],
  ['1.234,56', '1234.56'],
  ['1,234,567.891', '1234567.891'],
])('the amount %s is %s', async (text, amount) => {
  expect(entriesOf(await readEvents(bank(`D1/2/2004\nT${text}`), usd))[0]?.amount).toBe(amount)
})

test('a transfer names no category', async () => {
  const [entry] = entriesOf(await readEvents(bank('D1/2/2004\nT-5\nL[Savings]'), usd))
  expect(entry).toMatchObject({ kind: 'transfer' })
  expect(entry).not.toHaveProperty('category')
})

test.each([
  ['D2/31/2004\nT1', 'date "2/31/2004" is not a day of the calendar'],
  ['D1/2/2004\nTNaN', 'amount "NaN" is not a plain decimal number'],
  ['D1/2/2004\nT1e309', 'amount "1e309" is not a plain decimal number'],
  ['D1/2/2004', 'amount is empty'],
])('%j is a fault', async (record, reason) => {
  const events = await readEvents(bank(record, 'D1/3/2004\nT1'), usd)
  expect(faultsOf(events)).toEqual([`2: ${reason}`])
  expect(entriesOf(events)).toHaveLength(1)
})

test('without a default asset every record is at fault', async () => {
  expect(faultsOf(await readEvents(bank('D1/2/2004\nT1')))).toEqual([
    '2: the record names no currency or asset',
  ])
})

const security = '!Type:Security\nNApple Inc\nSAAPL\nTStock\n^\n'
test.each([
  ['NBuy\nYApple Inc\nQ10\nI170\nT1,705.00', ['10 AAPL trade', '-1705 USD trade']],
  [
    'NBuyX\nYApple Inc\nQ10\nT1705\nL[Bank]\n$1705',
    ['10 AAPL trade', '-1705 USD trade', '1705 USD transfer'],
  ],
  ['NSell\nYApple Inc\nQ10\nT1800', ['-10 AAPL trade', '1800 USD trade']],
  ['NDiv\nYApple Inc\nT5', ['5 USD dividend']],
  ['NDivX\nYApple Inc\nT5\nL[Bank]', ['5 USD dividend', '-5 USD transfer']],
  ['NReinvDiv\nYApple Inc\nQ0.1\nT5', ['0.1 AAPL trade', '-5 USD trade', '5 USD dividend']],
  ['NShrsOut\nYVTI\nQ2', ['-2 VTI transfer']],
  ['NXIn\nT100\nL[Bank]', ['100 USD transfer']],
])('the investment record %j has the legs %j', async (record, legs) => {
  const file = `${security}!Type:Invst\nD1/2/2004\n${record}\n^\n`
  const events = await readEvents(file, usd)
  expect(statementsOf(events)[0]?.account.kind).toBe('brokerage')
  expect(entriesOf(events).map(({ amount, asset, kind }) => `${amount} ${asset} ${kind}`)).toEqual(legs)
  expect(new Set(entriesOf(events).map(({ group }) => group)).size).toBe(1)
})

test.each([
  ['NStkSplit\nYAAPL\nQ20', 'the investment action "StkSplit" is not read'],
  [
    'NBuy\nYBig Company\nQ1\nT1',
    'the security "Big Company" has no symbol in the file (a !Type:Security list)',
  ],
])('the investment record %j is a fault', async (record, reason) => {
  const events = await readEvents(`!Type:Invst\nD1/2/2004\n${record}\n^\n`, usd)
  expect(faultsOf(events)).toEqual([`2: ${reason}`])
  expect(entriesOf(events)).toEqual([])
})

test('a file without an account section is refused', async () => {
  await expect(readEvents('!Type:Cat\nNFood\n^\n', usd)).rejects.toThrow('the file holds no account section')
})
