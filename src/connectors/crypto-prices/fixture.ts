import type { ConnectorFixture } from '../conformance/fixture.ts'
import { closesUntil, startKrakenPrices } from './emulator.ts'
import { connector } from './index.ts'

const none = 'a feed of prices has no accounts and rows'

export const fixture: ConnectorFixture = {
  connector,
  start(options) {
    const pairs: [string, string][] = [
      ['BTC', 'USD'],
      ['ETH', 'USD'],
      ['SOL', 'EUR'],
    ]
    const emulated = startKrakenPrices({ ...options, pairs, enforced: connector.limits })
    if (options.seeded !== false) {
      for (const [index, [asset, currency]] of pairs.entries()) {
        // More digits than a floating-point number holds.
        for (const [position, day] of closesUntil(options.clock(), 50).entries())
          emulated.world.putPrice({
            asset,
            currency,
            day,
            price: `${1000 * (index + 1) + position}.123456789012345678`,
          })
      }
    }
    return emulated
  },
  lacks: {
    'refused-credentials': 'the prices are public: there are no credentials that could be refused',
    'pending-posted': none,
    removed: none,
    twins: `${none}: one price a day is all there is`,
    balances: none,
  },
}
