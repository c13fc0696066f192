import { backoff, maxAttempts } from '../connectors/backoff.ts'
import { PaymentError, RateLimitedError, ReauthError, RevokedError } from '../connectors/errors.ts'
import type { FetchRequest, SyncEnd } from '../db/sync-pages.ts'
import { ArchiveSettingsError, ArchiveUnavailableError, TidemarkError } from '../errors.ts'
import { redact } from '../redact.ts'
import { NoSlotError } from './gate.ts'

/** What a failure leads to: when to try again, or what has to happen first. */
export type Failure =
  /** Not the source's fault, and not counted: the budget, a pause, or the process stops. */
  | { kind: 'later'; at: Date; message: string | undefined }
  | { kind: 'retry'; at: Date; message: string; code: string }
  | { kind: 'dead'; message: string; code: string }
  | { kind: 'owner'; status: NonNullable<SyncEnd['status']>; message: string; code: string }

/**
 * The one place where it is decided whether and when something is tried again. `failures`: how many there were in a
 * row before this one. `pausedUntil`: the end of the pause that the sync met.
 */
export function judge(
  error: unknown,
  {
    failures,
    now,
    pausedUntil,
    random,
    secrets,
  }: { failures: number; now: Date; pausedUntil: Date | undefined; random: () => number; secrets: unknown },
): Failure {
  if (error instanceof NoSlotError) return { kind: 'later', at: error.retryAt, message: undefined }
  if (error instanceof RateLimitedError) {
    const at = pausedUntil ?? error.retryAt ?? new Date(now.getTime() + backoff(1, random))
    return { kind: 'later', at, message: messageOf(error, secrets) }
  }
  const code = error instanceof TidemarkError ? error.code : 'internal'
  const message = messageOf(error, secrets)
  if (error instanceof ReauthError) return { kind: 'owner', status: 'reauth', message, code }
  if (error instanceof RevokedError) return { kind: 'owner', status: 'revoked', message, code }
  if (error instanceof PaymentError) return { kind: 'owner', status: 'payment', message, code }
  if (failures + 1 >= maxAttempts && !isArchiveAway(error)) return { kind: 'dead', message, code }
  return { kind: 'retry', at: new Date(now.getTime() + backoff(failures + 1, random)), message, code }
}

/** No fault of the fetch, which would meet the same in every other window: it waits until the archive can be reached. */
function isArchiveAway(error: unknown): boolean {
  return error instanceof ArchiveUnavailableError || error instanceof ArchiveSettingsError
}

/** What may be stored and shown: sentences of our own; of anything else its class alone, the rest is in the log. */
function messageOf(error: unknown, secrets: unknown): string {
  if (error instanceof TidemarkError) return redact(error.message, secrets) as string
  return `internal error (${error instanceof Error ? error.name : typeof error}); the log says more`
}

/** What makes two failed fetches the same: the head of a source has one letter, each window of its history its own. */
export function sameFetch(request: FetchRequest): string[] {
  return request.mode === 'backfill'
    ? ['fetch', 'backfill', request.window.from, request.window.to, JSON.stringify(request.cursor)]
    : ['fetch', 'incremental']
}
