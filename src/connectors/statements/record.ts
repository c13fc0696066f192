import { firstDay, isDay, lastDay } from '../../calendar.ts'
import { parseDecimal } from '../../decimal.ts'
import { isAsset } from './asset.ts'
import { cleanText } from './clean-text.ts'

/** One record of a file that cannot be read; becomes a fault event, and reading goes on behind it. */
export class RecordFault extends Error {}

/** Runs `read`; true where it went through, false where the record was at fault and `onFault` was told. */
export function readRecord(read: () => void, onFault: (reason: string) => void): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof RecordFault)) throw error
    onFault(error.message)
    return false
  }
}

/** The canonical decimal of a text that already has a point for its decimals. `shown` is what the file said. */
export function requireAmount(text: string, what = 'amount', shown = text): string {
  const amount = parseDecimal(text)
  if (amount === undefined) throw new RecordFault(amountReason(shown, what))
  return amount
}

export function amountReason(shown: string, what = 'amount'): string {
  return shown.trim() === '' ? `${what} is empty` : `${what} ${quote(shown)} is not a plain decimal number`
}

/** `text` where it is a real day. `shown` is what the file said. */
export function requireDay(text: string, shown = text): string {
  if (!isDay(text)) throw new RecordFault(dayReason(shown))
  return text
}

export function dayReason(shown: string): string {
  if (shown.trim() === '') return 'date is empty'
  const outside = /^\d{4}-\d{2}-\d{2}$/.test(shown) && (shown < firstDay || shown > lastDay)
  return `date ${quote(shown)} is not ${outside ? `between ${firstDay} and ${lastDay}` : 'a day of the calendar'}`
}

export function requireAsset(text: string | undefined): string {
  if (text === undefined || text === '') throw new RecordFault('the record names no currency or asset')
  if (!isAsset(text)) throw new RecordFault(assetReason(text))
  return text
}

export function assetReason(text: string): string {
  return `asset ${quote(text)} is not a code of 1 to 32 printable ASCII characters without blanks`
}

/** A text of the file as part of a sentence: one line, at most 60 characters. */
export function quote(text: string): string {
  const clean = cleanText(text.slice(0, 200)) ?? ''
  return `"${clean.length > 60 ? `${clean.slice(0, 60)}…` : clean}"`
}

/** The kind of a movement that the file says nothing more about. */
export function kindBySign(amount: string): 'deposit' | 'withdrawal' {
  return amount.startsWith('-') || amount === '0' ? 'withdrawal' : 'deposit'
}
