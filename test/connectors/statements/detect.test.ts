import { expect, test } from 'vitest'
import { detectFormat } from '../../../src/connectors/statements/detect.ts'
import { camt, mt940, ofxSgml, qif, tidemarkCsv } from './samples.ts'

const detect = (content: string | Uint8Array) =>
  detectFormat(typeof content === 'string' ? Buffer.from(content) : content)

test.each([
  ['tidemark-csv', tidemarkCsv],
  ['tidemark-csv', `\ufeff${tidemarkCsv}`],
  ['tidemark-csv', '"account","date","amount"\n'],
  ['camt053', camt],
  ['camt053', '<!-- x --><n:Document xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'],
  ['mt940', mt940],
  ['mt940', '{1:F01BANKDEFFXXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\r\n:20:X\r\n:25:1\r\n'],
  ['mt940', ':940:\r\n:20:X\r\n:25:1\r\n'],
  ['ofx', ofxSgml],
  ['ofx', `\n\n\n${ofxSgml}`],
  ['ofx', '<?xml version="1.0"?><?OFX OFXHEADER="200"?><OFX>'],
  ['qif', qif],
] as const)('%s is known by its content', (format, content) => {
  expect(detect(content)).toBe(format)
})

test.each([
  ['', 'the file is empty'],
  ['\n  \n', 'the file holds nothing but blanks'],
  [Buffer.from([1, 2, 0, 3, 4, 0, 200]), 'binary content, not a text file'],
  ['PK\x03\x04stuff', 'a ZIP archive or an office document, not a text file'],
  ['%PDF-1.7', 'a PDF, not a text file'],
  ['<html><body/></html>', 'an XML document of "html", not camt.053 or OFX'],
  [
    camt.replace('camt.053.001.08', 'camt.054.001.08'),
    'an XML document of camt.054.001.08, not camt.053 or OFX',
  ],
  [
    camt.replace('camt.053.001.08', 'camt.052.001.08'),
    /camt\.052\.001\.08, a report of a day that is not closed/,
  ],
  ['{1:F01BANKDEFFXXXX0000000000}{2:O942BANKDEFFXXXXN}{4:\n:20:X\n', /an MT942/],
  [
    'Datum;Betrag\n',
    'not a Tidemark CSV: its header has no column "account" and no "amount" and no "date" or "time"; give a mapping file with --mapping',
  ],
  [
    'account,date\n',
    'not a Tidemark CSV: its header has no column "amount"; give a mapping file with --mapping',
  ],
  [
    'account;date;amount\n',
    'not a Tidemark CSV: its columns are separated by ";"; give a mapping file with --mapping',
  ],
  ['Dear reader\n', /not a statement of a known format/],
  [`${'x,'.repeat(1_000_000)}\n`, /not a Tidemark CSV/],
])('%j is refused with a sentence', (content, message) => {
  expect(() => detect(content)).toThrow(message)
})

test('UTF-16 with a byte order mark is text', () => {
  expect(detect(Buffer.from(`\ufeff${tidemarkCsv}`, 'utf16le'))).toBe('tidemark-csv')
})
