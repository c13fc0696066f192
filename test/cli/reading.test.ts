import { beforeAll, describe, expect, inject, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, csv, makeFolder } from './command.ts'

let db: TestDatabase
let tidemark: CommandLine
const folder = makeFolder()
const email = 'reader@example.org'

/**
 * Two assets and a card over fourteen months. Prices of ACME are known from 2023-02-15, so that it is left out
 * before, exact on that day, and carried afterwards.
 */
beforeAll(async () => {
  db = await cloneDatabase()
  tidemark = commandLine(db, folder)
  await tidemark.run('user', 'add', email)
  const statement = csv(
    'account,date,amount,asset,kind',
    'Checking,2023-01-01,1000,EUR,deposit',
    'Checking,2023-01-31,-100.50,EUR,withdrawal',
    'Brokerage,2023-02-01,10,ACME,trade',
    'Card,2023-03-31,-250.25,EUR,card',
    'Checking,2024-02-29,0.001,EUR,interest',
  )
  const prices = csv(
    'asset,currency,date,price',
    'ACME,USD,2023-02-15,20',
    'EUR,USD,2023-02-01,1.25',
    'ACME,USD,2024-02-29,30',
  )
  await tidemark.file('statement.csv', statement)
  await tidemark.file('prices.csv', prices)
  expect((await tidemark.run('import-prices', 'prices.csv')).code).toBe(0)
  expect((await tidemark.run('import', 'statement.csv', '--user', email)).code).toBe(0)
})

const netWorth = (...options: string[]) => tidemark.run('net-worth', '--user', email, ...options)
const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))

describe('net-worth', () => {
  test('as CSV, from the first transaction on', async () => {
    const { code, stdout, stderr } = await netWorth(
      '--interval',
      'quarter',
      '--to',
      '2024-02-29',
      '--format',
      'csv',
    )
    expect([code, stderr]).toEqual([0, ''])
    // 10 ACME at 20 USD and 1.25 USD a euro are 160 EUR, at 30 USD 240 EUR.
    expect(stdout).toBe(
      'date,net_worth,assets,liabilities,quality\n' +
        '2023-03-31,809.25,1059.5,-250.25,carried\n' +
        '2023-06-30,809.25,1059.5,-250.25,carried\n' +
        '2023-09-30,809.25,1059.5,-250.25,carried\n' +
        '2023-12-31,809.25,1059.5,-250.25,carried\n' +
        '2024-02-29,889.251,1139.501,-250.25,carried\n',
    )
  })

  test('as a table, with what was left out', async () => {
    const { stdout } = await netWorth('--interval', 'month', '--from', '2023-01-01', '--to', '2023-03-31')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['date', 'net worth EUR', 'assets', 'liabilities', 'quality'],
      [
        expect.stringMatching(/^─+$/),
        expect.anything(),
        expect.anything(),
        expect.anything(),
        expect.anything(),
      ],
      ['2023-01-31', '899.50', '899.50', '0.00', 'exact'],
      ['2023-02-28', '1,059.50', '1,059.50', '0.00', 'carried'],
      ['2023-03-31', '809.25', '1,059.50', '-250.25', 'carried'],
    ])
    const early = await netWorth('--interval', 'day', '--from', '2023-01-31', '--to', '2023-02-01')
    expect(early.stdout.trimEnd().split('\n').slice(-2)).toEqual([
      expect.stringMatching(/^2023-02-01 .* incomplete$/),
      'Left out for want of a price at some point: ACME. Import prices with "tidemark import-prices".',
    ])
  })

  test('as JSON, in the shape of GET /v1/net-worth', async () => {
    const { stdout } = await netWorth(
      '--interval',
      'day',
      '--from',
      '2023-02-01',
      '--to',
      '2023-02-01',
      '--format',
      'json',
    )
    expect(JSON.parse(stdout)).toEqual({
      currency: 'EUR',
      interval: 'day',
      from: '2023-02-01',
      to: '2023-02-01',
      points: [
        {
          date: '2023-02-01',
          netWorth: '899.5',
          assets: '899.5',
          liabilities: '0',
          quality: 'incomplete',
          missing: ['ACME'],
        },
      ],
    })
  })

  test.each([
    ['account', ['Brokerage', 'Card', 'Checking'], ['160', '-250.25', '899.5']],
    ['kind', ['other'], ['809.25']],
    ['asset', ['ACME', 'EUR'], ['160', '649.25']],
    ['source', ['files'], ['809.25']],
  ])('--by %s breaks every point down, in each format', async (part, names, values) => {
    const range = ['--interval', 'year', '--to', '2023-12-31', '--by', part]
    const { stdout: json } = await netWorth(...range, '--format', 'json')
    const { points, groups } = JSON.parse(json)
    const byName = groups.toSorted((a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1))
    expect(byName.map((group: { name: string }) => group.name)).toEqual(names)
    expect(byName.map((group: { points: { netWorth: string }[] }) => group.points.at(-1)?.netWorth)).toEqual(
      values,
    )
    expect(points.at(-1).netWorth).toBe('809.25')

    const [head, ...rows] = rowsOf((await netWorth(...range, '--format', 'csv')).stdout)
    expect(head).toEqual(['date', 'group', 'net_worth', 'assets', 'liabilities', 'quality'])
    expect(rows[0]?.slice(0, 3)).toEqual(['2023-12-31', '', '809.25'])
    expect(
      rows
        .slice(1)
        .map((row) => [row[1], row[2]])
        .toSorted(),
    ).toEqual(names.map((name, at) => [name, values[at]]))

    const table = (await netWorth(...range)).stdout.split('\n')[0]
    for (const name of names) expect(table).toContain(name)
  })

  test.each([
    ['day', ['2023-01-30', '2023-01-31', '2023-02-01', '2023-02-02']],
    ['week', ['2023-02-02']],
    ['month', ['2023-01-31', '2023-02-02']],
    ['quarter', ['2023-02-02']],
    ['year', ['2023-02-02']],
    ['auto', ['2023-01-30', '2023-01-31', '2023-02-01', '2023-02-02']],
  ])('--interval %s ends each bucket on its last day, and the last one at --to', async (interval, days) => {
    const { stdout } = await netWorth(
      '--interval',
      interval,
      '--from',
      '2023-01-30',
      '--to',
      '2023-02-02',
      '--format',
      'csv',
    )
    expect(
      rowsOf(stdout)
        .slice(1)
        .map(([day]) => day),
    ).toEqual(days)
  })

  test('weeks end on Sundays', async () => {
    const { stdout } = await netWorth(
      '--interval',
      'week',
      '--from',
      '2023-01-01',
      '--to',
      '2023-01-18',
      '--format',
      'csv',
    )
    expect(
      rowsOf(stdout)
        .slice(1)
        .map(([day]) => day),
    ).toEqual(['2023-01-01', '2023-01-08', '2023-01-15', '2023-01-18'])
  })

  test('without --to it ends today, in the user’s time zone', async () => {
    await tidemark.run('user', 'add', 'kiritimati@example.org', '--time-zone', 'Pacific/Kiritimati')
    await tidemark.run('import', 'statement.csv', '--user', 'kiritimati@example.org')
    // 2024-06-15T12:00Z is 02:00 of the next day there.
    for (const [user, today] of [
      [email, '2024-06-15'],
      ['kiritimati@example.org', '2024-06-16'],
    ] as const) {
      const { stdout } = await tidemark.run('net-worth', '--user', user, '--format', 'csv')
      expect(rowsOf(stdout).at(-1)?.[0]).toBe(today)
    }
  })

  test('--currency tells it in another one', async () => {
    const { stdout } = await netWorth(
      '--interval',
      'year',
      '--to',
      '2023-12-31',
      '--currency',
      'usd',
      '--format',
      'csv',
    )
    expect(rowsOf(stdout).slice(1)).toEqual([['2023-12-31', '1011.5625', '1324.375', '-312.8125', 'carried']])
    const none = await netWorth(
      '--interval',
      'year',
      '--to',
      '2023-12-31',
      '--currency',
      'XAU',
      '--format',
      'json',
    )
    expect(JSON.parse(none.stdout).points[0]).toMatchObject({
      netWorth: '0',
      quality: 'incomplete',
      missing: ['ACME', 'EUR'],
    })
  })

  test('of a user without transactions is nothing on one day', async () => {
    await tidemark.run('user', 'add', 'new@example.org')
    const { code, stdout } = await tidemark.run('net-worth', '--user', 'new@example.org', '--format', 'csv')
    expect([code, stdout]).toEqual([0, 'date,net_worth,assets,liabilities,quality\n2024-06-15,0,0,0,exact\n'])
    expect((await tidemark.run('balance', '--user', 'new@example.org')).code).toBe(0)
  })

  test('a reversed range and one of too many points are refused', async () => {
    expect(await netWorth('--from', '2024-01-02', '--to', '2024-01-01')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'tidemark: the range is reversed: from 2024-01-02 lies after to 2024-01-01\n',
    })
    const many = await netWorth('--from', '2000-01-01', '--to', '2024-01-01', '--interval', 'day')
    expect(many).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'tidemark: 2000-01-01 to 2024-01-01 by day has 8767 points, and at most 5000 are given: ask by week\n',
    })
  })
})

describe('balance', () => {
  const balance = (...options: string[]) => tidemark.run('balance', '--user', email, ...options)

  test('as CSV at a day', async () => {
    const head = 'account,asset,quantity,value,currency,quality,reported,reported_on,difference\n'
    expect((await balance('--at', '2023-02-15', '--format', 'csv')).stdout).toBe(
      `${head}Brokerage,ACME,10,160,EUR,carried,,,\nChecking,EUR,899.5,899.5,EUR,exact,,,\n`,
    )
    expect((await balance('--at', '2023-02-14', '--format', 'csv')).stdout).toContain(
      'Brokerage,ACME,10,,EUR,incomplete',
    )
    expect((await balance('--at', '2022-12-31', '--format', 'csv')).stdout).toBe(head)
  })

  test('as JSON, an account with its assets', async () => {
    const { stdout } = await balance('--at', '2023-12-31', '--format', 'json')
    expect(JSON.parse(stdout)).toMatchObject([
      {
        account: 'Brokerage',
        at: '2023-12-31',
        balances: [{ asset: 'ACME', quantity: '10', value: '160', currency: 'EUR' }],
      },
      { account: 'Card', balances: [{ asset: 'EUR', quantity: '-250.25', value: '-250.25' }] },
      {
        account: 'Checking',
        balances: [{ asset: 'EUR', quantity: '899.5', reported: null, difference: null }],
      },
    ])
  })

  test('as a table, today without --at', async () => {
    const { stdout } = await balance()
    const [title, , , ...rows] = stdout.trimEnd().split('\n')
    expect(title).toBe('Balances at the end of 2024-06-15')
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['Brokerage', 'other', '10', 'ACME', '240.00', 'carried'],
      ['Card', 'other', '-250.25', 'EUR', '-250.25', 'exact'],
      ['Checking', 'other', '899.501', 'EUR', '899.50', 'exact'],
    ])
  })
})

describe('import-prices', () => {
  const priceOf = async (asset: string, currency: string) =>
    (
      await db.sql<{ day: string; price: string }[]>`
        SELECT day, trim_scale(price) AS price FROM price WHERE asset = ${asset} AND currency = ${currency} ORDER BY day`
    ).map(({ day, price }) => [day, price])

  test('of Tidemark’s own form: twice changes nothing, and of two rows for a day the later one holds', async () => {
    await tidemark.file(
      'own.csv',
      csv(
        'asset,currency,date,price',
        'OWN,EUR,2024-01-01,1.5',
        'OWN,EUR,2024-01-02,1.6',
        'OWN,EUR,2024-01-01,1.7',
      ),
    )
    expect(await tidemark.run('import-prices', 'own.csv')).toEqual({
      code: 0,
      stdout: 'own.csv: 3 prices: 2 added, 0 changed, 0 unchanged\n',
      stderr: '',
    })
    expect(await priceOf('OWN', 'EUR')).toEqual([
      ['2024-01-01', '1.7'],
      ['2024-01-02', '1.6'],
    ])
    expect((await tidemark.run('import-prices', 'own.csv')).stdout).toBe(
      'own.csv: 3 prices: 0 added, 0 changed, 2 unchanged\n',
    )
    await tidemark.file('later.csv', csv('asset,currency,date,price', 'OWN,EUR,2024-01-02,2'))
    expect((await tidemark.run('import-prices', 'later.csv')).stdout).toBe(
      'later.csv: 1 price: 0 added, 1 changed, 0 unchanged\n',
    )
    expect(await priceOf('OWN', 'EUR')).toContainEqual(['2024-01-02', '2'])
  })

  test('of the European Central Bank', async () => {
    await tidemark.file(
      'eurofxref-hist.csv',
      csv('Date,SEK,NOK,CYP,', '2024-01-03,11.1,11.4,N/A,', '2024-01-02,11.0,N/A,,'),
    )
    expect((await tidemark.run('import-prices', 'eurofxref-hist.csv')).stdout).toBe(
      'eurofxref-hist.csv: 3 prices: 3 added, 0 changed, 0 unchanged\n',
    )
    expect(await priceOf('EUR', 'SEK')).toEqual([
      ['2024-01-02', '11'],
      ['2024-01-03', '11.1'],
    ])
    expect((await tidemark.run('import-prices', 'eurofxref-hist.csv')).stdout).toContain('3 unchanged')
  })

  test('with bad records is refused whole, or read without them', async () => {
    await tidemark.file(
      'bad-prices.csv',
      csv(
        'asset,currency,date,price',
        'BAD,EUR,2024-01-01,1',
        'BAD,EUR,2024-02-31,1',
        'BAD,EUR,2024-01-02,0',
        'BAD,EUR,2024-01-03,-1',
        'BAD,EUR,2024-01-04,1e309',
        'BAD,BAD,2024-01-05,1',
        'B AD,EUR,2024-01-06,1',
        'BAD,EUR,2024-01-07',
      ),
    )
    const faults = [
      'line 3: date "2024-02-31" is not a day of the calendar',
      'line 4: price "0" is not above zero',
      'line 5: price "-1" is not above zero',
      'line 6: price "1e309" is not a plain decimal number',
      'line 7: the price of "BAD" in itself',
      'line 8: asset "B AD" is not a code of 1 to 32 printable ASCII characters without blanks',
      'line 9: 3 columns where the header has 4',
    ]
    const refused = await tidemark.run('import-prices', 'bad-prices.csv')
    expect(refused.code).toBe(2)
    expect(refused.stdout.split('\n').slice(1)).toEqual([...faults.map((fault) => `  bad: ${fault}`), ''])
    expect(refused.stderr).toBe(
      'tidemark: bad-prices.csv: refused, nothing of it was stored: 7 bad records; mend the file, or take the rest with --skip-bad\n',
    )
    expect(await priceOf('BAD', 'EUR')).toEqual([])
    const rest = await tidemark.run('import-prices', 'bad-prices.csv', '--skip-bad')
    expect([rest.code, rest.stderr]).toEqual([0, ''])
    expect(rest.stdout.split('\n')).toEqual([
      'bad-prices.csv: 1 price: 1 added, 0 changed, 0 unchanged',
      ...faults.map((fault) => `  left out: ${fault}`),
      '',
    ])
  })

  test.each([
    ['absent-prices.csv', undefined, 'there is no such file'],
    ['empty-prices.csv', '', 'the file is empty'],
    [
      'statement-instead.csv',
      csv('account,date,amount', 'A,2024-01-01,1'),
      'line 1: neither asset,currency,date,price nor the ECB’s eurofxref-hist.csv: no column "asset", "currency", "price"',
    ],
    [
      'latin1-prices.csv',
      Buffer.from(csv('asset,currency,date,price', 'CAF\xe9,EUR,2024-01-01,1'), 'latin1'),
      'line 2: not valid UTF-8; save the file as UTF-8 or declare its encoding',
    ],
  ])('a file that is none: %s', async (name, content, sentence) => {
    if (content !== undefined) await tidemark.file(name, content)
    expect(await tidemark.run('import-prices', name)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tidemark: ${name}: ${sentence}\n`,
    })
  })
})

describe('the database', () => {
  test('status tells what it is and holds', async () => {
    const { code, stdout } = await tidemark.run('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`^engine +${inject('engine')} \\(PostgreSQL [\\d.]+.*; DATABASE_URL\\)$`, 'm'),
    )
    const json = JSON.parse((await tidemark.run('status', '--format', 'json')).stdout)
    expect(json).toMatchObject({ engine: inject('engine'), differences: 0 })
    expect(json.users).toBeGreaterThan(0)
    expect(json.accounts).toBeGreaterThanOrEqual(3)
  })

  test('migrate says that it is up to date, and what it applied to a new one', async () => {
    expect(await tidemark.run('migrate')).toEqual({
      code: 0,
      stdout: `up to date (${inject('engine')})\n`,
      stderr: '',
    })
    const empty = await cloneDatabase('template0')
    const fresh = commandLine(empty, folder)
    const { code, stdout } = await fresh.run('migrate')
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(5)
    expect(lines.slice(0, -1).every((line) => /^applied [a-z]+\/\d{4}_\w+\.sql$/.test(line))).toBe(true)
    expect(lines.at(-1)).toBe(`${lines.length - 1} applied (${inject('engine')})`)
    expect((await fresh.run('migrate')).stdout).toBe(`up to date (${inject('engine')})\n`)
  })
})
