import { addDays } from '../../calendar.ts'
import type { ConnectorFixture } from '../conformance/fixture.ts'
import type { World } from '../emulator/world.ts'
import { createVendorEmulator, type VendorEmulatorOptions } from './emulator.ts'
import { connector } from './index.ts'

export const fixture = {
  connector,
  start(options: VendorEmulatorOptions) {
    const provider = createVendorEmulator(options)
    if (options.seeded ?? true) seed(provider.world, options.clock())
    return provider
  },
  lacks: {
    'pending-posted':
      'the API lists no pending transactions; a requested payout stays one when it is paid out',
    removed:
      'the API tells no deletions, and each page is a group of its own, so that no day of an account is ever read whole',
    edited:
      'the API lists by the time of creation and tells no changes: one is followed while its day is read again, which is up to the next day, and not longer',
    balances: 'the API reports no balances',
  },
} satisfies ConnectorFixture

/** Four users over fifty days, up to the hours before now. */
function seed(world: World, now: Date): void {
  const users = ['u-1001', 'u-1002', 'u-1003', 'u-1004']
  for (const id of users)
    world.openAccount({ id, name: 'Vendor balance', kind: 'wallet', asset: 'USD', owner: id })
  const today = now.toISOString().slice(0, 10)
  for (let day = 50; day >= 1; day--) {
    const account = users[day % users.length]!
    const on = addDays(today, -day)
    const cents = String((day * 37) % 60).padStart(2, '0')
    world.put({
      account,
      id: `e-${day}`,
      occurredAt: `${on}T08:${cents}:00.000Z`,
      amount: `${20 + day}.${cents}`,
      kind: 'earned',
    })
    if (day % 3 === 0)
      world.put({
        account,
        id: `s-${day}`,
        occurredAt: `${on}T19:30:00.250Z`,
        amount: `-${day}.05`,
        kind: 'spent',
      })
    if (day % 10 === 0) {
      const [request, payment] = [`q-${day}`, `p-${day}`]
      world.put({
        account,
        id: request,
        occurredAt: `${on}T21:00:00.000Z`,
        amount: '15',
        kind: 'payout',
        status: 'requested',
      })
      world.put({
        account,
        id: payment,
        occurredAt: `${addDays(on, 1)}T02:00:00.000Z`,
        amount: '-15',
        kind: 'paid_out',
      })
    }
  }
  for (const id of ['twin-a', 'twin-b'])
    world.put({
      account: users[0]!,
      id,
      occurredAt: `${addDays(today, -2)}T12:00:00.000Z`,
      amount: '-4.5',
      kind: 'spent',
    })
}
