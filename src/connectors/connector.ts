import type { z } from 'zod'
import type { Delete, Page, PageAccount, PriceQuote, Upsert, WindowComplete } from '../page.ts'
import type { HttpClient } from './http-client.ts'
import type { JsonValue } from './json.ts'

/** At most `max` requests in `per` milliseconds. */
export interface Limit {
  /** What is counted together: everything Tidemark asks of the provider, one connection, or one account of it. */
  scope: 'client' | 'connection' | 'account'
  max: number
  /** Milliseconds. */
  per: number
  /** `sliding`: in any stretch of that length. `fixed`: in each one counted from midnight UTC. */
  kind: 'sliding' | 'fixed'
}

/** What the provider keeps, and how it is asked for it. All in days. */
export interface History {
  /** How far back the provider's history, or what is wanted of it, goes. */
  maxDays: number
  /**
   * The longest range that one request may ask for. With it the scheduler steps through time: each `pull` is for one
   * window of at most so many days, and its cursor lives no longer than the window. Without it the connector owns its
   * cursor, which lives from one sync to the next.
   */
  windowDays?: number
  /** Read again on every sync, before the day of the last one: rows that arrive late. */
  overlapDays: number
  /** Rows may still change so long after their day; the first sync of a day reads them all again. */
  mutableDays: number
  /**
   * For connectors that own their cursor: the first incremental pull begins today, and what was before comes by pulls
   * in mode `backfill`, which have a cursor of their own. Where it is not set, the cursor itself brings the history.
   */
  separateBackfill?: boolean
}

/** How often a source is asked. Without one: by how active its owner is, early in the morning of their time zone. */
export type Schedule =
  | { everyMinutes: number }
  /** `at`: HH:MM in `timeZone`, and not before it: the hour at which the provider has the day's data. */
  | { dailyAt: string; timeZone: string }

export interface PullRequest {
  /** `hint`: as incremental, because the provider told that there is something new. */
  mode: 'backfill' | 'incremental' | 'hint'
  /** That of the last page group which was stored, or null. Anything may stand in it after a change of versions. */
  cursor: JsonValue
  /** Days, both included (UTC; the last one may be tomorrow). Connectors that own their cursor may read more. */
  window: { from: string; to: string }
}

export interface SyncPage extends Omit<Page, 'changes'> {
  changes: (Upsert | Delete | WindowComplete)[]
  prices?: PriceQuote[]
  /** What of the answer could not be used. The rest is stored, and the fetch becomes a dead letter to run again. */
  problems?: PageProblem[]
  /** Where to go on behind this page; stored only with the end of a page group. */
  cursor: JsonValue
  /** True where everything up to here is consistent in itself, so that a later pull can go on from `cursor`. */
  groupEnd: boolean
}

export interface PageProblem {
  /** `externalId` of the account it concerns, where it is only one. */
  account?: string
  /** A sentence without secrets: it is stored and shown. */
  message: string
  /** It is one row of the answer: where that are most of a page, the page is refused as a whole. */
  row?: boolean
}

export interface ConnectorContext<Credentials = unknown, Config = unknown, Settings = unknown> {
  credentials: Credentials
  config: Config
  /** What the platform configured for the connector: keys of its own account with the provider. */
  settings: Settings
  http: HttpClient
  clock: () => Date
  signal: AbortSignal
  /** IANA name of the owner's time zone; UTC on a platform-wide connection. */
  timeZone: string
  log: ConnectorLog
  /** Keeps credentials that the provider exchanged (a rotated token): from then on `credentials` is them. */
  saveCredentials(credentials: Credentials): Promise<void>
}

/** What is logged never carries credentials or URLs with them. */
export interface ConnectorLog {
  debug(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface CheckResult<Credentials> {
  /** What to keep in place of the credentials that were given (a claimed access URL for a setup token). */
  credentials?: Credentials
  /** How the connection may be called, e.g. the institution's name. */
  name?: string
  /** The provider's identity of the connection, by which its webhooks name it. */
  externalId?: string
}

/** One of many connections that go into one request. */
export interface BatchItem<Credentials = unknown, Config = unknown> {
  credentials: Credentials
  config: Config
  timeZone: string
  request: PullRequest
}

export type BatchContext<Settings = unknown> = Omit<
  ConnectorContext<unknown, unknown, Settings>,
  'credentials' | 'config' | 'timeZone' | 'saveCredentials'
>

/** A page of the batch's item at `index`, or why this item alone failed. */
export type BatchPage = { index: number } & ({ page: SyncPage } | { error: unknown })

/** A notification as it arrived. Header names are lower case. */
export interface WebhookRequest {
  headers: Record<string, string>
  body: Uint8Array
}

/** What a verified notification says; it only leads to a sync. */
export interface WebhookHint {
  /** The provider's identity of the event, or one made of its content: the same event arrives more than once. */
  eventId: string
  /** As in `CheckResult.externalId`. */
  connection: string
  /**
   * `sync`: there is something new. `reauth`, `revoked`: the owner has to act. `repaired`: the owner signed in again,
   * here or elsewhere. `warning`: the owner will have to act soon, and syncs go on until then.
   */
  kind: 'sync' | 'reauth' | 'revoked' | 'repaired' | 'warning'
  /** What the owner is told, in a sentence without secrets; one for the kind where it is not said. */
  message?: string
}

export interface Webhook<Settings = unknown> {
  /** Throws a RefusedError unless the provider itself sent this, lately. */
  verify(request: WebhookRequest, context: WebhookContext<Settings>): Promise<void>
  /** Only called for a verified request. */
  hints(request: WebhookRequest): WebhookHint[]
}

export interface WebhookContext<Settings = unknown> {
  settings: Settings
  http: HttpClient
  clock: () => Date
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds connectors of every type of credentials
export interface Connector<Credentials = any, Config = any, Settings = any> {
  /** Lower case letters, digits and hyphens; never changes. */
  id: string
  title: string
  /** What the owner does to connect, in a sentence. */
  auth: string
  credentials: z.ZodType<Credentials>
  config: z.ZodType<Config>
  /** Of the platform, the same for every connection; from the file that TIDEMARK_CONNECTOR_SETTINGS names. */
  settings?: z.ZodType<Settings>
  limits: Limit[]
  history: History
  schedule?: Schedule
  /** `platform`: one connection carries many users' rows, or prices, which are everybody's. */
  scope: 'user' | 'platform'
  /** Where one request can ask for many users' connections: how many, and how. */
  batchMax?: number
  pullBatch?(
    items: BatchItem<Credentials, Config>[],
    context: BatchContext<Settings>,
  ): AsyncIterable<BatchPage>
  /** Tries the credentials. Throws a typed error (ReauthError for wrong ones). */
  check(context: ConnectorContext<Credentials, Config, Settings>): Promise<CheckResult<Credentials>>
  accounts(context: ConnectorContext<Credentials, Config, Settings>): Promise<PageAccount[]>
  pull(
    context: ConnectorContext<Credentials, Config, Settings>,
    request: PullRequest,
  ): AsyncIterable<SyncPage>
  webhook?: Webhook<Settings>
}

/** Gives the parts of a connector their types, and refuses a manifest that contradicts itself (a TypeError). */
export function defineConnector<Credentials, Config, Settings = undefined>(
  connector: Connector<Credentials, Config, Settings>,
): Connector<Credentials, Config, Settings> {
  const { id, limits, history, batchMax, pullBatch } = connector
  const refuse = (reason: string) => {
    throw new TypeError(`connector ${id}: ${reason}`)
  }
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(id))
    refuse('the id must be 2 to 40 lower case letters, digits and hyphens')
  for (const { max, per } of limits) {
    if (!Number.isInteger(max) || max < 1 || !Number.isInteger(per) || per < 1)
      refuse('a limit needs max >= 1 requests per >= 1 milliseconds')
  }
  const { maxDays, windowDays, overlapDays, mutableDays, separateBackfill } = history
  if (maxDays < 1 || overlapDays < 0 || mutableDays < 0 || (windowDays ?? 1) < 1)
    refuse('history is told in days, maxDays and windowDays being at least 1')
  if (windowDays !== undefined && separateBackfill !== undefined)
    refuse('windowDays backfills by windows already: leave separateBackfill out')
  if ((batchMax === undefined) !== (pullBatch === undefined)) refuse('batchMax and pullBatch go together')
  return connector
}
