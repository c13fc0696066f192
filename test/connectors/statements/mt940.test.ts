import { expect, test } from 'vitest'
import { entriesOf, faultsOf, readEvents } from './read-events.ts'
import { mt940 } from './samples.ts'

const file = (...lines: string[]) => [':20:X', ':25:NL01', ':60F:C240101EUR0,00', ...lines, ''].join('\n')
const only = async (...lines: string[]) => entriesOf(await readEvents(file(...lines)))[0]

test('a message with structured and plain information', async () => {
  expect(await readEvents(mt940)).toEqual([
    { type: 'statement', line: 1, account: { externalId: '12030000/0000202051' }, sequence: 17_002 },
    { type: 'balance', line: 4, edge: 'open', day: '2023-12-29', amount: '1000', asset: 'EUR' },
    {
      type: 'entry',
      line: 5,
      // The entry date 1229 belongs to the year before the value date.
      bookedOn: '2023-12-29',
      amount: '-200.5',
      asset: 'EUR',
      kind: 'withdrawal',
      status: 'posted',
      reference: 'REF1//BANK1',
      description: 'Strom Abschlag Januar 2024',
      counterparty: 'Stadtwerke Süd',
    },
    {
      type: 'entry',
      line: 8,
      bookedOn: '2024-01-02',
      amount: '10',
      asset: 'EUR',
      kind: 'deposit',
      status: 'posted',
      description: 'Plain words about a reversal',
    },
    { type: 'balance', line: 11, edge: 'close', day: '2024-01-02', amount: '809.5', asset: 'EUR' },
  ])
})

test('SWIFT blocks, pages and a byte in Windows-1252', async () => {
  const blocks = `\x01{1:F01BANKCHBEAXXX0000000000}{2:I940XXXXXXXXXXXXN}{4:\n${mt940.slice(0, -3)}-}{5:{CHK:1}}\x03`
  const events = await readEvents(Buffer.from(blocks.replace(':62F:', ':62M:'), 'latin1'))
  expect(events).toHaveLength(5)
  expect(entriesOf(events)[0]?.counterparty).toBe('Stadtwerke Süd')
})

test.each([
  ['C10,', '10'],
  ['D10,5', '-10.5'],
  ['RC10,00', '-10'],
  ['RD10,00', '10'],
  ['CR10,00', '10'],
  ['DR10,00', '-10'],
  ['RDR10,00', '10'],
  ['D000000000010,00', '-10'],
])('the mark and amount %s move %s', async (text, amount) => {
  expect((await only(`:61:2401020102${text}NTRFNONREF`))?.amount).toBe(amount)
})

test.each([
  ['2401020102', '2024-01-02'],
  ['240102', '2024-01-02'],
  ['2401021231', '2023-12-31'],
  ['2312310101', '2024-01-01'],
  ['2402280229', '2024-02-29'],
])('the dates %s book on %s', async (dates, day) => {
  expect((await only(`:61:${dates}C1,00NTRFNONREF`))?.bookedOn).toBe(day)
})

test('codes between slashes, several fields 86, and the party behind the reference', async () => {
  expect(
    await only(
      ':61:240102D1,NTRFEREF',
      ':86:/EREF/2024-1/BENM//NAME/JANE DOE & CO/REMI/USTD//Order 5 of the tw',
      'elfth/ISDT/2024-01-02',
    ),
  ).toMatchObject({ counterparty: 'JANE DOE & CO', description: 'Order 5 of the twelfth' })
  const dutch = await only(':61:240102D1,N0601234567890      ACME BV     ', ':86:first   ', ':86:second')
  expect(dutch).toMatchObject({
    reference: '1234567890',
    counterparty: 'ACME BV',
    description: 'first second',
  })
})

test.each([
  [':61:2402300230C1,00NTRFNONREF', 'date "240230" is not a day of the calendar'],
  [':61:2402280231C1,00NTRFNONREF', 'entry date "0231" is not a day of the calendar'],
  [':61:240102C1.000,00NTRFNONREF', 'amount "1.000,00" is not a plain decimal number'],
  [':61:240102XNaN', 'field 61 "240102XNaN" cannot be read'],
  [':62F:Dnull', 'balance "Dnull" cannot be read'],
])('%s is a fault', async (line, reason) => {
  const events = await readEvents(file(line, ':61:240103C2,00NTRFNONREF'))
  expect(faultsOf(events)).toEqual([`4: ${reason}`])
  expect(entriesOf(events)).toHaveLength(1)
})

test('without a balance the currency is the default asset, else a fault', async () => {
  const bare = ':20:X\n:25:1\n:61:240102C1,00NTRFNONREF\n-\n'
  expect(faultsOf(await readEvents(bare))).toEqual(['3: the record names no currency or asset'])
  expect(entriesOf(await readEvents(bare, { defaultAsset: 'CHF' }))[0]?.asset).toBe('CHF')
})

test('a file without a statement is refused', async () => {
  await expect(readEvents(':20:X\n:25:1\n-\n')).rejects.toThrow('the file holds no statement')
})
