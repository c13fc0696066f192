/**
 * What connectors outside the tree build on, as `tidemark/connector`: this is the whole of it, and what is not here
 * may change at any time.
 */
export {
  addDays,
  dayInZone,
  dayOf,
  daysBetween,
  daysInMonth,
  firstDay,
  isDay,
  isTimeZone,
  lastDay,
} from '../calendar.ts'
export { negate, parseDecimal } from '../decimal.ts'
export { RefusedError } from '../errors.ts'
export {
  type AccountKind,
  accountKinds,
  type Delete,
  type PageAccount,
  type PriceQuote,
  type ReportedBalance,
  type TransactionStatus,
  transactionStatuses,
  type Upsert,
  type WindowComplete,
} from '../page.ts'
export {
  type ConformanceCase,
  type ConnectorFixture,
  conformanceCases,
  type EmulatedProvider,
  type EmulatorOptions,
} from './conformance/fixture.ts'
export {
  type BatchContext,
  type BatchItem,
  type BatchPage,
  type CheckResult,
  type Connector,
  type ConnectorContext,
  type ConnectorLog,
  defineConnector,
  type History,
  type Limit,
  type PageProblem,
  type PullRequest,
  type Schedule,
  type SyncPage,
  type Webhook,
  type WebhookContext,
  type WebhookHint,
  type WebhookRequest,
} from './connector.ts'
export { createFaults, type Faults, type TransportFault } from './emulator/faults.ts'
export { type ListeningEmulator, listen } from './emulator/listen.ts'
export { type CountedRequest, countTraffic, type Traffic } from './emulator/traffic.ts'
export {
  createWorld,
  type World,
  type WorldAccount,
  type WorldEvent,
  type WorldRow,
} from './emulator/world.ts'
export {
  ConnectorBugError,
  ConnectorError,
  PaymentError,
  RateLimitedError,
  ReauthError,
  RestartError,
  RevokedError,
  TransientError,
} from './errors.ts'
export { errorOf, type HttpClient, type HttpRequest, type HttpResponse } from './http-client.ts'
export { decimalOfNumber, type JsonValue, parseExactJson } from './json.ts'
export { retryAfter } from './retry-after.ts'
export type { Window } from './windows.ts'
