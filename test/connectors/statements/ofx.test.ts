import { expect, test } from 'vitest'
import { entriesOf, faultsOf, readEvents } from './read-events.ts'
import { ofxSgml } from './samples.ts'

test('SGML with elements that are not closed, empty ones, and a currency of the record', async () => {
  expect(await readEvents(ofxSgml)).toEqual([
    { type: 'statement', line: 9, account: { externalId: '021000021:4711', kind: 'savings' } },
    {
      type: 'entry',
      line: 11,
      // The day as the bank wrote it, whatever its offset.
      bookedOn: '2024-01-31',
      amount: '1.25',
      asset: 'USD',
      kind: 'interest',
      status: 'posted',
      reference: 'F1',
      counterparty: 'AT&T & Sons',
      description: 'Interest',
    },
    {
      type: 'entry',
      line: 12,
      bookedOn: '2024-02-01',
      amount: '-20.1',
      asset: 'EUR',
      kind: 'card',
      status: 'posted',
      reference: 'F2',
      counterparty: 'Shop',
      description: 'Shop',
    },
    { type: 'balance', line: 14, edge: 'close', day: '2024-02-02', amount: '500', asset: 'USD' },
  ])
})

test('the same in XML, with CDATA and the original currency', async () => {
  const xml = `<?xml version="1.0" encoding="utf-8"?><?OFX OFXHEADER="200" VERSION="211"?><OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS>
<CCSTMTRS><CURDEF>EUR</CURDEF><CCACCTFROM><ACCTID>4111</ACCTID></CCACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT</TRNTYPE>
<DTPOSTED>20240105120000</DTPOSTED><TRNAMT>-1,234.50</TRNAMT><FITID>1</FITID><PAYEE><NAME>Hotel</NAME></PAYEE><MEMO><![CDATA[a < b & c]]></MEMO>
<ORIGCURRENCY><CURRATE>0.9</CURRATE><CURSYM>USD</CURSYM></ORIGCURRENCY></STMTTRN></BANKTRANLIST>
<LEDGERBAL><BALAMT/><DTASOF/></LEDGERBAL></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>`
  expect(await readEvents(xml)).toMatchObject([
    { type: 'statement', account: { externalId: '4111', kind: 'card' } },
    {
      amount: '-1234.5',
      asset: 'EUR',
      counterparty: 'Hotel',
      description: 'a < b & c',
      bookedOn: '2024-01-05',
    },
  ])
})

test('Windows-1252 as declared, and UTF-8 where the file is UTF-8 all the same', async () => {
  const named = ofxSgml.replace('Shop', 'Café')
  expect(entriesOf(await readEvents(Buffer.from(named, 'latin1')))[1]?.counterparty).toBe('Café')
  expect(entriesOf(await readEvents(named))[1]?.counterparty).toBe('Café')
})

test('an answer that is an error alone is refused with its code and message', async () => {
  const error =
    '<OFX><BANKMSGSRSV1><STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR<MESSAGE>Account not found</STATUS></STMTTRNRS></BANKMSGSRSV1></OFX>'
  await expect(readEvents(error)).rejects.toThrow(
    'the document holds no statement; the bank answered with error 2003: Account not found',
  )
  const beside = ofxSgml.replace('</OFX>', `${error.slice(5)}`)
  expect(faultsOf(await readEvents(beside))).toEqual([
    '15: a statement is missing; the bank answered with error 2003: Account not found',
  ])
})

test.each([
  '<OFX></OFX>',
  '<OFX><SIGNUPMSGSRSV1><ACCTINFORS><BANKACCTFROM><ACCTID>1</BANKACCTFROM></ACCTINFORS></SIGNUPMSGSRSV1></OFX>',
])('%s holds no statement', async (content) => {
  await expect(readEvents(content)).rejects.toThrow('the document holds no statement')
})

test.each([
  ['+0001.2500', 'NaN', 'amount "NaN" is not a plain decimal number'],
  ['+0001.2500', '', 'amount is empty'],
  ['20240131233000.000[-5:EST]', '20240231', 'date "20240231" is not a day of the calendar'],
  ['<CURDEF>USD', '<CURDEF>', 'the record names no currency or asset'],
  [
    '<CURDEF>USD',
    '<CURDEF>U S',
    'asset "U S" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  [
    '<FITID>F1',
    '<FITID>F1<CORRECTFITID>F0',
    'the record corrects an earlier one (CORRECTFITID), which is not read',
  ],
])('%s as %j is a fault', async (from, to, reason) => {
  const events = await readEvents(ofxSgml.replace(from, to))
  expect(faultsOf(events)[0]).toBe(`11: ${reason}`)
  expect(entriesOf(events)).toHaveLength(1)
})
