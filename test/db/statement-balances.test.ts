import { describe, expect, test } from 'vitest'
import { addBalance, addEntry, openStatement, settleStatements } from '../../src/db/statement-balances.ts'

interface Told {
  sequence?: number
  open?: [day: string, amount: string]
  entries?: [day: string, amount: string][]
  close?: [day: string, amount: string]
}

function settle(...statements: Told[]) {
  const open = statements.map(({ sequence, open, entries = [], close }, line) => {
    const statement = openStatement('A', {
      type: 'statement',
      line,
      account: {},
      ...(sequence !== undefined && { sequence }),
    })
    const balance = (edge: 'open' | 'close', [day, amount]: [string, string]) =>
      addBalance(statement, { type: 'balance', line, edge, day, amount, asset: 'EUR' })
    if (open) balance('open', open)
    for (const [bookedOn, amount] of entries) {
      addEntry(statement, {
        type: 'entry',
        line,
        bookedOn,
        amount,
        asset: 'EUR',
        kind: 'card',
        status: 'posted',
      })
    }
    if (close) balance('close', close)
    return statement
  })
  const { balances, checks } = settleStatements(open)
  return {
    balances: balances.map(({ day, edge, amount }) => `${edge} ${day} ${amount}`),
    checks: checks.map(({ difference, previousClosing }) => [difference, previousClosing]),
  }
}

describe('the days that balances hold for', () => {
  test('an opening stands before the first entry, a closing after the last', () => {
    expect(
      settle({
        open: ['2024-01-05', '10'],
        entries: [
          ['2024-01-05', '1'],
          ['2024-02-02', '2'],
        ],
        close: ['2024-01-31', '13'],
      }),
    ).toEqual({
      balances: ['open 2024-01-04 10', 'close 2024-02-02 13'],
      checks: [['0', undefined]],
    })
  })

  test('an opening on an earlier day than the first entry stands on that day', () => {
    const { balances } = settle({
      open: ['2024-01-01', '10000'],
      entries: [['2024-12-31', '5']],
      close: ['2024-12-31', '10005'],
    })
    expect(balances).toEqual(['open 2024-01-01 10000', 'close 2024-12-31 10005'])
  })

  test('a statement without entries says what is held at its end', () => {
    expect(settle({ open: ['2024-01-01', '5'], close: ['2024-01-31', '5'] }).balances).toEqual([
      'close 2024-01-31 5',
    ])
    expect(settle({ open: ['2024-01-01', '5'] })).toEqual({
      balances: ['close 2024-01-01 5'],
      checks: [[null, undefined]],
    })
  })

  test('a closing balance without an opening stands on its printed day', () => {
    expect(settle({ entries: [['2024-02-02', '2']], close: ['2024-01-31', '13'] })).toEqual({
      balances: ['close 2024-01-31 13'],
      checks: [],
    })
  })
})

describe('statements that continue each other', () => {
  const first: Told = {
    open: ['2024-01-05', '100'],
    entries: [['2024-01-05', '-10']],
    close: ['2024-01-05', '90'],
  }
  const second: Told = {
    open: ['2024-01-05', '90'],
    entries: [
      ['2024-01-05', '-5'],
      ['2024-01-06', '1'],
    ],
    close: ['2024-01-06', '86'],
  }

  test('give one opening, and no closing in the middle of a day', () => {
    expect(settle(first, second)).toEqual({
      balances: ['open 2024-01-04 100', 'close 2024-01-06 86'],
      checks: [
        ['0', undefined],
        ['0', undefined],
      ],
    })
  })

  test('whether or not all of them bear a number', () => {
    expect(settle({ ...first, sequence: 12 }, second).balances).toEqual([
      'open 2024-01-04 100',
      'close 2024-01-06 86',
    ])
  })

  test('also where the newest stands first', () => {
    expect(settle(second, first)).toEqual({
      balances: ['open 2024-01-04 100', 'close 2024-01-06 86'],
      checks: [
        ['0', undefined],
        ['0', undefined],
      ],
    })
  })

  test('keep the closing balance of a day that is over', () => {
    const later: Told = {
      open: ['2024-01-06', '86'],
      entries: [['2024-01-09', '4']],
      close: ['2024-01-09', '90'],
    }
    expect(settle(second, later).balances).toEqual([
      'open 2024-01-04 90',
      'close 2024-01-06 86',
      'close 2024-01-09 90',
    ])
  })

  test('and those that do not are told', () => {
    const other: Told = {
      open: ['2024-01-08', '500'],
      entries: [['2024-01-09', '4']],
      close: ['2024-01-09', '504'],
    }
    expect(settle(first, other)).toEqual({
      balances: ['open 2024-01-04 100', 'close 2024-01-05 90', 'open 2024-01-08 500', 'close 2024-01-09 504'],
      checks: [
        ['0', undefined],
        ['0', '90'],
      ],
    })
  })
})
