import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMoney, formatQuantity } from '../../src/dashboard/format/money.ts'
import { readAmount } from '../../src/dashboard/format/read-amount.ts'
import { parseDecimal } from '../../src/decimal.ts'

/** Languages that differ in digits, separators, groups or the place of the sign. */
const locales = 'en-GB de-DE de-CH fr-FR sv-SE pl-PL es-ES en-IN hi-IN bn-BD ne-NP ar-EG ar-MA fa-IR ur-IN ps'
  .split(' ')
  .map((locale) => [locale])

/** As the API writes amounts. */
const amount = fc
  .tuple(fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }), fc.stringMatching(/^\d{0,18}$/))
  .map(([whole, fraction]) => parseDecimal(`${whole}.${fraction}`)!)

const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'HUF', 'RSD', 'IQD', 'XAU', 'BTC')

describe.each(locales)('in %s', (locale) => {
  test('what the page writes it reads back', () => {
    fc.assert(
      fc.property(amount, (each) => {
        expect(readAmount(formatQuantity(each, [locale]), [locale])).toEqual({ amount: each })
      }),
    )
  })

  test('no digit of a single amount of money is lost', () => {
    fc.assert(
      fc.property(amount, currency, (each, asset) => {
        const shown = formatMoney(each, asset, { exact: true, signed: true }, [locale])
        expect(readAmount(withoutUnit(shown, asset, locale), [locale])).toEqual({ amount: each })
      }),
    )
  })
})

/** As it is read: the number with its sign, without the name of its unit. */
function withoutUnit(shown: string, asset: string, locale: string): string {
  const parts = /^(BTC|XAU)$/.test(asset)
    ? [asset]
    : new Intl.NumberFormat(locale, { style: 'currency', currency: asset })
        .formatToParts(1)
        .filter(({ type }) => type === 'currency')
        .map(({ value }) => value)
  const [unit = ''] = parts
  expect(shown).toContain(unit)
  return shown.replace(unit, '').replace(/^\s+/, '')
}

test.each([
  ['123.45', 'HUF', 'HUF 123.45', 'HUF 123.45'],
  ['123.45', 'RSD', 'RSD 123.45', 'RSD 123.45'],
  ['1234.5674', 'IQD', 'IQD 1,234.567', 'IQD 1,234.5674'],
  ['1234.567', 'IQD', 'IQD 1,234.567', 'IQD 1,234.567'],
  ['12345.67', 'JPY', 'JP¥12,346', 'JP¥12,345.67'],
  ['1.2345', 'KWD', 'KWD 1.235', 'KWD 1.2345'],
  ['-3', 'EUR', '-€3.00', '-€3.00'],
  ['3', 'JPY', 'JP¥3', 'JP¥3'],
  ['2.005', 'EUR', '€2.01', '€2.005'],
  ['0.00512', 'XAU', '0.00512 XAU', '0.00512 XAU'],
])('%s %s is rounded to %s, and is %s exactly', (each, asset, rounded, exact) => {
  const shown = (style = {}) => formatMoney(each, asset, style, ['en-GB']).replace(/\s/g, ' ')
  expect([shown(), shown({ exact: true })]).toEqual([rounded, exact])
})

test.each([
  ['en-IN', '1,23,456.78', '123456.78'],
  ['en-IN', '123,456.78', '123456.78'],
  ['en-IN', '12,34,56,789', '123456789'],
  ['en-IN', '1,234', '1234'],
  ['hi-IN', '-1,23,456', '-123456'],
  ['ar-EG', '١٢٫٥', '12.5'],
  ['ar-EG', '١٢٬٣٤٥٫٦', '12345.6'],
  ['ar-EG', '12.5', '12.5'],
  ['ar-EG', '\u061c-١٢', '-12'],
  ['fa-IR', '۱۲٫۵', '12.5'],
  ['fa-IR', '\u200e\u2212۱٬۲۳۴٬۵۶۷', '-1234567'],
  ['de-DE', '12٫5', '12.5'],
  ['de-CH', "1’234'567.8", '1234567.8'],
])('in %s, %s is %s', (locale, typed, read) => {
  expect(readAmount(typed, [locale])).toEqual({ amount: read })
})

test.each([
  ['en-GB', '1,23,456'],
  ['en-IN', '1,23'],
  ['en-IN', '1,23,45.6'],
  ['en-IN', '123,45,678'],
  ['en-IN', '1,23.456,7'],
  ['de-DE', '1.234'],
  ['de-DE', '1٬234'],
  ['fr-FR', '1.234'],
  ['ar-EG', '١٢٬٥'],
  ['ar-EG', '۱۲'],
])('in %s, %s is refused', (locale, typed) => {
  expect(readAmount(typed, [locale])?.fault).toBeTypeOf('string')
})
