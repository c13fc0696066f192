import Big from 'big.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, ratio, subtract, sum } from '../../src/dashboard/format/arithmetic.ts'
import { parseDecimal } from '../../src/decimal.ts'

/** As the API writes amounts. */
const amount = fc
  .record({
    digits: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
    places: fc.integer({ min: 0, max: 8 }),
  })
  .map(
    ({ digits, places }) => parseDecimal(new Big(digits.toString()).div(new Big(10).pow(places)).toFixed())!,
  )

Big.DP = 40

test('sums, differences and comparisons are exact', () => {
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 30 }), amount, amount, (amounts, a, b) => {
      const expected = amounts.reduce((total, each) => total.plus(each), new Big(0))
      expect(sum(amounts)).toBe(parseDecimal(expected.toFixed()))
      expect(subtract(a, b)).toBe(parseDecimal(new Big(a).minus(b).toFixed()))
      expect(compare(a, b)).toBe(new Big(a).cmp(b))
    }),
    { numRuns: 2_000 },
  )
})

test('a share is one of something', () => {
  expect(ratio('25', '100')).toBe(0.25)
  expect(ratio('25', '0')).toBeUndefined()
  expect(ratio('25', '-100')).toBeUndefined()
})

test.each([
  [[], '0'],
  [['0.1', '0.2'], '0.3'],
  [['-0.5', '0.25'], '-0.25'],
  [['12345678901234567890.00000001', '-12345678901234567890'], '0.00000001'],
])('%j add up to %s', (amounts, total) => {
  expect(sum(amounts)).toBe(total)
})
