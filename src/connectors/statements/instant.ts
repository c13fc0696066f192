import { isDay } from '../../calendar.ts'

const pattern =
  /^(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$/i

/** An ISO 8601 instant with an offset or Z, in one spelling (`2024-01-31T08:30:00+01:00`); undefined otherwise. */
export function parseInstant(text: string): { iso: string; instant: Date } | undefined {
  const match = pattern.exec(text)
  if (!match || !isDay(match[1]!)) return undefined
  const [, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = match
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()
  const iso = `${day}T${hour}:${minute}:${second}${fraction}${offset}`
  // A Date holds milliseconds; more digits are for the database alone.
  const instant = new Date(`${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${offset}`)
  return { iso, instant }
}
