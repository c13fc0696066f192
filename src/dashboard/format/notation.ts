/** How a reader's language writes numbers. */
export interface Notation {
  /** `.` or `,`. */
  decimal: string
  /** Between thousands where digits are Latin: `.`, `,`, an apostrophe or a blank. */
  group: string
  /** Digits in each group before the last one, which has three: two in India. */
  groupSize: number
  /** The language's own digits and separators by those of ASCII. */
  ascii: Map<string, string>
}

const known = new Map<string, Notation>()

export function notationOf(locales: readonly string[]): Notation {
  const key = locales.join()
  const notation = known.get(key) ?? readNotation(locales as string[])
  known.set(key, notation)
  return notation
}

function readNotation(locales: string[]): Notation {
  const own = new Intl.NumberFormat(locales)
  const latin = partsOf(new Intl.NumberFormat(locales, { numberingSystem: 'latn' }))
  const { decimal, group } = partsOf(own)
  const other = latin.decimal === ',' ? '.' : ','
  const ascii = new Map([
    // The Arabic ones mean the same in every language.
    ['٫', latin.decimal],
    ['٬', other],
    [decimal, latin.decimal],
  ])
  if (!/[\s'’.,]/.test(group)) ascii.set(group, other)
  for (let digit = 0; digit < 10; digit++) ascii.set(own.format(digit), String(digit))
  return { ...latin, ascii }
}

function partsOf(format: Intl.NumberFormat) {
  const parts = format.formatToParts(12345678.9)
  const of = (type: string) => parts.filter((part) => part.type === type).map(({ value }) => value)
  return {
    decimal: of('decimal')[0] ?? '.',
    group: of('group')[0] ?? '',
    groupSize: of('integer').length > 2 ? [...of('integer').at(-2)!].length : 3,
  }
}
