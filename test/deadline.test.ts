import { expect, test } from 'vitest'
import { withDeadline, withPausedDeadline } from '../src/deadline.ts'
import { BusyError } from '../src/errors.ts'

/** Longer than the deadlines below. */
const wait = () => withDeadline(60, () => new Promise<never>(() => {})).catch(() => 'waited')

test('work that does not end is given up', async () => {
  await expect(withPausedDeadline(5, wait)).rejects.toThrow(BusyError)
})

test('what runs apart is not counted, also several at once, and what comes behind it is', async () => {
  expect(await withPausedDeadline(5, (apart) => apart(wait))).toBe('waited')
  const both = withPausedDeadline(5, async (apart) => {
    await Promise.all([apart(wait), apart(async () => 'at once')])
    return 'both'
  })
  expect(await both).toBe('both')
  const counted = withPausedDeadline(5, async (apart) => {
    await apart(async () => 'at once')
    return wait()
  })
  await expect(counted).rejects.toThrow(BusyError)
  const refused = withPausedDeadline(5, async (apart) => {
    await apart(() => Promise.reject(new Error('away'))).catch(() => {})
    return wait()
  })
  await expect(refused).rejects.toThrow(BusyError)
})
