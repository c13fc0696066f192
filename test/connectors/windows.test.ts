import { array, assert, boolean, integer, option, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, daysBetween } from '../../src/calendar.ts'
import type { History } from '../../src/connectors/connector.ts'
import {
  backfillAfter,
  backfillWindow,
  firstBackfill,
  incrementalWindows,
  type Window,
} from '../../src/connectors/windows.ts'

const day = integer({ min: 0, max: 20_000 }).map((days) => addDays('2000-01-01', days))
const history = record({
  maxDays: integer({ min: 1, max: 4_000 }),
  windowDays: integer({ min: 1, max: 400 }),
  overlapDays: integer({ min: 0, max: 30 }),
  mutableDays: integer({ min: 0, max: 120 }),
})

test('windows follow each other without a gap or a day twice, none longer than allowed', () => {
  assert(
    property(history, day, option(integer({ min: 0, max: 500 })), (given, today, age) => {
      const last = age === null ? null : addDays(today, -age)
      const windows = incrementalWindows(given, last, today)
      expect(windows.at(-1)!.to).toBe(addDays(today, 1))
      for (const [index, window] of windows.entries()) {
        expect(lengthOf(window)).toBeGreaterThanOrEqual(1)
        expect(lengthOf(window)).toBeLessThanOrEqual(given.windowDays)
        if (index > 0) expect(window.from).toBe(addDays(windows[index - 1]!.to, 1))
      }
    }),
  )
})

test('a first sync and its backfill read every day of the history, and backfill none twice', () => {
  assert(
    property(history, day, (given, today) => {
      const windows = incrementalWindows(given, null, today)
      const backfilled = backfillOf(given, today)
      const oldest = addDays(today, -given.maxDays)
      const read = [...backfilled.toReversed(), ...windows]
      for (const [index, window] of backfilled.entries()) {
        expect(lengthOf(window)).toBeLessThanOrEqual(given.windowDays)
        if (index > 0) expect(window.to).toBe(addDays(backfilled[index - 1]!.from, -1))
      }
      expect(read[0]!.from).toBe(oldest)
      for (const [index, window] of read.entries()) {
        // The seam of both may be read by both; no day lies between two windows.
        if (index > 0) expect(daysBetween(read[index - 1]!.to, window.from)).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('a later sync goes back over what may have changed, and the whole of it once a day', () => {
  assert(
    property(history, day, integer({ min: 0, max: 300 }), (given, today, age) => {
      const last = addDays(today, -age)
      const [first] = incrementalWindows(given, last, today)
      const { overlapDays, mutableDays, maxDays } = given
      const back = age === 0 ? overlapDays : Math.max(overlapDays, mutableDays)
      const oldest = addDays(today, -maxDays)
      const wanted = addDays(last, -back)
      expect(first!.from).toBe(wanted < oldest ? oldest : wanted)
    }),
  )
})

test('a connector that owns its cursor gets one window, and a backfill only where it comes apart', () => {
  assert(
    property(history, boolean(), day, (given, separateBackfill, today) => {
      const { windowDays: _, ...rest } = given
      const owned: History = { ...rest, separateBackfill }
      const [window, ...more] = incrementalWindows(owned, null, today)
      expect(more).toEqual([])
      const oldest = addDays(today, -given.maxDays)
      expect(window).toEqual({ from: separateBackfill ? today : oldest, to: addDays(today, 1) })
      const left = firstBackfill(owned, today)
      expect(left).toEqual(separateBackfill ? { from: oldest, to: today } : null)
      if (left === null) return
      expect(backfillWindow(owned, left)).toEqual(left)
      expect(backfillAfter(left, left)).toBeNull()
    }),
  )
})

test('an interrupted backfill goes on where it was, whatever was done of it', () => {
  assert(
    property(history, day, array(boolean(), { maxLength: 20 }), (given, today, attempts) => {
      let left = firstBackfill(given, today)
      let done: Window | undefined
      for (const succeeds of attempts) {
        if (left === null) break
        const window = backfillWindow(given, left)
        // An attempt that fails leaves what is left as it was: the next one is for the same days.
        expect(backfillWindow(given, left)).toEqual(window)
        if (!succeeds) continue
        if (done) expect(window.to).toBe(addDays(done.from, -1))
        done = window
        left = backfillAfter(left, window)
      }
    }),
  )
})

test('the weeks before a holiday, in windows of ten days', () => {
  const given: History = { maxDays: 365, windowDays: 10, overlapDays: 2, mutableDays: 14 }
  expect(incrementalWindows(given, '2025-12-24', '2025-12-24')).toEqual([
    { from: '2025-12-22', to: '2025-12-25' },
  ])
  expect(incrementalWindows(given, '2025-12-23', '2025-12-24')).toEqual([
    { from: '2025-12-09', to: '2025-12-18' },
    { from: '2025-12-19', to: '2025-12-25' },
  ])
})

function backfillOf(given: History, today: string): Window[] {
  const windows: Window[] = []
  for (let left = firstBackfill(given, today); left !== null; ) {
    const window = backfillWindow(given, left)
    windows.push(window)
    left = backfillAfter(left, window)
  }
  return windows
}

function lengthOf({ from, to }: Window): number {
  return daysBetween(from, to) + 1
}
