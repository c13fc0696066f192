import { addDays } from '../../calendar.ts'
import type { ConformanceCase, ConnectorFixture, EmulatorOptions } from '../conformance/fixture.ts'
import type { World } from '../emulator/world.ts'
import { createEcbEmulator, lastPublishedDay } from './emulator.ts'
import { connector } from './index.ts'

const noRows = 'the rates are prices: there are no accounts, and so no transactions'

export const fixture = {
  connector,
  start(options: EmulatorOptions) {
    const provider = createEcbEmulator(options)
    if (options.seeded ?? true) seed(provider.world, lastPublishedDay(options.clock()))
    return provider
  },
  lacks: {
    'page-size': 'a file comes whole, whatever the size of a page',
    'refused-credentials': 'the files are public, so there are no credentials to refuse',
    'pending-posted': noRows,
    removed: noRows,
    'duplicate-ids': noRows,
    twins: noRows,
    balances: noRows,
  } satisfies Partial<Record<ConformanceCase, string>>,
} satisfies ConnectorFixture

/** Rates on the last day of the world and of the working days before it. */
function seed(world: World, last: string): void {
  const base = { USD: 10_800, JPY: 1_630_000, GBP: 8_500, CHF: 9_600, PLN: 43_000 }
  for (let day = last, working = 0; working < 150; day = addDays(day, -1)) {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
    if (weekday === 0 || weekday === 6) continue
    working++
    for (const [currency, tenThousandths] of Object.entries(base)) {
      const rate = tenThousandths + ((working * 37) % 211)
      const price = `${Math.floor(rate / 10_000)}.${String(rate % 10_000).padStart(4, '0')}`
      world.putPrice({ asset: 'EUR', currency, day, price })
    }
  }
}
