import fc from 'fast-check'
import { compareRows } from '../../src/archive/check-rows.ts'
import type { ArchivedTransaction } from '../../src/archived-transaction.ts'

const long = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
/** With lone byte order marks, unpaired combining signs, signs beyond the basic plane; all but NUL and lone surrogates. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((given) => given.replaceAll('\0', '\ufeff'))
const nullableText = fc.option(text)
const digits = fc.stringMatching(/^\d{1,60}$/)
const amount = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.option(digits))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`)
const instant = fc.oneof(fc.bigInt(long), fc.bigInt(-(10n ** 16n), 10n ** 16n))
/** Few, so that rows share them. */
const bigintText = fc.oneof(fc.bigInt(1n, 5n), fc.bigInt(long)).map(String)
const uuid = fc.uuid({ version: [1, 4, 7] })

function rowOf(day: fc.Arbitrary<string>): fc.Arbitrary<ArchivedTransaction> {
  return fc.record({
    userId: bigintText,
    accountId: bigintText,
    id: uuid,
    bookedOn: day,
    occurredAt: fc.option(instant),
    amount,
    asset: text,
    kind: text,
    status: text,
    description: nullableText,
    counterparty: nullableText,
    category: nullableText,
    groupId: nullableText,
    recordedAt: instant,
    version: bigintText,
    digest: uuid,
  })
}

/** Rows of one month, as a file may hold them. */
export const anyRows: fc.Arbitrary<ArchivedTransaction[]> = fc
  .constantFrom('1900-01', '1969-12', '1970-01', '2024-02', '2199-12')
  .chain((month) => {
    const day = fc.integer({ min: 1, max: 28 }).map((of) => `${month}-${String(of).padStart(2, '0')}`)
    return fc.uniqueArray(rowOf(day), {
      minLength: 1,
      maxLength: 30,
      comparator: (one, other) => compareRows(one, other) === 0,
    })
  })
  .map((rows) => rows.toSorted(compareRows))

/** Many plain rows of as many users as are told, in a file's order. */
export function plainRows(count: number, users: number): ArchivedTransaction[] {
  return Array.from({ length: count }, (_, index) => ({
    userId: String(1_000 + Math.floor((index * users) / count)),
    accountId: '7',
    id: uuidOf(index),
    bookedOn: '2024-02-29',
    occurredAt: index % 3 === 0 ? null : BigInt(index) * 1_000_003n,
    amount: `-${index}.50`,
    asset: 'EUR',
    kind: 'card',
    status: 'posted',
    description: index % 4 === 0 ? null : `Purchase ${index}`,
    counterparty: `Shop ${index % 97}`,
    category: null,
    groupId: null,
    recordedAt: 1_700_000_000_000_000n,
    version: '1',
    digest: uuidOf(index * 7_919),
  }))
}

function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}
