import type { Connector, ConnectorContext } from '../connectors/connector.ts'
import { ConnectorBugError, RateLimitedError, TransientError } from '../connectors/errors.ts'
import { createHttpClient, requestTimeout } from '../connectors/http-client.ts'
import type { JsonValue } from '../connectors/json.ts'
import type { Window } from '../connectors/windows.ts'
import type { Claim } from '../db/claims.ts'
import { openCredentials, writeCredentials } from '../db/credentials.ts'
import { type ClaimedSource, readClaimedSource } from '../db/sources.ts'
import { type FetchRequest, isLeaseLost } from '../db/sync-pages.ts'
import { redact } from '../redact.ts'
import { createGate, type SyncGate } from './gate.ts'
import type { Scheduler } from './scheduler.ts'
import { type Failure, judge, sameFetch } from './sync-end.ts'
import type { SyncCounts, SyncRun } from './sync-run.ts'

/** One claim while it is worked on. */
export interface Sync {
  scheduler: Scheduler
  connector: Connector
  claim: Claim
  gate: SyncGate
  source: ClaimedSource
  startedAt: Date
  run?: SyncRun
  /** The window that the head has come to, where it goes window by window. */
  reached?: { window: Window; cursor: JsonValue }
  /** The provider failed, and not this source of it. */
  providerFailed: boolean
  /** What no message may tell: credentials and settings, once they are opened. */
  secrets: unknown[]
  counts: SyncCounts
  onPage: (counts: SyncCounts) => void
}

export async function openSync(
  scheduler: Scheduler,
  claim: Claim,
  onPage: (counts: SyncCounts) => void = () => {},
): Promise<Sync> {
  const startedAt = scheduler.clock()
  const connector = await scheduler.connectors.get(claim.connector)
  const source = await readClaimedSource(scheduler.db.sql, claim)
  return {
    scheduler,
    connector,
    claim,
    gate: createGate(scheduler, connector, claim),
    source,
    startedAt,
    providerFailed: false,
    secrets: [],
    counts: { pages: 0, added: 0, changed: 0, unchanged: 0, removed: 0 },
    onPage,
  }
}

/** Opens what the connector works with, once a sync. Credentials or settings that are not what it expects are its owner's matter. */
export async function openRun(sync: Sync): Promise<SyncRun> {
  sync.run ??= await open(sync)
  return sync.run
}

async function open(sync: Sync): Promise<SyncRun> {
  const { scheduler, connector, claim, gate, source } = sync
  const opened = openCredentials(scheduler.keyring, claim.sourceId, source.sealedCredentials)
  const settings = await scheduler.connectors.settings(connector.id)
  sync.secrets.push(opened, settings)
  const credentials = connector.credentials.safeParse(opened ?? {})
  const config = connector.config.safeParse(source.config)
  if (!credentials.success)
    throw new ConnectorBugError('the stored credentials are not what the connector takes')
  if (!config.success) throw new ConnectorBugError('the stored configuration is not what the connector takes')
  const { clock, abandoned } = scheduler
  const context: ConnectorContext = {
    credentials: credentials.data,
    config: config.data,
    settings,
    http: createHttpClient({
      fetch: scheduler.fetch,
      gate,
      clock,
      signal: abandoned,
      timeout: scheduler.requestTimeout ?? requestTimeout,
    }),
    clock,
    signal: abandoned,
    timeZone: source.timeZone,
    log: {
      debug: (details, message) => scheduler.log.debug(redact(details, sync.secrets), message),
      warn: (details, message) => scheduler.log.warn(redact(details, sync.secrets), message),
    },
    async saveCredentials(renewed) {
      sync.secrets.push(renewed)
      const { db, keyring } = scheduler
      await writeCredentials(db.sql, keyring, claim.sourceId, renewed as object, claim.leaseToken)
      context.credentials = renewed
    },
  }
  return Object.assign(sync, { context })
}

/** What an error of the sync leads to; pauses the provider's scope where it refused. */
export async function judgeFailure(sync: Sync, error: unknown, failures: number): Promise<Failure> {
  const { scheduler, gate, claim } = sync
  if (isLeaseLost(error)) throw error
  sync.providerFailed = error instanceof TransientError
  // The process stops: the source goes on where it was, with whoever takes it next.
  if (scheduler.signal.aborted && (scheduler.abandoned.aborted || (error as Error).name === 'AbortError'))
    return { kind: 'later', at: claim.dueAt, message: undefined }
  if (error instanceof RateLimitedError && gate.pausedUntil() === undefined)
    await gate.pause(error.retryAt, error.scope)
  const failure = judge(error, {
    failures,
    now: scheduler.clock(),
    pausedUntil: gate.pausedUntil(),
    random: scheduler.random,
    secrets: sync.secrets,
  })
  scheduler.log.warn(
    { source: claim.sourceId, connector: claim.connector, err: redact(error, sync.secrets) },
    `sync: ${failure.kind}`,
  )
  return failure
}

export function letterOf(
  request: FetchRequest,
  failure: { code: string; message: string },
  attempts: number,
) {
  return { request, code: failure.code, error: failure.message, attempts, sameAs: sameFetch(request) }
}
