import { expect, test } from 'vitest'
import { loadMapping } from '../../../src/connectors/statements/csv-mapping.ts'
import { balancesOf, entriesOf, faultsOf, readEvents, statementsOf } from './read-events.ts'

const german = loadMapping({
  delimiter: ';',
  encoding: 'windows-1252',
  decimal: ',',
  thousands: '.',
  dateFormat: 'DD.MM.YYYY',
  skipLines: 2,
  account: 'DE02',
  asset: 'EUR',
  columns: {
    date: 'Tag',
    amount: 'Betrag',
    balance: 'Saldo',
    description: ['Art', 'Zweck'],
    counterparty: 'Name',
  },
})
const file = `Umsätze;"vom 1.1.
;;
Tag;Art;Zweck;Name;Betrag;Saldo
03.01.2024;Karte;Kaffee;Café;-3,50;1.996,50
02.01.2024;Gehalt;Januar;Firma;2.000,00;2.000,00
`

test('a bank’s export, newest first, in its own encoding', async () => {
  const events = await readEvents(Buffer.from(file, 'latin1'), { mapping: german })
  expect(statementsOf(events)).toEqual([
    { type: 'statement', line: 4, account: { externalId: 'DE02', name: 'DE02' } },
  ])
  expect(entriesOf(events)).toMatchObject([
    {
      line: 4,
      bookedOn: '2024-01-03',
      amount: '-3.5',
      asset: 'EUR',
      description: 'Karte Kaffee',
      counterparty: 'Café',
    },
    { line: 5, bookedOn: '2024-01-02', amount: '2000', kind: 'deposit', description: 'Gehalt Januar' },
  ])
  expect(balancesOf(events)).toEqual([
    { type: 'balance', line: 5, edge: 'open', day: '2024-01-02', amount: '0', asset: 'EUR' },
    { type: 'balance', line: 4, edge: 'close', day: '2024-01-03', amount: '1996.5', asset: 'EUR' },
  ])
})

test('debit and credit, columns by place, no header, spending positive', async () => {
  const mapping = loadMapping({
    header: false,
    dateFormat: 'MM/DD/YY',
    asset: 'USD',
    columns: { date: 1, debit: 2, credit: 3, description: 4 },
  })
  const events = await readEvents(
    '01/31/24,5.00,,a\n01/31/24,,7.00,b\n01/31/24,1,2,c\n01/31/24,-1,,d\n01/31/24,,,e\n',
    { mapping },
  )
  expect(entriesOf(events).map(({ amount }) => amount)).toEqual(['-5', '7'])
  expect(faultsOf(events)).toEqual([
    '3: debit and credit are both filled',
    '4: debit "-1" has a sign that the mapping does not expect',
    '5: debit and credit are empty',
  ])
  const flipped = loadMapping({ flipSign: true, asset: 'USD', columns: { date: 'd', amount: 'a' } })
  expect(entriesOf(await readEvents('d,a\n2024-01-01,5\n', { mapping: flipped }))[0]?.amount).toBe('-5')
})

test.each([
  [{ decimal: ',', thousands: '.' }, '1.234,50', '1234.5'],
  [{ decimal: ',', thousands: '.' }, '12,5-', '-12.5'],
  [{ decimal: ',', thousands: '.' }, '1.23', undefined],
  [{ decimal: ',' }, '1.234,50', undefined],
  [{ decimal: '.', thousands: ',' }, '1,234,567.8', '1234567.8'],
  [{ decimal: '.', thousands: ',' }, '1,23.8', undefined],
  [{ decimal: ',', thousands: ' ' }, '−1\u00a0234,5', '-1234.5'],
  [{ decimal: '.', thousands: "'" }, "1'000.00", '1000'],
  [{}, 'NaN', undefined],
  [{}, '1e309', undefined],
  [{}, '', undefined],
])('with %j the amount %j is %s', async (numbers, text, amount) => {
  const mapping = loadMapping({
    ...numbers,
    delimiter: ';',
    asset: 'EUR',
    columns: { date: 'd', amount: 'a' },
  })
  const events = await readEvents(`d;a\n2024-01-01;${text}\n`, { mapping })
  expect(entriesOf(events)[0]?.amount).toBe(amount)
  expect(faultsOf(events)).toHaveLength(amount === undefined ? 1 : 0)
})

test.each([
  ['DD.MM.YYYY', '31.01.2024', '2024-01-31'],
  ['MM/DD/YY', '01/31/24', '2024-01-31'],
  ['YYYYMMDD', '20240131', '2024-01-31'],
  ['D.M.YYYY', '5.1.2024', '2024-01-05'],
  ['DD.MM.YYYY', '31.02.2024', undefined],
  ['DD.MM.YYYY', '2024-01-31', undefined],
])('the date format %s reads %s as %s', async (dateFormat, text, day) => {
  const mapping = loadMapping({ dateFormat, asset: 'EUR', columns: { date: 'd', amount: 'a' } })
  const events = await readEvents(`d,a\n${text},1\n`, { mapping })
  expect(entriesOf(events)[0]?.bookedOn).toBe(day)
})

test('a running balance in no order of its own gives none', async () => {
  const mapping = loadMapping({ asset: 'EUR', columns: { date: 'd', amount: 'a', balance: 'b' } })
  expect(balancesOf(await readEvents('d,a,b\n2024-01-01,1,5\n2024-01-01,1,9\n', { mapping }))).toEqual([])
  const oldest = balancesOf(await readEvents('d,a,b\n2024-01-01,1,5\n2024-01-01,2,7\n', { mapping }))
  expect(oldest.map(({ amount }) => amount)).toEqual(['4', '7'])
})

test('columns that the header lacks or names twice are refused by name', async () => {
  const mapping = loadMapping({ asset: 'EUR', columns: { date: 'd', amount: 'a' } })
  await expect(readEvents('x,y\n', { mapping })).rejects.toThrow('the header has no column "d" and no "a"')
  await expect(readEvents('d,a,a\n', { mapping })).rejects.toThrow('the header names the column "a" twice')
})

test('a mapping is refused with every fault at once', () => {
  const faulty = {
    decimal: ',',
    thousands: ',',
    dateFormat: 'DD.MM',
    header: false,
    colour: 1,
    columns: { amount: 'a' },
  }
  expect(() => loadMapping(faulty)).toThrow(/dateFormat: needs a year.*Unrecognized key: "colour"/)
  const contradicting = { decimal: ',', thousands: ',', header: false, columns: { amount: 'a', debit: 2 } }
  expect(() => loadMapping(contradicting)).toThrow(
    /needs date or time.*amount beside debit or credit.*is the decimal separator.*header is false/,
  )
  expect(() => loadMapping('text')).toThrow(/the mapping cannot be used/)
})
