import type { BatchContext, Connector, ConnectorContext, PullRequest, SyncPage } from '../connector.ts'
import { ConnectorBugError } from '../errors.ts'
import type { StoredSource } from './drive.ts'

/** Asks the connector for the pages of one source. */
export type PullPages = (source: StoredSource, request: PullRequest) => AsyncIterable<SyncPage>

/** One source by itself. */
export function pullAlone(
  connector: Connector,
  contextOf: (source: StoredSource) => ConnectorContext,
): PullPages {
  return (source, request) => connector.pull(contextOf(source), request)
}

/** The source as the second of a batch of two, the first of which reads from the start: each gets its own pages. */
export function pullInBatch(
  connector: Connector,
  contextOf: (source: StoredSource) => ConnectorContext,
): PullPages {
  return async function* (source, request) {
    const context: BatchContext = contextOf(source)
    const item = { ...contextOf(source), request }
    const other = { ...item, request: { ...request, cursor: null } }
    const items = connector.batchMax! > 1 ? [other, item] : [item]
    const mine = items.length - 1
    for await (const said of connector.pullBatch!(items, context)) {
      if (items[said.index] === undefined)
        throw new ConnectorBugError(`a page names item ${said.index} of a batch of ${items.length}`)
      if (said.index !== mine) continue
      if ('error' in said) throw said.error
      yield said.page
    }
  }
}
