import { dayOf } from '../../calendar.ts'
import { createLineSplitter } from './lines.ts'
import { requireDay } from './record.ts'

export type DateOrder = 'month-first' | 'day-first'

// 1/31/2004, 1/31'04, 1/ 5' 4, 31.01.2004, 2004-01-31
const pattern = /^\s*(\d{1,4})\s*([/.-])\s*(\d{1,2})\s*([/.'-])\s*(\d{1,4})\s*$/

/**
 * The order of day and month in a QIF file, which does not declare it: a part above 12 is a day, points stand
 * between day and month. Without evidence, the order of the United States, where the format comes from.
 */
export async function decideDateOrder(text: AsyncIterable<string>): Promise<DateOrder> {
  let monthFirst = 0
  let dayFirst = 0
  const lines = createLineSplitter((line) => {
    if (!line.startsWith('D')) return
    const match = pattern.exec(line.slice(1))
    if (!match || match[1]!.length > 2) return
    if (Number(match[1]) > 12) dayFirst++
    else if (Number(match[3]) > 12) monthFirst++
    else if (match[2] === '.') dayFirst++
  })
  for await (const piece of text) lines.write(piece)
  lines.end()
  return dayFirst > monthFirst ? 'day-first' : 'month-first'
}

export function qifDay(text: string, order: DateOrder): string {
  const match = pattern.exec(text)
  if (!match) return requireDay('', text)
  const [, first = '', , second = '', separator, third = ''] = match
  if (first.length > 2) return requireDay(dayOf(Number(first), Number(second), Number(third)), text)
  const [month, day] = order === 'month-first' ? [first, second] : [second, first]
  return requireDay(dayOf(fullYear(third, separator === "'"), Number(month), Number(day)), text)
}

/** Quicken writes an apostrophe before the years from 2000 on; two digits without one are 1970 to 2069. */
function fullYear(text: string, apostrophe: boolean): number {
  const year = Number(text)
  if (text.length > 2) return year
  return apostrophe || year < 70 ? 2000 + year : 1900 + year
}
