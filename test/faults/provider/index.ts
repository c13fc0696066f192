import { sampleConnector } from '../../setup/sample-connector.ts'

/** The connector of ../bank.ts, for processes that load it by TIDEMARK_CONNECTORS. */
export const connector = sampleConnector({
  id: 'faults',
  limits: [{ scope: 'client', max: 20, per: 2_000, kind: 'sliding' }],
})
