import { expect, test } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'

function start(terminal: boolean, columns = 80) {
  const written: string[] = []
  let now = 1_000
  const stream = {
    isTTY: terminal,
    columns,
    write(text: string | Uint8Array) {
      written.push(String(text))
      return true
    },
  }
  const progress = createProgress({ stream, clock: () => now, label: 'Importing' })
  return { progress, written, pass: (ms: number) => (now += ms) }
}

test.each([
  [120, '██████░░░░░░░░░░░░░░░░░░  '],
  [80, '████░░░░░░░░░░░░  '],
  [60, ''],
])(
  'a terminal of %i columns gets one line with a bar where it fits, rows, rate and time left',
  (columns, bar) => {
    const { progress, written, pass } = start(true, columns)
    pass(2_000)
    progress.update(10_000, 40_000)
    const line = `Importing  ${bar}25%  10,000 of 40,000 rows  5,000 rows/s  6 s left`
    expect(written).toEqual([`\r${line.slice(0, columns - 1)}\x1b[K`])
  },
)

test('a terminal is written to ten times a second at most', () => {
  const { progress, written, pass } = start(true)
  for (let row = 0; row < 1_000; row++) {
    pass(1)
    progress.update(row, 1_000)
  }
  expect(written).toHaveLength(10)
})

test('a line never reaches the last column of a narrow terminal', () => {
  const { progress, written, pass } = start(true, 30)
  pass(1_000)
  progress.update(123_456, 9_999_999)
  expect(written[0]!.replace(/\r|\x1b\[K/g, '').length).toBeLessThan(30)
})

test('elsewhere plain lines, at most one in five seconds, and the summary', () => {
  const { progress, written, pass } = start(false)
  for (let second = 0; second < 12; second++) {
    progress.update(second * 1_000, 12_000)
    pass(1_000)
  }
  progress.finish('12,000 rows')
  expect(written).toEqual([
    'Importing: 41%, 5,000 of 12,000 rows, 1,000 rows/s, 7 s left\n',
    'Importing: 83%, 10,000 of 12,000 rows, 1,000 rows/s, 2 s left\n',
    '12,000 rows\n',
  ])
})

test('without a total there is neither a share nor a time left', () => {
  const { progress, written, pass } = start(false)
  pass(10_000)
  progress.update(20_000)
  expect(written).toEqual(['Importing: 20,000 rows, 2,000 rows/s\n'])
})

test.each([
  [100, 12_000, '19 min 50 s left'],
  [1, 12_000, '33 h 19 min left'],
  [0, 12_000, '0 of 12,000 rows\n'],
  [5, 0, '5 of 0 rows'],
])('%i of %i rows in ten seconds', (done, total, expected) => {
  const { progress, written, pass } = start(false)
  pass(10_000)
  progress.update(done, total)
  expect(written[0]).toContain(expected)
})

test('the summary takes the line’s place, once, and nothing comes after it', () => {
  const { progress, written, pass } = start(true)
  progress.update(1, 2)
  progress.finish('Done')
  pass(1_000)
  progress.update(2, 2)
  progress.finish('Done')
  expect(written.at(-1)).toBe('\r\x1b[KDone\n')
  expect(written).toHaveLength(2)
})
