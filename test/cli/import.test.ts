import { beforeAll, describe, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, csv, makeFolder, storedCounts, storedState } from './command.ts'
import { camt053, mt940, ofxSgml, ofxXml, qif, type SmallStatement } from './statement-files.ts'

let db: TestDatabase
let tidemark: CommandLine
const folder = makeFolder()
let people = 0

beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
})

async function newUser(...options: string[]): Promise<string> {
  const email = `user${people++}@example.org`
  await tidemark.run('user', 'add', email, ...options)
  return email
}

/** Imports files of these contents as one command. */
async function importing(email: string, files: Record<string, string | Uint8Array>, ...options: string[]) {
  for (const [name, content] of Object.entries(files)) await tidemark.file(name, content)
  return tidemark.run('import', ...Object.keys(files), '--user', email, ...options)
}

const rowsOf = (email: string) => db.sql<
  { account: string; kind: string; day: string; amount: string; asset: string; description: string | null }[]
>`
    SELECT a.name AS account, t.kind, t.booked_on AS day, trim_scale(t.amount) AS amount, t.asset, t.description
    FROM transaction t JOIN account a ON a.id = t.account_id JOIN app_user u ON u.id = t.user_id
    WHERE u.email = ${email} ORDER BY t.booked_on, t.amount`

const january: SmallStatement = {
  account: 'DE02120300000000202051',
  opening: '100.00',
  closing: '1045.50',
  entries: [
    { day: '2024-01-02', amount: '1000.00', text: 'Salary' },
    { day: '2024-01-05', amount: '-50.00', text: 'Groceries' },
    { day: '2024-01-31', amount: '-4.50', text: 'Bank fee' },
  ],
}

describe('a file of each format', () => {
  const balances = '  opening 100 + entries 945.5 = closing 1045.5 EUR: balances\n'
  const entries = [
    ['2024-01-02', '1000', 'EUR', 'Salary'],
    ['2024-01-05', '-50', 'EUR', 'Groceries'],
    ['2024-01-31', '-4.5', 'EUR', 'Bank fee'],
  ]
  const ofxAccount = `10020030:${january.account}`
  test.each([
    ['january.xml', camt053(january), [], january.account, balances],
    ['january.sta', mt940(january), [], january.account, balances],
    ['january.ofx', ofxXml(january), [], ofxAccount, ''],
    ['january.qfx', ofxSgml(january), [], ofxAccount, ''],
    ['january.qif', qif(january.entries), ['--account', 'Checking'], 'Checking', ''],
    [
      'january.csv',
      csv(
        'account,date,amount,asset,description',
        ...january.entries.map((each) => `Checking,${each.day},${each.amount},EUR,${each.text}`),
      ),
      [],
      'Checking',
      '',
    ],
  ])(
    '%s is stored and told, and a second time changes nothing',
    async (name, content, options, account, checks) => {
      const email = await newUser()
      expect(await importing(email, { [name]: content }, ...options)).toEqual({
        code: 0,
        stdout: `${name}: 3 rows\n  ${account}: 3 added, 0 changed, 0 unchanged\n${checks}`,
        stderr: '',
      })
      const stored = (await rowsOf(email)).filter(({ kind }) => kind !== 'opening')
      expect(stored.map((row) => [row.day, row.amount, row.asset, row.description])).toEqual(entries)
      const before = await storedState(db, email)

      expect(await importing(email, { [name]: content }, ...options)).toEqual({
        code: 0,
        stdout: `${name}: 3 rows\n  ${account}: 0 added, 0 changed, 3 unchanged\n${checks}`,
        stderr: '',
      })
      expect(await storedState(db, email)).toEqual(before)
    },
  )

  test('the opening balance stands on the day before the first entry, so that the closing one is met', async () => {
    const email = await newUser()
    await importing(email, { 'opening.xml': camt053(january) })
    expect((await rowsOf(email))[0]).toMatchObject({ day: '2024-01-01', amount: '100', kind: 'opening' })
    const { stdout } = await tidemark.run('balance', '--user', email, '--at', '2024-01-31', '--format', 'csv')
    expect(stdout.split('\n')[1]).toMatch(
      /^DE02120300000000202051,EUR,1045\.5,1045\.5,EUR,exact,1045\.5,2024-01-31,0$/,
    )
  })

  test('--format reads a file as what it is told to be', async () => {
    const email = await newUser()
    const { code, stderr } = await importing(
      email,
      { 'as-told.csv': csv('account,date,amount', 'A,2024-01-01,1') },
      '--format',
      'mt940',
    )
    expect([code, stderr]).toEqual([
      2,
      'tidemark: as-told.csv: the file holds no statement: no :60F: and no :61: field; nothing of it was stored\n',
    ])
  })

  test('UTF-16 with a byte order mark is read', async () => {
    const email = await newUser()
    const text = csv('account,date,amount,description', 'Café,2024-01-01,1.50,crème brûlée')
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
    const { code, stdout } = await importing(email, { 'utf16.csv': bytes })
    expect([code, stdout]).toEqual([0, 'utf16.csv: 1 row\n  Café: 1 added, 0 changed, 0 unchanged\n'])
    expect((await rowsOf(email))[0]?.description).toBe('crème brûlée')
  })
})

describe('what a statement says of itself', () => {
  test('a closing balance that opening and entries do not give is told with the difference', async () => {
    const email = await newUser()
    const { code, stdout } = await importing(email, {
      'off.xml': camt053({ ...january, closing: '1050.00' }),
    })
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'off.xml: 3 rows',
      '  DE02120300000000202051: 3 added, 0 changed, 0 unchanged',
      '  1 of 1 statement does not balance:',
      '    line 4: DE02120300000000202051: opening 100 + entries 945.5 is not closing 1050 EUR on 2024-01-31 (+4.5)',
      '  difference: DE02120300000000202051 on 2024-01-31: reported 1050 EUR, the transactions add up to 1045.5 (+4.5)',
      '',
    ])
  })

  test('a gap between two statements of an account is told, and the difference that it makes', async () => {
    const email = await newUser()
    const march: SmallStatement = {
      account: january.account,
      opening: '900.00',
      closing: '880.00',
      entries: [{ day: '2024-03-05', amount: '-20.00', text: 'Books' }],
    }
    const { code, stdout } = await importing(email, { 'gap.xml': camt053(january, march) })
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'gap.xml: 4 rows',
      '  DE02120300000000202051: 4 added, 0 changed, 0 unchanged',
      '  2 statements: opening + entries = closing in every one',
      expect.stringMatching(
        /^ {2}gap: line \d+: DE02120300000000202051: the statement before closes with 1045\.5, this one opens with 900 EUR on 2024-03-05$/,
      ),
      '  difference: DE02120300000000202051 on 2024-03-04: reported 900 EUR, the transactions add up to 1045.5 (-145.5)',
      '  difference: DE02120300000000202051 on 2024-03-05: reported 880 EUR, the transactions add up to 1025.5 (-145.5)',
      '',
    ])
    // The statement between the two, imported later, closes the gap.
    const february: SmallStatement = {
      account: january.account,
      opening: '1045.50',
      closing: '900.00',
      entries: [{ day: '2024-02-10', amount: '-145.50', text: 'Train' }],
    }
    const closed = await importing(email, { 'february.xml': camt053(february) })
    expect(closed.stdout).not.toContain('difference')
    const { stdout: balance } = await tidemark.run(
      'balance',
      '--user',
      email,
      '--at',
      '2024-03-31',
      '--format',
      'csv',
    )
    expect(balance).toContain(',880,880,EUR,exact,880,2024-03-05,0')
  })

  test('a closing balance alone gives the opening', async () => {
    const email = await newUser()
    await importing(email, { 'closing.ofx': ofxXml(january) })
    expect((await rowsOf(email))[0]).toMatchObject({ day: '2024-01-01', amount: '100', kind: 'opening' })
  })
})

describe('overlapping files', () => {
  test('of one account add what is new and leave the rest, in whatever order they come', async () => {
    const rows = [1, 2, 3, 4, 5].map((day) => `Checking,2024-01-0${day},${day}.00`)
    const header = 'account,date,amount'
    const files = {
      'first.csv': csv(header, ...rows.slice(0, 3)),
      'second.csv': csv(header, ...rows.slice(1)),
    }
    const email = await newUser()
    expect((await importing(email, files)).stdout).toBe(
      'first.csv: 3 rows\n  Checking: 3 added, 0 changed, 0 unchanged\n' +
        'second.csv: 4 rows\n  Checking: 2 added, 0 changed, 2 unchanged\n',
    )
    const other = await newUser()
    await importing(other, { 'second.csv': files['second.csv'] })
    await importing(other, { 'first.csv': files['first.csv'] })
    expect(await storedState(db, other)).toEqual(await storedState(db, email))
  })

  test('an earlier statement moves the opening to before its own first entry', async () => {
    const email = await newUser()
    await importing(email, { 'late.sta': mt940(january) })
    const { stdout } = await importing(email, {
      'early.sta': mt940({
        account: january.account,
        opening: '40.00',
        closing: '100.00',
        entries: [{ day: '2023-12-20', amount: '60.00', text: 'Gift' }],
      }),
    })
    expect(stdout).toContain('opening 40 + entries 60 = closing 100 EUR: balances')
    expect((await rowsOf(email)).map((row) => [row.day, row.amount, row.kind])).toEqual([
      ['2023-12-19', '40', 'opening'],
      ['2023-12-20', '60', 'deposit'],
      ['2024-01-02', '1000', 'deposit'],
      ['2024-01-05', '-50', 'withdrawal'],
      ['2024-01-31', '-4.5', 'withdrawal'],
    ])
  })
})

describe('Tidemark’s own CSV', () => {
  test('a row with a known id replaces the one before: another day, amount or text', async () => {
    const email = await newUser()
    const header = 'account,id,date,amount,status,description'
    await importing(email, {
      'before.csv': csv(
        header,
        'Card,1,2024-01-10,-20,pending,Restaurant',
        'Card,2,2024-01-11,-5,posted,Bus',
      ),
    })
    const after = csv(
      header,
      'Card,1,2024-01-12,-22.50,posted,Restaurant and tip',
      'Card,2,2024-01-11,-5,posted,Bus',
    )
    expect((await importing(email, { 'after.csv': after })).stdout).toBe(
      'after.csv: 2 rows\n  Card: 0 added, 1 changed, 1 unchanged\n',
    )
    expect((await rowsOf(email)).map((row) => [row.day, row.amount, row.description])).toEqual([
      ['2024-01-11', '-5', 'Bus'],
      ['2024-01-12', '-22.5', 'Restaurant and tip'],
    ])
  })

  test('pending and requested rows are stored and move no balance', async () => {
    const email = await newUser()
    await importing(email, {
      'states.csv': csv(
        'account,date,amount,status',
        'Card,2024-01-01,100,posted',
        'Card,2024-01-02,-20,pending',
        'Card,2024-01-03,-30,requested',
      ),
    })
    expect(await rowsOf(email)).toHaveLength(3)
    const { stdout } = await tidemark.run(
      'net-worth',
      '--user',
      email,
      '--to',
      '2024-01-31',
      '--interval',
      'month',
      '--format',
      'csv',
    )
    expect(stdout).toBe('date,net_worth,assets,liabilities,quality\n2024-01-31,100,100,0,exact\n')
  })

  test('two identical coffees both stay, again and again', async () => {
    const email = await newUser()
    const coffees = csv('account,date,amount,description', ...Array(3).fill('Cash,2024-01-05,-2.80,Coffee'))
    expect((await importing(email, { 'coffees.csv': coffees })).stdout).toContain('Cash: 3 added')
    expect((await importing(email, { 'coffees.csv': coffees })).stdout).toContain(
      'Cash: 0 added, 0 changed, 3 unchanged',
    )
    const fourth = `${coffees}Cash,2024-01-05,-2.80,Coffee\n`
    expect((await importing(email, { 'fourth.csv': fourth })).stdout).toContain(
      'Cash: 1 added, 0 changed, 3 unchanged',
    )
    expect(await rowsOf(email)).toHaveLength(4)
  })

  test.each([
    ['UTC', '2024-01-01', '2023-12-31'],
    ['America/New_York', '2023-12-31', '2023-12-31'],
    ['Pacific/Auckland', '2024-01-01', '2024-01-01'],
  ])('an instant falls on its day in the user’s time zone: %s', async (zone, justAfter, justBefore) => {
    const email = await newUser('--time-zone', zone)
    await importing(email, {
      'instants.csv': csv(
        'account,time,amount',
        'Wallet,2024-01-01T00:30:00Z,1',
        'Wallet,2023-12-31T23:30:00+00:00,2',
      ),
    })
    const days = new Map((await rowsOf(email)).map((row) => [row.amount, row.day]))
    expect([days.get('1'), days.get('2')]).toEqual([justAfter, justBefore])
  })

  test('a date beside a time is the day, whatever the zone', async () => {
    const email = await newUser('--time-zone', 'Pacific/Auckland')
    await importing(email, {
      'both.csv': csv('account,date,time,amount', 'A,2024-01-01,2024-01-01T23:00:00Z,1'),
    })
    expect((await rowsOf(email))[0]?.day).toBe('2024-01-01')
  })

  test('several accounts and assets in one file; amounts keep their last digit', async () => {
    const email = await newUser()
    const { stdout } = await importing(email, {
      'many.csv': csv(
        'account,date,amount,asset',
        'Coins,2024-01-01,0.123456789012345678,ETH',
        'Cash,2024-01-01,10.10,EUR',
        'Coins,2024-01-02,0.00000001,BTC',
        '"Savings, old",2024-01-02,99999999999999999999.99,EUR',
      ),
    })
    expect(stdout.split('\n').slice(0, 4).toSorted()).toEqual([
      '  Cash: 1 added, 0 changed, 0 unchanged',
      '  Coins: 2 added, 0 changed, 0 unchanged',
      '  Savings, old: 1 added, 0 changed, 0 unchanged',
      'many.csv: 4 rows',
    ])
    expect((await rowsOf(email)).map((row) => row.amount).toSorted()).toEqual([
      '0.00000001',
      '0.123456789012345678',
      '10.1',
      '99999999999999999999.99',
    ])
  })
})

describe('options', () => {
  test('--currency is that of rows which name none; without it the user’s base currency', async () => {
    const email = await newUser('--base-currency', 'CHF')
    const file = csv('account,date,amount,asset', 'A,2024-01-01,1,', 'A,2024-01-02,2,USD')
    await importing(email, { 'base.csv': file })
    expect((await rowsOf(email)).map((row) => row.asset)).toEqual(['CHF', 'USD'])
    const other = await newUser('--base-currency', 'CHF')
    await importing(other, { 'named.csv': file }, '--currency', 'gbp')
    expect((await rowsOf(other)).map((row) => row.asset)).toEqual(['GBP', 'USD'])
  })

  test('a file that names no account is refused without --account', async () => {
    const email = await newUser()
    expect(await importing(email, { 'nameless.qif': qif(january.entries) })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'tidemark: nameless.qif: the file names no account: say which one it is with --account NAME; nothing of it was stored\n',
    })
  })

  test('--account names the account that the file numbers, and is its identity where it has none', async () => {
    const email = await newUser()
    const named = await importing(email, { 'named.sta': mt940(january) }, '--account', 'Checking')
    expect(named.stdout).toContain(`  Checking (${january.account}): 3 added`)
    // The same account again, under its number alone.
    expect((await importing(email, { 'named.sta': mt940(january) })).stdout).toContain(
      '0 added, 0 changed, 3 unchanged',
    )
    expect(
      await db.sql`SELECT a.name FROM account a JOIN app_user u ON u.id = a.user_id WHERE u.email = ${email}`,
    ).toEqual([{ name: 'Checking' }])
  })

  test('--skip-bad takes the good records and lists the others', async () => {
    const email = await newUser()
    const file = csv(
      'account,date,amount',
      'A,2024-01-01,1',
      'A,2024-02-31,2',
      'A,2024-01-03,NaN',
      'A,2024-01-04,4',
    )
    const refused = await importing(email, { 'bad.csv': file })
    expect(refused).toEqual({
      code: 2,
      stdout:
        'bad.csv: 2 rows, refused\n' +
        '  bad: line 3: date "2024-02-31" is not a day of the calendar\n' +
        '  bad: line 4: amount "NaN" is not a plain decimal number\n',
      stderr:
        'tidemark: bad.csv: refused, nothing of it was stored: 2 bad records; mend the file, or take the rest with --skip-bad\n',
    })
    expect(await storedCounts(db, email)).toEqual({ accounts: 0, transactions: 0, balances: 0, runs: 0 })
    expect(await importing(email, { 'bad.csv': file }, '--skip-bad')).toEqual({
      code: 0,
      stdout:
        'bad.csv: 2 rows\n  A: 2 added, 0 changed, 0 unchanged\n' +
        '  left out: line 3: date "2024-02-31" is not a day of the calendar\n' +
        '  left out: line 4: amount "NaN" is not a plain decimal number\n',
      stderr: '',
    })
  })

  test('more than twenty bad records are counted, not listed', async () => {
    const email = await newUser()
    const rows = Array.from({ length: 30 }, () => 'A,2024-01-01,x')
    const { stdout, stderr } = await importing(email, { 'worse.csv': csv('account,date,amount', ...rows) })
    expect(stdout.split('\n')).toHaveLength(23)
    expect(stdout).toContain('line 21: amount "x"')
    expect(stdout).toMatch(/ {2}… and 10 more\n$/)
    expect(stderr).toContain('30 bad records')
  })

  test('of several files one is refused: the others are stored, and the command says 2', async () => {
    const email = await newUser()
    const good = (account: string) => csv('account,date,amount', `${account},2024-01-01,1`)
    const { code, stdout, stderr } = await importing(email, {
      'one.csv': good('One'),
      'bad-record.csv': csv('account,date,amount', 'Bad,2024-01-01,1e309'),
      'unreadable.csv': 'a picture of a cat',
      'two.csv': good('Two'),
    })
    expect(code).toBe(2)
    expect(stdout).toBe(
      'one.csv: 1 row\n  One: 1 added, 0 changed, 0 unchanged\n' +
        'bad-record.csv: 0 rows, refused\n  bad: line 2: amount "1e309" is not a plain decimal number\n' +
        'two.csv: 1 row\n  Two: 1 added, 0 changed, 0 unchanged\n',
    )
    expect(stderr.split('\n')).toEqual([
      'tidemark: bad-record.csv: refused, nothing of it was stored: 1 bad record; mend the file, or take the rest with --skip-bad',
      expect.stringMatching(
        /^tidemark: unreadable\.csv: not a statement of a known format .*; nothing of it was stored$/,
      ),
      '',
    ])
    expect((await rowsOf(email)).map((row) => row.account).toSorted()).toEqual(['One', 'Two'])
  })

  test('on a terminal the progress is one line that goes before the report', async () => {
    const email = await newUser()
    await tidemark.file('progress.csv', csv('account,date,amount', 'A,2024-01-01,1'))
    await tidemark.file('broken-off.xml', camt053(january).slice(0, 900))
    const done = await tidemark.runOnTerminal('import', 'progress.csv', '--user', email)
    expect(done.stderr).toMatch(/^\rprogress\.csv .*1 rows.*\r\x1b\[K$/)
    // Nothing of it may be left in front of a sentence either.
    const failed = await tidemark.runOnTerminal('import', 'broken-off.xml', '--user', email)
    expect(failed.stderr.split('\r\x1b[K').at(-1)).toMatch(/^tidemark: broken-off\.xml: /)
  })
})

describe('a mapping file', () => {
  const mapping = {
    delimiter: ';',
    encoding: 'windows-1252',
    decimal: ',',
    thousands: '.',
    dateFormat: 'DD.MM.YYYY',
    skipLines: 2,
    account: 'DE02120300000000202051',
    asset: 'EUR',
    columns: {
      date: 'Buchungstag',
      amount: 'Betrag',
      balance: 'Saldo',
      description: ['Buchungstext', 'Verwendungszweck'],
      counterparty: 'Name',
    },
  }
  const bankFile = Buffer.from(
    [
      'Umsätze Girokonto;;;;;',
      '',
      'Buchungstag;Name;Buchungstext;Verwendungszweck;Betrag;Saldo',
      '31.01.2024;Stadtwerke Köln;Lastschrift;Strom;-1.234,56;-234,56',
      '02.01.2024;Arbeitgeber;Gehalt;Januar;900,00;1.000,00',
    ].join('\r\n'),
    'latin1',
  )

  test('tells how to read a bank’s own CSV, balances included', async () => {
    const email = await newUser()
    await tidemark.file('mapping.json', JSON.stringify(mapping))
    expect(await importing(email, { 'bank.csv': bankFile }, '--mapping', 'mapping.json')).toEqual({
      code: 0,
      stdout:
        'bank.csv: 2 rows\n  DE02120300000000202051: 2 added, 0 changed, 0 unchanged\n' +
        '  opening 100 + entries -334.56 = closing -234.56 EUR: balances\n',
      stderr: '',
    })
    expect((await rowsOf(email)).map((row) => [row.day, row.amount, row.description])).toEqual([
      ['2024-01-01', '100', 'Opening balance'],
      ['2024-01-02', '900', 'Gehalt Januar'],
      ['2024-01-31', '-1234.56', 'Lastschrift Strom'],
    ])
    const again = await importing(email, { 'bank.csv': bankFile }, '--mapping', 'mapping.json')
    expect(again.stdout).toContain('0 added, 0 changed, 2 unchanged')
  })

  test('is needed for such a file, and the sentence says so', async () => {
    const email = await newUser()
    const file = csv('day,text,value', '2024-01-01,x,1')
    expect((await importing(email, { 'other.csv': file })).stderr).toBe(
      'tidemark: other.csv: not a Tidemark CSV: its header has no column "account" and no "amount" and no "date" or "time"; give a mapping file with --mapping; nothing of it was stored\n',
    )
  })

  test.each([
    ['absent.json', undefined, /^tidemark: absent\.json: there is no such file$/m],
    ['broken.json', '{"columns": {', /^tidemark: broken\.json: not JSON: /],
    [
      'faulty.json',
      '{"columns": {"date": "d", "amuont": "a"}, "decimal": "x"}',
      /^tidemark: faulty\.json: the mapping cannot be used: .*decimal.*amuont/,
    ],
    ['list.json', '[]', /^tidemark: list\.json: the mapping cannot be used: /],
  ])('that cannot be used is refused: %s', async (name, content, sentence) => {
    const email = await newUser()
    if (content !== undefined) await tidemark.file(name, content)
    const { code, stdout, stderr } = await importing(email, { 'bank.csv': bankFile }, '--mapping', name)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
    expect(stderr.trimEnd()).not.toContain('\n')
  })
})
