import { Big } from 'big.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sum } from '../../src/dashboard/format/sum.ts'
import { parseDecimal } from '../../src/decimal.ts'

const arbitraryAmount = fc
  .tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }))
  .map(([sign, digits, scale]) => {
    const text = String(digits).padStart(scale + 1, '0')
    const point = text.length - scale
    return parseDecimal(`${sign}${text.slice(0, point)}.${text.slice(point)}`)!
  })

test('a sum is exact, whatever it is of', () => {
  fc.assert(
    fc.property(fc.array(arbitraryAmount), (amounts) => {
      const expected = amounts.reduce((total, amount) => total.plus(amount), new Big(0))
      expect(sum(amounts)).toBe(expected.toFixed())
    }),
  )
})

test.each([
  [[], '0'],
  [['0.1', '0.2'], '0.3'],
  [['-0.5', '0.25'], '-0.25'],
  [['12345678901234567890.00000001', '-12345678901234567890'], '0.00000001'],
])('%j add up to %s', (amounts, total) => {
  expect(sum(amounts)).toBe(total)
})
