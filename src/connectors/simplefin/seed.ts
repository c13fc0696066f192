import type { World } from '../emulator/world.ts'

/** Accounts in dollars and in miles, with rows of the last 50 days, the last of them pending. */
export function seed(world: World, now: Date): void {
  const at = (daysAgo: number, time: string) =>
    `${new Date(now.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10)}T${time}Z`
  world.openAccount({ id: 'ACT-checking', name: 'Everyday Checking', kind: 'checking', asset: 'USD' })
  world.openAccount({ id: 'ACT-savings', name: 'Savings', kind: 'savings', asset: 'USD' })
  world.openAccount({ id: 'ACT-card', name: 'Travel Card', kind: 'card', asset: 'USD' })
  world.openAccount({ id: 'ACT-miles', name: 'Air Miles', kind: 'other', asset: 'air-miles' })
  world.setOpening('ACT-checking', 'USD', '1840.27')
  world.setOpening('ACT-savings', 'USD', '12500')
  world.setOpening('ACT-card', 'USD', '-212.4')
  world.setOpening('ACT-miles', 'air-miles', '48000')

  for (let week = 1; week <= 7; week++) {
    const daysAgo = week * 7
    const put = (
      account: string,
      id: string,
      ago: number,
      time: string,
      amount: string,
      description: string,
    ) => world.put({ account, id: `${id}-${week}`, occurredAt: at(ago, time), amount, description })
    put('ACT-checking', 'groceries', daysAgo, '17:42:10', `-${80 + week}.${10 + week}`, 'Corner Market')
    put('ACT-checking', 'transit', daysAgo - 1, '06:58:31', '-2.75', 'City Transit')
    put('ACT-card', 'dinner', daysAgo - 2, '23:10:05', `-${30 + week * 3}.40`, 'Noodle House')
    put('ACT-card', 'books', daysAgo - 3, '12:00:00', `-${12 + week}.99`, 'Paper & Ink')
    put('ACT-miles', 'flight', daysAgo - 2, '00:00:00', String(250 * week), 'Miles of a flight')
    if (week % 2 === 0) put('ACT-checking', 'salary', daysAgo - 4, '13:00:02', '2310.55', 'Payroll')
    if (week % 2 === 0) put('ACT-savings', 'saved', daysAgo - 5, '12:00:00', '300', 'From checking')
    if (week % 4 === 0) put('ACT-savings', 'interest', daysAgo - 3, '12:00:00', '4.17', 'Interest')
  }
  // Two coffees, alike in everything but their ids.
  for (const id of ['coffee-a', 'coffee-b'])
    world.put({
      account: 'ACT-card',
      id,
      occurredAt: at(9, '15:20:00'),
      amount: '-4.5',
      description: 'Coffee',
      counterparty: 'Blue Door Coffee',
    })
  world.put({
    account: 'ACT-card',
    id: 'hotel-hold',
    occurredAt: at(2, '20:31:44'),
    amount: '-189',
    status: 'pending',
    description: 'Hotel',
  })
}
