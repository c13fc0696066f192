import { expect, test } from 'vitest'
import { createSourceLines, formatOutcomes, type SourceState } from '../../src/cli/demo/source-lines.ts'

const counts = { added: 0, changed: 0, unchanged: 0, removed: 0 }
const states = (rows: number): SourceState[] => [
  {
    id: 'plaid',
    brings: 'checking',
    counts: { ...counts, added: rows },
    backfill: null,
    isDone: true,
    fault: null,
  },
  {
    id: 'simplefin',
    brings: 'joint account',
    counts,
    backfill: { from: '2020-01-01', to: '2023-12-31' },
    isDone: false,
    fault: null,
  },
]

function start(terminal: boolean, columns = 80) {
  const written: string[] = []
  let now = 0
  const stream = {
    isTTY: terminal,
    columns,
    write(text: string | Uint8Array) {
      written.push(String(text))
      return true
    },
  }
  const lines = createSourceLines({ stream, clock: () => new Date(now) })
  return { lines, written, pass: (milliseconds: number) => (now += milliseconds) }
}

test('a terminal has a line for each source, which are rewritten and taken away', () => {
  const { lines, written } = start(true)
  lines.show(states(1_500))
  lines.show(states(2_000))
  lines.clear()
  lines.clear()
  const second = '\rsimplefin  joint account  0 rows, 1,461 days of history left\x1b[K\n'
  expect(written).toEqual([
    `\rplaid      checking       1,500 rows, done\x1b[K\n${second}`,
    `\x1b[2A\rplaid      checking       2,000 rows, done\x1b[K\n${second}`,
    '\x1b[2A\r\x1b[J',
  ])
})

test('no line reaches the last column of a narrow terminal', () => {
  const { lines, written } = start(true, 30)
  lines.show(states(1))
  for (const line of written[0]!.split('\n')) expect(line.replace(/\r|\x1b\[K/g, '').length).toBeLessThan(30)
})

test('elsewhere there is a plain line every five seconds', () => {
  const { lines, written, pass } = start(false)
  for (let second = 0; second < 11; second++) {
    lines.show(states(second))
    pass(1_000)
  }
  lines.clear()
  expect(written).toEqual([
    'plaid: 5 rows, done; simplefin: 0 rows, 1,461 days of history left\n',
    'plaid: 10 rows, done; simplefin: 0 rows, 1,461 days of history left\n',
  ])
})

test('what went wrong is told until it went well', () => {
  const { lines, written } = start(true)
  const [, failing] = states(0)
  lines.show([{ ...failing!, fault: 'the bank answered 503' }])
  expect(written[0]).toContain('0 rows, tried again: the bank answered 503')
})

test('at the end, what each source brought', () => {
  const [plaid, simplefin] = states(1_234)
  expect(
    formatOutcomes([
      plaid!,
      { ...simplefin!, counts: { added: 2, changed: 1, unchanged: 1_000, removed: 0 } },
    ]),
  ).toBe(
    '  plaid      checking       1,234 added\n  simplefin  joint account  2 added, 1 changed, 1,000 unchanged\n',
  )
})
