import { beforeAll, expect, inject, test } from 'vitest'
import { cloneDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, makeFolder, type Outcome } from './command.ts'

let tidemark: CommandLine
const folder = makeFolder()
let first: Outcome

beforeAll(async () => {
  tidemark = commandLine(await cloneDatabase(), folder)
  first = await tidemark.run('demo')
})

const email = 'demo-1-2024@demo.example'
const netWorth = async () =>
  (await tidemark.run('net-worth', '--user', email, '--interval', 'month', '--format', 'csv')).stdout

/** The part between the sentences: a table of the years and a chart of the months. */
const shown = (outcome: Outcome) => outcome.stdout.split('\n\n').slice(1, -1).join('\n\n')

test('a household of ten years is imported, and every statement with balances adds up', () => {
  expect([first.code, first.stderr]).toEqual([0, ''])
  const [files, sum] = first.stdout.split('\n')
  expect(files).toMatch(
    /^A household of ten years: \d+ files in \.tidemark-demo\/files\/demo-1-2024@demo\.example$/,
  )
  const numbers =
    /^Imported (\d+) transactions of (\d+) accounts \((\d+) added, 0 known before\); (\d+) of (\d+) statements with balances add up\. 0\.0 s, (\w+) engine\.$/.exec(
      sum!,
    )
  expect(numbers, sum).not.toBeNull()
  const [, rows, accounts, added, balancing, statements, engine] = numbers!
  expect(Number(rows)).toBeGreaterThan(10_000)
  expect([accounts, added, balancing, engine]).toEqual(['10', rows, statements, inject('engine')])
})

test('a table of the years with their quality, a chart, and what to do next', () => {
  const lines = shown(first).split('\n')
  expect(lines[0]!.split(/ {2,}/)).toEqual(['date', 'net worth EUR', 'assets', 'liabilities', 'quality'])
  const years = lines.slice(2, 14).map((line) => line.trim().split(/ {2,}/))
  // What the accounts held before their first day is posted on the last day of the year before.
  const days = Array.from({ length: 11 }, (_, at) => `${2013 + at}-12-31`)
  expect(years.map(([day]) => day)).toEqual([...days, '2024-06-15'])
  for (const year of years) expect(['exact', 'carried'], year.join(' ')).toContain(year.at(-1))
  expect(lines.some((line) => /[\u2801-\u28ff]/.test(line))).toBe(true)
  expect(first.stdout).toMatch(new RegExp(`\n {2}npx tidemark balance --user ${email}\n$`))
})

test('a second time adds nothing and shows the same', async () => {
  const before = await netWorth()
  const second = await tidemark.run('demo')
  expect(second.code).toBe(0)
  expect(second.stdout).toMatch(/^Imported (\d+) transactions of 10 accounts \(0 added, \1 known before\);/m)
  expect(shown(second)).toBe(shown(first))
  expect(await netWorth()).toBe(before)
})

test('no report of a difference stands against what the accounts hold', async () => {
  const { stdout } = await tidemark.run('balance', '--user', email, '--format', 'csv')
  const [head, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','))
  const difference = head!.indexOf('difference')
  expect(rows.length).toBeGreaterThanOrEqual(10)
  for (const row of rows) expect(['', '0'], row.join()).toContain(row[difference])
})
