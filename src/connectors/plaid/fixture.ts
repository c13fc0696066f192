import { addDays } from '../../calendar.ts'
import type { ConnectorFixture } from '../conformance/fixture.ts'
import type { World } from '../emulator/world.ts'
import { createEmulator } from './emulator.ts'
import { connector } from './index.ts'

export const fixture = {
  connector,
  start(options) {
    const provider = createEmulator(options)
    if (options.seeded ?? true) seed(provider.world, options.clock().toISOString().slice(0, 10))
    return provider
  },
} satisfies ConnectorFixture

/** Fifty days of a household up to the day before `today`, and what is pending on that day. */
function seed(world: World, today: string): void {
  world.openAccount({ id: 'checking', name: 'Everyday Checking', kind: 'checking', asset: 'USD' })
  world.openAccount({ id: 'savings', name: 'Savings', kind: 'savings', asset: 'USD' })
  world.openAccount({ id: 'card', name: 'Rewards Card', kind: 'card', asset: 'USD' })
  world.openAccount({ id: 'student', name: 'Student Loan', kind: 'loan', asset: 'USD' })
  world.openAccount({ id: 'travel', name: 'Travel Account', kind: 'checking', asset: 'EUR' })
  world.setOpening('checking', 'USD', '2400.18')
  world.setOpening('savings', 'USD', '8000')
  world.setOpening('student', 'USD', '-11250.5')
  world.setOpening('travel', 'EUR', '310.44')

  let ids = 0
  const add = (
    account: string,
    daysAgo: number,
    amount: string,
    kind: string,
    counterparty: string,
    more = {},
  ) =>
    world.put({
      account,
      id: `tx${String(++ids).padStart(4, '0')}`,
      occurredAt: `${addDays(today, -daysAgo)}T${String(8 + (ids % 12)).padStart(2, '0')}:15:30Z`,
      amount,
      kind,
      counterparty,
      description: counterparty.toUpperCase(),
      ...more,
    })
  for (let daysAgo = 50; daysAgo >= 1; daysAgo--) {
    if (daysAgo % 14 === 2) add('checking', daysAgo, '1873.29', 'deposit', 'Acme Payroll')
    if (daysAgo % 30 === 9) add('checking', daysAgo, '-985', 'payment', 'Elm Street Rentals')
    if (daysAgo % 30 === 5) {
      add('checking', daysAgo, '-412.67', 'transfer', 'Card Services')
      add('card', daysAgo, '412.67', 'transfer', 'Payment received')
    }
    if (daysAgo % 30 === 12) {
      add('checking', daysAgo, '-133.08', 'payment', 'Loan Servicing')
      add('student', daysAgo, '133.08', 'payment', 'Payment received')
    }
    if (daysAgo % 30 === 20) add('savings', daysAgo, '7.41', 'interest', 'Interest')
    if (daysAgo % 30 === 21) add('checking', daysAgo, '-3.5', 'fee', 'Account fee')
    if (daysAgo % 2 === 0)
      add('card', daysAgo, `-${8 + (daysAgo % 37)}.${10 + daysAgo}`, 'card', 'Corner Market')
    if (daysAgo % 10 === 4) add('travel', daysAgo, `-${12 + daysAgo}.05`, 'card', 'Café du Port')
  }
  // Two coffees, alike in everything.
  const coffee = { occurredAt: `${addDays(today, -6)}T07:40:00Z` }
  for (let cup = 0; cup < 2; cup++) add('card', 6, '-4.25', 'card', 'Blue Kettle', coffee)
  add('card', 0, '-61.9', 'card', 'Fuel Stop', { status: 'pending', occurredAt: `${today}T06:05:00Z` })
}
