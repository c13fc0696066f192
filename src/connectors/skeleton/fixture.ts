import type { ConnectorFixture, World } from '../connector-kit.ts'
import { startEmulator } from './emulator.ts'
import { connector } from './index.ts'

/** What the conformance kit and the tests start. `lacks` would name cases that the protocol cannot bring about. */
export const fixture: ConnectorFixture = {
  connector,
  start(options) {
    const emulated = startEmulator(connector, options)
    if (options.seeded !== false) seed(emulated.world, options.clock())
    return emulated
  },
}

/** A small history up to today: positive amounts go into the account, whatever the provider's own signs are. */
function seed(world: World, now: Date): void {
  const daysAgo = (days: number, hour = 9) => {
    const day = new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10)
    return `${day}T${String(hour).padStart(2, '0')}:00:00.000Z`
  }
  world.openAccount({ id: 'current-1', name: 'Current account', kind: 'checking', asset: 'EUR' })
  world.openAccount({ id: 'savings-1', name: 'Rainy days', kind: 'savings', asset: 'EUR' })
  world.openAccount({ id: 'credit-1', name: 'Credit card', kind: 'card', asset: 'EUR' })
  world.setOpening('current-1', 'EUR', '1250.40')

  for (let days = 50; days > 0; days -= 2) {
    const amount = `-${12 + (days % 7)}.${String(days).padStart(2, '0')}`
    world.put({
      account: 'credit-1',
      id: `c-${days}`,
      occurredAt: daysAgo(days, 18),
      amount,
      description: 'Groceries',
      counterparty: 'Corner Shop',
    })
  }
  for (const days of [45, 15]) {
    world.put({
      account: 'current-1',
      id: `p-${days}`,
      occurredAt: daysAgo(days),
      amount: '2800',
      description: 'Salary',
    })
    world.put({ account: 'current-1', id: `s-${days}`, occurredAt: daysAgo(days - 1), amount: '-300' })
    world.put({ account: 'savings-1', id: `r-${days}`, occurredAt: daysAgo(days - 1), amount: '300' })
  }
  for (let days = 48; days > 0; days -= 5)
    world.put({
      account: 'current-1',
      id: `f-${days}`,
      occurredAt: daysAgo(days, 7),
      amount: '-8.9',
      description: 'Train',
    })

  // Two coffees on one morning: identical but for their ids, and both are real.
  for (const id of ['k-1', 'k-2'])
    world.put({ account: 'credit-1', id, occurredAt: daysAgo(6, 8), amount: '-3.2', description: 'Coffee' })
  world.put({ account: 'credit-1', id: 'h-1', occurredAt: daysAgo(1, 20), amount: '-64', status: 'pending' })
}
