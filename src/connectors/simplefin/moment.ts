import { dayInZone } from '../../calendar.ts'

/**
 * The reporting day of a timestamp. Most banks know the day alone, which servers tell as midnight or noon UTC: that is
 * the day itself, wherever the owner is. Anything else is an instant, on the owner's day.
 */
export function momentOf(seconds: number, timeZone: string): { day: string; instant?: string } {
  const at = new Date(seconds * 1000)
  const instant = at.toISOString()
  if (seconds % 43_200 === 0) return { day: instant.slice(0, 10) }
  return { day: dayInZone(at, timeZone), instant }
}
