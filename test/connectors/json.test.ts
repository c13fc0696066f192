import { Big } from 'big.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalOfNumber, parseExactJson } from '../../src/connectors/json.ts'
import { parseDecimal } from '../../src/decimal.ts'

const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`))

/** A number as JSON allows it to be written. */
const jsonNumber = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,14}$/)),
    fraction: fc.oneof(fc.constant(''), digits(1, 12)),
    exponent: fc.oneof(
      fc.constant(''),
      fc
        .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 30 }))
        .map((parts) => parts.join('')),
    ),
  })
  .map(({ sign, whole, fraction, exponent }) => `${sign}${whole}${fraction && `.${fraction}`}${exponent}`)

describe('decimalOfNumber', () => {
  test('is what big.js makes of it, in canonical form', () => {
    fc.assert(
      fc.property(jsonNumber, (text) => {
        const exact = new Big(text).toFixed()
        // Beyond what an amount bears both say so.
        expect(decimalOfNumber(text)).toBe(parseDecimal(exact))
      }),
      { numRuns: 2_000 },
    )
  })

  test('says the same of a number that JavaScript wrote', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e38, max: 1e38 }), (number) => {
        const text = JSON.stringify(number)
        expect(decimalOfNumber(text)).toBe(parseDecimal(new Big(text).toFixed()))
      }),
    )
  })

  test.each([
    ['1.5e-7', '0.00000015'],
    ['-0.0', '0'],
    ['-0e5', '0'],
    ['0e999999999', '0'],
    ['12E+0002', '1200'],
    ['120e-1', '12'],
    ['5.00', '5'],
    ['0.1', '0.1'],
  ])('%s -> %s', (text, decimal) => {
    expect(decimalOfNumber(text)).toBe(decimal)
  })

  test.each([
    '',
    '-',
    '.5',
    '5.',
    '+1',
    '1e',
    'e5',
    '0x10',
    'NaN',
    'Infinity',
    ' 1',
    '1 ',
    '1,5',
    '1e41',
    '1e-31',
    '1e99999',
  ])('"%s" is no decimal that an amount can be', (text) => {
    expect(decimalOfNumber(text)).toBeUndefined()
  })
})

describe('parseExactJson', () => {
  test('keeps every digit of a number of 30 digits', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[1-9][0-9]{14}$/),
        fc.stringMatching(/^[0-9]{14}[1-9]$/),
        (whole, fraction) => {
          const text = `${whole}.${fraction}`
          expect(parseExactJson(`{"rows":[{"amount":${text}},-${text}]}`)).toEqual({
            rows: [{ amount: text }, `-${text}`],
          })
          expect(decimalOfNumber(text)).toBe(text)
        },
      ),
    )
  })

  test('is JSON.parse for what has no numbers', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ depthSize: 'small' }).map((value) => JSON.stringify(value, withoutNumbers)),
        (text) => {
          expect(parseExactJson(text)).toEqual(JSON.parse(text))
        },
      ),
    )
  })

  test('a string of digits and a number of them come out alike: the schema says which amounts are texts', () => {
    expect(parseExactJson('["1.10", 1.10]')).toEqual(['1.10', '1.10'])
  })

  test('the last value of a key that comes twice counts', () => {
    expect(parseExactJson('{"a":1,"b":{"c":true},"a":2}')).toEqual({ a: '2', b: { c: true } })
  })

  test('a key named __proto__ is a key', () => {
    const parsed = parseExactJson('{"__proto__":{"polluted":true}}') as object
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(Object.keys(parsed)).toEqual(['__proto__'])
    expect('polluted' in {}).toBe(false)
  })

  test.each([
    '',
    '{',
    '{"a":1',
    '[1,]',
    '{"a":01}',
    'NaN',
    '{"a":1} x',
    '<html></html>',
    '['.repeat(300_000),
  ])('case %#: what is not whole JSON is a SyntaxError', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError)
  })
})

function withoutNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? null : value
}
