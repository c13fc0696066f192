import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { chmod, mkdir, open, stat, symlink, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, csv, makeFolder, type Outcome, storedCounts } from './command.ts'
import { camt053, mt940, ofxSgml, ofxXml, type SmallStatement } from './statement-files.ts'

let db: TestDatabase
let tidemark: CommandLine
const folder = makeFolder()
let people = 0
let email: string

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
})
beforeEach(async () => {
  email = `user${people++}@example.org`
  await tidemark.run('user', 'add', email)
})

const nothing = { accounts: 0, transactions: 0, balances: 0, runs: 0 }

/** A refusal is exit code 2, one sentence that begins with the file, and nothing stored of it. */
async function expectRefused(outcome: Outcome, file: string, sentence: string | RegExp): Promise<void> {
  expect(outcome).toMatchObject({ code: 2, stdout: '' })
  expect(outcome.stderr.split('\n'), outcome.stderr).toHaveLength(2)
  const text = new RegExp(`^tidemark: ${file}: (.*); nothing of it was stored\n$`).exec(outcome.stderr)?.[1]
  expect(text, outcome.stderr).toBeDefined()
  if (typeof sentence === 'string') expect(text).toBe(sentence)
  else expect(text).toMatch(sentence)
  expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]|node:| at /)
  expect(await storedCounts(db, email)).toEqual(nothing)
}

/** A file with bad records lists each with its line, and names what to do. */
async function expectBadRecords(outcome: Outcome, file: string, ...records: string[]): Promise<void> {
  const [head, ...listed] = outcome.stdout.trimEnd().split('\n')
  expect(head).toMatch(new RegExp(`^${file}: \\d+ rows?, refused$`))
  expect(listed).toEqual(records.map((record) => `  bad: ${record}`))
  const count = `${records.length} bad ${records.length === 1 ? 'record' : 'records'}`
  expect([outcome.code, outcome.stderr]).toEqual([
    2,
    `tidemark: ${file}: refused, nothing of it was stored: ${count}; mend the file, or take the rest with --skip-bad\n`,
  ])
  expect(await storedCounts(db, email)).toEqual(nothing)
}

function badRecords({ stdout }: Outcome): string[] {
  return stdout
    .split('\n')
    .flatMap((line) => (line.startsWith('  bad: ') ? [line.replace(/line \d+/, 'line N')] : []))
}

async function importing(name: string, content: string | Uint8Array, ...options: string[]): Promise<Outcome> {
  await tidemark.file(name, content)
  return tidemark.run('import', name, '--user', email, ...options)
}

const january: SmallStatement = {
  account: 'DE02120300000000202051',
  opening: '0.00',
  closing: '955.00',
  entries: Array.from({ length: 10 }, (_, at) => ({
    day: `2024-01-${10 + at}`,
    amount: `${91 + at}.00`,
    text: 'Sale',
  })),
}

describe('a file that is none of the formats', () => {
  const unknown =
    'not a statement of a known format (Tidemark CSV, OFX, QIF, camt.053, MT940); for another CSV give a mapping file with --mapping'
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
  // Every byte value occurs, so that the answer does not depend on luck.
  const noise = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, at) => at)), randomBytes(4096)])
  test.each<[string, string | Uint8Array, string | RegExp]>([
    ['empty', '', 'the file is empty'],
    ['blank', ' \n\t\n', 'the file holds nothing but blanks'],
    ['random bytes', noise, 'binary content, not a text file'],
    ['a picture', png, 'binary content, not a text file'],
    ['gzip', gzipSync(camt053(january)), 'a gzip archive, not a text file'],
    [
      'an office document',
      Buffer.from('PK\x03\x04\x14\0\0\0', 'latin1'),
      'a ZIP archive or an office document, not a text file',
    ],
    ['a PDF', '%PDF-1.7\n%âãÏÓ\n1 0 obj\n', 'a PDF, not a text file'],
    ['prose', 'Dear customer\nyour statement is attached.\n', unknown],
    ['JSON', '{"transactions": []}', unknown],
    [
      'a web page',
      '<!DOCTYPE html>\n<html><body>Please log in</body></html>',
      'an XML document of "html", not camt.053 or OFX',
    ],
    [
      'a payment order',
      '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"></Document>',
      'an XML document of "Document", not camt.053 or OFX',
    ],
  ])('%s', async (name, content, sentence) => {
    const file = `${name.replaceAll(' ', '-')}.dat`
    await expectRefused(await importing(file, content), file, sentence)
  })
})

describe('a file that breaks off', () => {
  test.each([
    [
      'in the middle of an XML element',
      'cut.xml',
      camt053(january),
      /^line \d+: not well-formed XML: unclosed tag: /,
    ],
    [
      'of OFX in XML',
      'cut.ofx',
      ofxXml(january),
      /^line \d+: the document ends before <\/OFX>: the file is cut off$/,
    ],
    [
      'of OFX in SGML',
      'cut.qfx',
      ofxSgml(january),
      /^line \d+: the document ends before <\/OFX>: the file is cut off$/,
    ],
  ])('%s, behind records that are whole', async (_name, file, content, sentence) => {
    await expectRefused(await importing(file, content.slice(0, content.length * 0.7)), file, sentence)
    // Nor is it a bad record that could be left out.
    await expectRefused(
      await importing(file, content.slice(0, content.length * 0.7), '--skip-bad'),
      file,
      sentence,
    )
  })

  test('in the middle of a quoted field', async () => {
    const file = csv('account,date,amount,description', 'A,2024-01-01,1,fine', 'A,2024-01-02,2,"cut')
    await expectRefused(await importing('cut.csv', file), 'cut.csv', 'line 3: a quoted field is not closed')
  })

  test('in the middle of a row', async () => {
    const file = 'account,date,amount\nA,2024-01-01,1\nA,2024-01'
    await expectBadRecords(
      await importing('cut-row.csv', file),
      'cut-row.csv',
      'line 3: 2 columns where the header has 3',
    )
  })

  test('of an MT940 in the middle of a field', async () => {
    const content = mt940(january)
    const cut = content.slice(0, content.lastIndexOf(':61:') + ':61:2401'.length)
    const line = cut.split('\n').length
    await expectBadRecords(
      await importing('cut.sta', cut),
      'cut.sta',
      `line ${line}: field 61 "2401" cannot be read`,
    )
  })

  test('of an MT940 in the middle of an amount, which would be a tenth of what it was', async () => {
    const content = mt940(january)
    const cut = content.slice(0, content.lastIndexOf('100,00') + '10'.length)
    const { code, stdout } = await importing('cut-amount.sta', cut)
    expect([code, stdout]).toEqual([2, expect.stringMatching(/bad: line \d+: /)])
    expect(await storedCounts(db, email)).toEqual(nothing)
  })
})

describe('the encoding', () => {
  test('bytes of Latin-1 in a file that is UTF-8 by definition', async () => {
    const text = csv('account,date,amount,description', 'A,2024-01-01,1,fine', 'A,2024-01-02,2,café')
    await expectRefused(
      await importing('latin1.csv', Buffer.from(text, 'latin1')),
      'latin1.csv',
      'line 3: not valid UTF-8; save the file as UTF-8 or declare its encoding',
    )
  })

  test('UTF-16 without a byte order mark', async () => {
    const text = csv('account,date,amount', 'A,2024-01-01,1')
    await expectRefused(
      await importing('utf16.csv', Buffer.from(text, 'utf16le')),
      'utf16.csv',
      'binary content, not a text file',
    )
  })

  test('one that nobody knows', async () => {
    const text = camt053(january).replace('UTF-8', 'klingon-7')
    await expectRefused(
      await importing('klingon.xml', text),
      'klingon.xml',
      'the encoding "klingon-7" is not known',
    )
  })
})

describe('the header of a CSV', () => {
  test.each([
    ['a column twice', 'account,date,amount,amount', 'line 1: the header names the column "amount" twice'],
    [
      'an unknown column',
      'account,date,amount,iban',
      'line 1: the header names an unknown column "iban"; the columns are account, id, date, time, amount, asset, kind, status, description, counterparty, category, group',
    ],
    [
      'a needed column missing',
      'account,date,value',
      'not a Tidemark CSV: its header has no column "amount"; give a mapping file with --mapping',
    ],
    [
      'another separator',
      'account;date;amount',
      'not a Tidemark CSV: its columns are separated by ";"; give a mapping file with --mapping',
    ],
  ])('%s', async (name, header, sentence) => {
    const file = `${name.replaceAll(' ', '-')}.csv`
    await expectRefused(await importing(file, csv(header, 'A,2024-01-01,1,1')), file, sentence)
  })
})

describe('a record', () => {
  test('with an amount, a day, an asset or a state that is none', async () => {
    const file = csv(
      'account,date,amount,asset,status',
      'A,2024-01-01,NaN,EUR,',
      'A,2024-01-01,1e309,EUR,',
      'A,2024-01-01,Infinity,EUR,',
      'A,2024-01-01,"1,000.00",EUR,',
      'A,2024-01-01,,EUR,',
      `A,2024-01-01,${'9'.repeat(41)},EUR,`,
      'A,2024-02-31,1,EUR,',
      'A,31.01.2024,1,EUR,',
      'A,0000-00-00,1,EUR,',
      'A,9999-12-31,1,EUR,',
      'A,,1,EUR,',
      'A,2024-01-01,1,US DOLLAR,',
      'A,2024-01-01,1,EU\x07R,',
      'A,2024-01-01,1,€,',
      'A,2024-01-01,1,EUR,cancelled',
      ' ,2024-01-01,1,EUR,',
      'A,2024-01-01,1,EUR,posted',
    )
    const amount = (text: string) => `amount "${text}" is not a plain decimal number`
    const day = (text: string) => `date "${text}" is not a day of the calendar`
    const asset = (text: string) =>
      `asset "${text}" is not a code of 1 to 32 printable ASCII characters without blanks`
    await expectBadRecords(
      await importing('records.csv', file),
      'records.csv',
      `line 2: ${amount('NaN')}`,
      `line 3: ${amount('1e309')}`,
      `line 4: ${amount('Infinity')}`,
      `line 5: ${amount('1,000.00')}`,
      'line 6: amount is empty',
      `line 7: ${amount('9'.repeat(41))}`,
      `line 8: ${day('2024-02-31')}`,
      `line 9: ${day('31.01.2024')}`,
      'line 10: date "0000-00-00" is not between 1900-01-01 and 2199-12-31',
      'line 11: date "9999-12-31" is not between 1900-01-01 and 2199-12-31',
      'line 12: date is empty',
      `line 13: ${asset('US DOLLAR')}`,
      `line 14: ${asset('EU R')}`,
      `line 15: ${asset('€')}`,
      'line 16: status "cancelled" is none of posted, pending, requested',
      'line 17: account is empty',
    )
  })

  test('with a time that has no offset, or lies on no day', async () => {
    const file = csv('account,time,amount', 'A,2024-01-01T10:00:00,1', 'A,2024-02-30T10:00:00Z,1', 'A,,1')
    await expectBadRecords(
      await importing('times.csv', file),
      'times.csv',
      'line 2: time "2024-01-01T10:00:00" is not an ISO 8601 instant with an offset or Z',
      'line 3: time "2024-02-30T10:00:00Z" is not an ISO 8601 instant with an offset or Z',
      'line 4: date and time are empty',
    )
  })

  test('of an XML or an OFX statement', async () => {
    const bad = (text: string) => text.replace('92.00', 'NaN').replace('93.00', '1e309')
    const ofx = await importing('records.ofx', bad(ofxXml(january)).replace('20240113', '20240231'))
    expect(badRecords(ofx)).toEqual([
      '  bad: line N: amount "NaN" is not a plain decimal number',
      '  bad: line N: amount "1e309" is not a plain decimal number',
      '  bad: line N: date "20240231120000" is not a day of the calendar',
    ])
    const camt = await importing('records.xml', bad(camt053(january)).replaceAll('2024-01-13', '2024-02-31'))
    expect(badRecords(camt)).toEqual([
      '  bad: line N: amount "NaN" is not a plain decimal number',
      '  bad: line N: amount "1e309" is not a plain decimal number',
      '  bad: line N: date "2024-02-31" is not a day of the calendar',
    ])
    expect([ofx.code, camt.code]).toEqual([2, 2])
    expect(await storedCounts(db, email)).toEqual(nothing)
  })
})

describe('size', () => {
  test('a line of a million columns', async () => {
    const columns = `account,date,amount,${Array.from({ length: 1_000_000 }, (_, at) => `c${at}`).join(',')}`
    await expectRefused(
      await importing('columns.csv', csv(columns, 'A,2024-01-01,1')),
      'columns.csv',
      'line 1: the line or its quoted field is longer than 1 MiB',
    )
    const header = 'account,date,amount'
    const row = `A,2024-01-01,1${','.repeat(1_000_000)}`
    await expectBadRecords(
      await importing('cells.csv', csv(header, row)),
      'cells.csv',
      'line 2: 1000003 columns where the header has 3',
    )
  })

  test('a sparse file of 2 GiB is binary at its first look', async () => {
    const name = await tidemark.file('sparse.csv', '')
    await truncate(join(folder, name), 2 * 1024 ** 3)
    expect((await stat(join(folder, name))).size).toBe(2_147_483_648)
    const outcome = await tidemark.run('import', name, '--user', email)
    await expectRefused(outcome, name, 'binary content, not a text file')
  })

  test('2 GiB without a line end behind a good row is refused in bounded memory', async () => {
    const name = await tidemark.file('endless.csv', csv('account,date,amount', 'A,2024-01-01,1'))
    await truncate(join(folder, name), 2 * 1024 ** 3)
    // A head of text long enough that the zeros do not decide what the file is.
    const file = await open(join(folder, name), 'r+')
    await file.write(csv('account,date,amount', ...Array(10_000).fill('A,2024-01-01,1')))
    await file.close()
    const outcome = await tidemark.run('import', name, '--user', email)
    await expectRefused(outcome, name, 'line 10002: the line or its quoted field is longer than 1 MiB')
  })

  test('120 MB with a bad last row are refused whole by a process with a heap of 80 MB', async () => {
    const name = 'large.csv'
    const file = await open(join(folder, name), 'w')
    // Long descriptions: many bytes a row keep the test short.
    const rows = 60_000
    const text = 'x'.repeat(2_000)
    await file.write('account,id,date,amount,description\n')
    for (let row = 0; row < rows; row += 1_000) {
      const lines = Array.from({ length: 1_000 }, (_, at) => `A,${row + at},2024-01-01,1,${text}\n`)
      await file.write(lines.join(''))
    }
    await file.write('A,last,2024-02-31,1,bad\n')
    await file.close()
    expect((await stat(join(folder, name))).size).toBeGreaterThan(120_000_000)
    const { ended } = tidemark.start(['import', name, '--user', email], {
      nodeArguments: ['--max-old-space-size=80'],
    })
    const refused = `tidemark: ${name}: refused, nothing of it was stored: 1 bad record; mend the file, or take the rest with --skip-bad\n`
    expect(await ended).toEqual({
      code: 2,
      stdout: `${name}: ${rows} rows, refused\n  bad: line ${rows + 2}: date "2024-02-31" is not a day of the calendar\n`,
      // Plain lines of progress may stand before it.
      stderr: expect.stringContaining(refused),
    })
    expect(await storedCounts(db, email)).toEqual(nothing)
  })
})

describe('a file that cannot be had', () => {
  test.each([
    ['absent.csv', 'there is no such file'],
    ['some-folder', 'is a folder; name the files in it'],
    ['dangling.csv', 'there is no such file'],
  ])('%s', async (name, sentence) => {
    await mkdir(join(folder, 'some-folder'), { recursive: true })
    await symlink('nowhere.csv', join(folder, 'dangling.csv')).catch(() => {})
    await expectRefused(await tidemark.run('import', name, '--user', email), name, sentence)
  })

  test('on a disk that fails', async ({ skip }) => {
    // Opening this file succeeds, and reading its first byte does not.
    const name = '/proc/self/mem'
    skip(process.platform !== 'linux', 'only Linux has such a file')
    const outcome = await tidemark.run('import', name, '--user', email)
    await expectRefused(outcome, name, 'it cannot be read: EIO: i/o error, read')
  })

  test('for want of permission', async ({ skip }) => {
    skip(process.platform === 'win32', 'Windows has no such permissions')
    const name = await tidemark.file('secret.csv', csv('account,date,amount', 'A,2024-01-01,1'))
    await chmod(folder, 0o711)
    await chmod(join(folder, name), 0)
    const own = process.geteuid?.()
    skip(
      own === 0 && !isOpenToOthers(process.cwd()),
      'root reads every file, and another user cannot enter the checkout',
    )
    // Root reads every file; another user does not.
    if (own === 0) process.seteuid?.(65534)
    let outcome: Outcome
    try {
      outcome = await tidemark.run('import', name, '--user', email)
    } finally {
      if (own === 0) process.seteuid?.(0)
    }
    await expectRefused(outcome, name, 'permission to read it is denied')
  })

  test('and the others of the same command are stored', async () => {
    const good = await tidemark.file('good.csv', csv('account,date,amount', 'A,2024-01-01,1'))
    const { code, stdout } = await tidemark.run('import', 'absent.csv', good, '--user', email)
    expect([code, stdout]).toEqual([2, 'good.csv: 1 row\n  A: 1 added, 0 changed, 0 unchanged\n'])
  })
})

describe('the command itself', () => {
  test.each([
    [['no-such-command'], "error: unknown command 'no-such-command'"],
    [['user', 'remove'], "error: unknown command 'remove'"],
    [['import', '--user', 'a@example.org'], "error: missing required argument 'files'"],
    [['import', 'a.csv'], "error: required option '--user <email>' not specified"],
    [['status', '--verbose'], "error: unknown option '--verbose'"],
    [
      ['import', 'a.csv', '--user', 'a@example.org', '--format', 'xls'],
      "error: option '--format <format>' argument 'xls' is invalid. Allowed choices are tidemark-csv, csv, ofx, qif, camt053, mt940.",
    ],
    [
      ['net-worth', '--user', 'a@example.org', '--interval', 'fortnight'],
      "error: option '--interval <interval>' argument 'fortnight' is invalid. Allowed choices are auto, day, week, month, quarter, year.",
    ],
    [
      ['net-worth', '--user', 'a@example.org', '--from', '2024-02-30'],
      "error: option '--from <date>' argument '2024-02-30' is invalid. Give a day as YYYY-MM-DD.",
    ],
    [
      ['demo', '--seed', '1.5'],
      "error: option '--seed <number>' argument '1.5' is invalid. Give a whole number.",
    ],
  ])('%j', async (words, sentence) => {
    expect(await tidemark.run(...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${sentence}\n(--help tells more)\n`,
    })
  })

  test('--help and --version are no fault', async () => {
    expect(await tidemark.run('--help')).toMatchObject({ code: 0, stderr: '' })
    expect(await tidemark.run('import', '--help')).toMatchObject({ code: 0, stderr: '' })
    expect((await tidemark.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('a currency that is none is one sentence, however many files there are', async () => {
    const words = ['import', 'a.csv', 'b.csv', '--user', email, '--currency', 'two words']
    expect(await tidemark.run(...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'tidemark: "two words" is not a currency: use an ISO 4217 code such as EUR, or a ticker\n',
    })
  })

  test('as a process: the exit code and the streams', async () => {
    const refused = tidemark.start(['import', 'absent.csv', '--user', email])
    expect(await refused.ended).toEqual({
      code: 2,
      stdout: '',
      stderr: 'tidemark: absent.csv: there is no such file; nothing of it was stored\n',
    })
  })
})

/** True where every folder on the way may be passed through by anyone. */
function isOpenToOthers(folder: string): boolean {
  const parent = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || isOpenToOthers(parent))
}
