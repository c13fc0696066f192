import type { ConnectorFixture } from './conformance/fixture.ts'
import type { Connector } from './connector.ts'

export interface Provider {
  connector(): Promise<Connector>
  /** Emulator and examples: for the conformance kit, the tests and the demo. */
  fixture(): Promise<ConnectorFixture>
}

/** The tree's own connectors, loaded when they are needed: some bring a large library along. One line a provider. */
// biome-ignore format: one line a provider
export const providers: Record<string, Provider> = {
  'crypto-prices': provider(
    () => import('./crypto-prices/index.ts'),
    () => import('./crypto-prices/fixture.ts'),
  ),
  ecb: provider(() => import('./ecb/index.ts'), () => import('./ecb/fixture.ts')),
  exchange: provider(() => import('./exchange/index.ts'), () => import('./exchange/fixture.ts')),
  plaid: provider(() => import('./plaid/index.ts'), () => import('./plaid/fixture.ts')),
  simplefin: provider(() => import('./simplefin/index.ts'), () => import('./simplefin/fixture.ts')),
  vendor: provider(() => import('./vendor/index.ts'), () => import('./vendor/fixture.ts')),
}

export function provider(
  connector: () => Promise<{ connector: Connector }>,
  fixture: () => Promise<{ fixture: ConnectorFixture }>,
): Provider {
  return {
    connector: async () => (await connector()).connector,
    fixture: async () => (await fixture()).fixture,
  }
}
