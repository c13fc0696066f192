import { isLosslessNumber, parse, stringify } from 'lossless-json'

/**
 * An answer with the rows of its lists twice. Lists of objects and lists of lists are taken for rows; a list of
 * plain values (the fields of one row) stays. An answer that is not JSON stays as it is, with no rows repeated.
 */
export function repeatRows(body: string): { text: string; rows: number } {
  let rows = 0
  const repeat = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const items = value.map(repeat)
      if (items.length === 0 || !items.every(isRow)) return items
      rows += items.length
      return [...items, ...items]
    }
    if (!isRow(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, repeat(each)]))
  }
  try {
    return { text: stringify(repeat(parse(body))) ?? body, rows }
  } catch (error) {
    if (error instanceof SyntaxError) return { text: body, rows: 0 }
    throw error
  }
}

function isRow(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !isLosslessNumber(value)
}
