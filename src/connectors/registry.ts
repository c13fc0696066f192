import type { ConnectorFixture } from './conformance/fixture.ts'
import type { Connector } from './connector.ts'

export interface Provider {
  connector(): Promise<Connector>
  /** Emulator and examples: for the conformance kit, the tests and the demo. */
  fixture(): Promise<ConnectorFixture>
}

/** The tree's own connectors, loaded when they are needed: some bring a large library along. One line a provider. */
export const providers: Record<string, Provider> = {}

export function provider(
  connector: () => Promise<{ connector: Connector }>,
  fixture: () => Promise<{ fixture: ConnectorFixture }>,
): Provider {
  return {
    connector: async () => (await connector()).connector,
    fixture: async () => (await fixture()).fixture,
  }
}
