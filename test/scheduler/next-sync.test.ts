import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoff, maxAttempts } from '../../src/connectors/backoff.ts'
import { nextSync } from '../../src/scheduler/next-sync.ts'

const hour = 3_600_000
const day = 24 * hour
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
]
const instant = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2035-01-01T00:00:00Z'),
  noInvalidDate: true,
})
const source = fc.integer({ min: 1, max: 1_000_000 }).map(String)

const localHour = (at: Date, timeZone: string) =>
  Number(new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', hourCycle: 'h23' }).format(at))

test('the next sync is always ahead, and no further than its interval', () => {
  fc.assert(
    fc.property(
      source,
      instant,
      fc.constantFrom(...zones),
      fc.option(fc.integer({ min: 0, max: 400 })),
      (sourceId, now, timeZone, daysAway) => {
        const lastSeenAt = daysAway === null ? null : new Date(now.getTime() - daysAway * day)
        const next = nextSync({ sourceId, schedule: undefined, timeZone, lastSeenAt }, now)
        const longest =
          daysAway !== null && daysAway <= 2
            ? 6 * hour
            : daysAway !== null && daysAway <= 30
              ? 25 * hour
              : 8 * day + hour
        expect(next.getTime()).toBeGreaterThan(now.getTime())
        expect(next.getTime() - now.getTime()).toBeLessThanOrEqual(longest)
      },
    ),
  )
})

test('who has not looked for some days is synced between four and six in the morning of their zone, daylight saving or not', () => {
  fc.assert(
    fc.property(
      source,
      instant,
      fc.constantFrom(...zones),
      fc.integer({ min: 3, max: 100 }),
      (sourceId, now, timeZone, daysAway) => {
        const lastSeenAt = new Date(now.getTime() - daysAway * day)
        const next = nextSync({ sourceId, schedule: undefined, timeZone, lastSeenAt }, now)
        // Where clocks are set at night, the hour may be the one beside it.
        expect([3, 4, 5, 6]).toContain(localHour(next, timeZone))
      },
    ),
  )
})

test('a source keeps its time of day', () => {
  fc.assert(
    fc.property(source, (sourceId) => {
      const rhythm = {
        sourceId,
        schedule: undefined,
        timeZone: 'Asia/Kolkata',
        lastSeenAt: new Date('2024-06-10T00:00:00Z'),
      }
      const first = nextSync(rhythm, new Date('2024-06-15T12:00:00Z'))
      expect(nextSync(rhythm, first).getTime() - first.getTime()).toBe(day)
    }),
  )
})

test('ten thousand sources are spread evenly over their interval', () => {
  const now = new Date('2024-06-15T12:00:00Z')
  const counts = (
    slots: number,
    length: number,
    start: number,
    schedule: Parameters<typeof nextSync>[0]['schedule'],
    lastSeenAt: Date | null,
  ) => {
    const found = new Array<number>(slots).fill(0)
    for (let id = 1; id <= 10_000; id++) {
      const next = nextSync({ sourceId: String(id), schedule, timeZone: 'UTC', lastSeenAt }, now)
      found[Math.floor((((next.getTime() - start) % length) / length) * slots)]!++
    }
    return found
  }
  // Of 1,000 on average, six standard deviations are 180.
  const even = (found: number[]) => {
    for (const each of found) expect(Math.abs(each - 1000)).toBeLessThan(180)
  }
  even(counts(10, 6 * hour, now.getTime(), undefined, now))
  even(counts(10, 5 * 60_000, now.getTime(), { everyMinutes: 5 }, null))
  const morning = Date.parse('2024-06-16T04:00:00Z')
  even(counts(10, 2 * hour, morning, undefined, new Date(now.getTime() - 5 * day)))
})

test('a feed that has its data from an hour on is asked from then on, within a quarter of an hour', () => {
  fc.assert(
    fc.property(source, instant, (sourceId, now) => {
      const schedule = { dailyAt: '16:30', timeZone: 'Europe/Berlin' }
      const next = nextSync({ sourceId, schedule, timeZone: 'UTC', lastSeenAt: null }, now)
      expect(next.getTime()).toBeGreaterThan(now.getTime())
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', timeStyle: 'short' })
      const local = format.format(next)
      expect(local >= '16:30' && local <= '16:45').toBe(true)
    }),
  )
})

test('waits double up to an hour, half of each by chance', () => {
  for (let failures = 1; failures <= 40; failures++) {
    const whole = Math.min(3_600_000, 15_000 * 2 ** (failures - 1))
    expect(backoff(failures, () => 0)).toBe(whole / 2)
    expect(backoff(failures, () => 0.999_999)).toBeLessThanOrEqual(whole)
  }
  expect(maxAttempts).toBeGreaterThan(1)
})
