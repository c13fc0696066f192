import { beforeAll, describe, expect, test } from 'vitest'
import { cloneDatabase } from '../setup/database.ts'
import { type CommandLine, commandLine, makeFolder } from './command.ts'

let tidemark: CommandLine
const folder = makeFolder()

beforeAll(async () => {
  tidemark = commandLine(await cloneDatabase(), folder)
})

test('a user is added with a time zone and a currency of their own, or with the usual ones', async () => {
  expect(await tidemark.run('user', 'add', 'Usual@Example.org')).toEqual({
    code: 0,
    stdout: 'added usual@example.org (UTC, EUR)\n',
    stderr: '',
  })
  const own = ['--time-zone', 'America/New_York', '--base-currency', 'usd']
  expect(await tidemark.run('user', 'add', 'own@example.org', ...own)).toEqual({
    code: 0,
    stdout: 'added own@example.org (America/New_York, USD)\n',
    stderr: '',
  })
})

test('a second one with the same email, however it is written, is refused', async () => {
  await tidemark.run('user', 'add', 'twice@example.org')
  expect(await tidemark.run('user', 'add', ' TWICE@example.org', '--base-currency', 'USD')).toEqual({
    code: 2,
    stdout: '',
    stderr: 'tidemark: there is a user twice@example.org already\n',
  })
})

describe('refused with what is wrong', () => {
  test.each([
    [['nobody'], '"nobody" is not an email address'],
    [['two@signs@example.org'], '"two@signs@example.org" is not an email address'],
    [[''], '"" is not an email address'],
    [
      ['a@example.org', '--time-zone', 'Mars/Olympus'],
      '"Mars/Olympus" is not a time zone: use an IANA name such as Europe/Berlin',
    ],
    [
      ['a@example.org', '--base-currency', 'two words'],
      '"two words" is not a currency: use an ISO 4217 code such as EUR, or a ticker',
    ],
    [
      ['a@example.org', '--base-currency', ''],
      '"" is not a currency: use an ISO 4217 code such as EUR, or a ticker',
    ],
  ])('%j', async (words, sentence) => {
    expect(await tidemark.run('user', 'add', ...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `tidemark: ${sentence}\n`,
    })
  })

  test('no email at all', async () => {
    const { code, stderr } = await tidemark.run('user', 'add')
    expect([code, stderr]).toEqual([2, "error: missing required argument 'email'\n(--help tells more)\n"])
  })
})

test('every command that needs a user names the one that is not there', async () => {
  const file = await tidemark.file('any.csv', 'account,date,amount\nCash,2024-01-01,1\n')
  for (const words of [['import', file], ['net-worth'], ['balance']]) {
    expect(await tidemark.run(...words, '--user', 'absent@example.org'), words[0]).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'tidemark: there is no user absent@example.org: add one with "tidemark user add absent@example.org"\n',
    })
  }
})
