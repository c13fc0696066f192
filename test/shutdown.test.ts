import { expect, test } from 'vitest'
import { createShutdown } from '../src/shutdown.ts'

test('stops run once, the last registered first, and all of them', async () => {
  const shutdown = createShutdown()
  const ran: string[] = []
  shutdown.register(async () => void ran.push('first'))
  shutdown.register(() => Promise.reject(new Error('does not stop')))
  shutdown.register(async () => void ran.push('last'))
  await expect(shutdown.stop()).rejects.toThrow('does not stop')
  expect(ran).toEqual(['last', 'first'])
  expect(shutdown.signal.aborted).toBe(true)
})

test('what is opened behind the end is stopped at once', async () => {
  const shutdown = createShutdown()
  await shutdown.stop()
  const ran: string[] = []
  shutdown.register(async () => void ran.push('late'))
  await shutdown.stop()
  expect(ran).toEqual(['late'])
})
