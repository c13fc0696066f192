import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayWidth, formatMoney, formatTable } from '../../src/cli/table.ts'

test('numbers to the right, texts to the left, no blanks at the end', () => {
  const table = formatTable(
    [
      ['Checking', '1,234.50', 'EUR'],
      ['Café Süd', '-3.20', ''],
    ],
    { head: ['Account', 'Balance', 'Asset'], align: ['left', 'right', 'left'] },
  )
  expect(table.split('\n')).toEqual([
    'Account    Balance  Asset',
    '────────  ────────  ─────',
    'Checking  1,234.50  EUR',
    'Café Süd     -3.20',
  ])
})

test('characters count as many columns as a terminal gives them', () => {
  expect(['abc', 'é', 'e\u0301', '日本', '👍', '', '─', '\u200b'].map(displayWidth)).toEqual([
    3, 1, 1, 4, 2, 0, 1, 0,
  ])
  const table = formatTable([['日本', '1'], ['ab', '20']], { head: ['Place', 'n'], align: ['left', 'right'] }) // biome-ignore format: one line
  expect(table).toBe('Place   n\n─────  ──\n日本    1\nab     20')
})

test('a table too wide has its texts cut, never its numbers', () => {
  const rows = [['A very long description of a purchase', '1,234,567.89', '日本'.repeat(10)]]
  const options = {
    head: ['What', 'Amount', 'Where'],
    align: ['left', 'right', 'left'] as ('left' | 'right')[],
  }
  for (const width of [30, 40, 50, 60]) {
    const lines = formatTable(rows, { ...options, width }).split('\n')
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
    expect(lines[2]).toContain('1,234,567.89')
    expect(lines[2]).toContain('…')
  }
  expect(formatTable(rows, { ...options, width: 5 })).toContain('1,234,567.89')
})

test('no rows, and rows shorter than the head', () => {
  expect(formatTable([], { head: ['a', 'b'], align: ['left', 'right'] })).toBe('a  b\n─  ─')
  expect(formatTable([['x']], { head: ['a', 'b'], align: ['left', 'right'] })).toBe('a  b\n─  ─\nx')
})

test.each([
  ['1234567.8', '1,234,567.80'],
  ['-0.005', '-0.01'],
  ['0.005', '0.01'],
  ['0', '0.00'],
  ['-1', '-1.00'],
  ['999.995', '1,000.00'],
  ['-999999.994', '-999,999.99'],
  ['123456789012345678901234567890.125', '123,456,789,012,345,678,901,234,567,890.13'],
  ['0.00001234', '0.000012'],
  ['-0.000000000000000001', '-0.000000000000000001'],
  ['0.0049', '0.0049'],
])('%s is shown as %s', (decimal, shown) => {
  expect(formatMoney(decimal)).toBe(shown)
})

test('a currency stands behind the amount', () => {
  expect(formatMoney('1000', 'EUR')).toBe('1,000.00 EUR')
})

test('whole cents keep their digits whatever their size', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (cents) => {
      const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0')
      const decimal = `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
      const shown = formatMoney(decimal)
      expect(shown.replaceAll(',', '')).toBe(decimal)
      expect(shown).toMatch(/^-?\d{1,3}(?:,\d{3})*\.\d\d$/)
    }),
  )
})
