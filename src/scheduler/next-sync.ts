import { createHash } from 'node:crypto'
import { addDays, dayInZone } from '../calendar.ts'
import type { Schedule } from '../connectors/connector.ts'

const hour = 3_600_000
const day = 24 * hour

/** Somebody who looked within this time is active: their sources are synced four times a day. */
const activeFor = 2 * day
/** Who has not looked for so long is dormant: once a week. */
const dormantAfter = 30 * day
const activeEvery = 6 * hour
const dormantEvery = 7 * day

/** From four in the morning of the owner's zone, over two hours: banks have booked the day by then. */
const morningStart = 4 * hour
const morningLength = 2 * hour

export interface SourceRhythm {
  sourceId: string
  schedule: Schedule | undefined
  /** IANA name. */
  timeZone: string
  /** When the owner last looked; null for nobody. */
  lastSeenAt: Date | null
}

/**
 * When a source is synced next, after a sync that ended at `now`. Every source has its own place within the interval,
 * made of its id, so that a provider meets an even stream of requests and a source keeps its time of day.
 */
export function nextSync({ sourceId, schedule, timeZone, lastSeenAt }: SourceRhythm, now: Date): Date {
  const place = placeOf(sourceId)
  if (schedule && 'everyMinutes' in schedule) {
    return gridTime(now, schedule.everyMinutes * 60_000, place)
  }
  if (schedule) {
    const [hours = 0, minutes = 0] = schedule.dailyAt.split(':').map(Number)
    // Whoever gives a time of day has its data from then on: over the quarter of an hour behind it.
    return nextLocalTime(now, schedule.timeZone, hours * hour + minutes * 60_000, place * hour * 0.25)
  }
  const away = lastSeenAt === null ? Number.POSITIVE_INFINITY : now.getTime() - lastSeenAt.getTime()
  if (away <= activeFor) return gridTime(now, activeEvery, place)
  const morning = nextLocalTime(now, timeZone, morningStart, place * morningLength)
  if (away <= dormantAfter) return morning
  // The first of its mornings behind its place in the week.
  const week = gridTime(now, dormantEvery, placeOf(`${sourceId} week`))
  return nextLocalTime(week, timeZone, morningStart, place * morningLength)
}

/** The next instant of a grid of `every` milliseconds, shifted by the source's place in it. */
function gridTime(now: Date, every: number, place: number): Date {
  const offset = Math.floor(place * every)
  const steps = Math.floor((now.getTime() - offset) / every) + 1
  return new Date(steps * every + offset)
}

/** The first instant after `now` at which a clock on a wall in the zone shows so much since midnight. */
function nextLocalTime(now: Date, timeZone: string, sinceMidnight: number, spread: number): Date {
  const today = dayInZone(now, timeZone)
  for (let ahead = 0; ; ahead++) {
    const at = localTime(addDays(today, ahead), sinceMidnight + spread, timeZone)
    if (at.getTime() > now.getTime()) return at
  }
}

/** The instant of a wall clock's time. In the hour that a zone leaves out, the same time by the clock before it. */
function localTime(onDay: string, sinceMidnight: number, timeZone: string): Date {
  const asUtc = Date.parse(`${onDay}T00:00:00Z`) + Math.floor(sinceMidnight)
  // Where the zone's offset changes in between, the second look is right.
  const first = asUtc - offsetAt(asUtc, timeZone)
  return new Date(asUtc - offsetAt(first, timeZone))
}

/** Milliseconds by which the zone's clocks are ahead of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    formats.set(timeZone, format)
  }
  const whole = Math.floor(instant / 1000) * 1000
  return Date.parse(`${format.format(whole).replace(' ', 'T')}Z`) - whole
}
const formats = new Map<string, Intl.DateTimeFormat>()

/** A number from 0 up to 1 that is the same for the same source, and even over many. */
function placeOf(sourceId: string): number {
  return createHash('sha256').update(`sync of source ${sourceId}`).digest().readUInt32BE(0) / 2 ** 32
}
