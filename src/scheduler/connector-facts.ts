import type { Connectors } from '../connectors/load.ts'
import type { ConnectorFacts } from '../db/policies/checks.ts'

const day = 86_400_000

/** What the registered connectors need of the policies. */
export async function connectorFacts(connectors: Pick<Connectors, 'ids' | 'get'>): Promise<ConnectorFacts> {
  const all = await Promise.all(connectors.ids().map((id) => connectors.get(id)))
  const longest = (daysOf: (connector: (typeof all)[number]) => number) =>
    all
      .map((connector) => ({ connector: connector.id, days: daysOf(connector) }))
      .reduce((most, each) => (each.days > most.days ? each : most), { connector: '', days: 0 })
  const mutable = longest(({ history }) => history.mutableDays)
  const budget = longest(({ limits }) => Math.max(0, ...limits.map(({ per }) => Math.ceil(per / day))))
  return { ...(mutable.days > 0 && { mutable }), ...(budget.days > 0 && { budget }) }
}
