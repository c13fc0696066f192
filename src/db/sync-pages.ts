import { createHash } from 'node:crypto'
import type { Page, PriceQuote } from '../page.ts'
import { retryWrite } from './archived-places.ts'
import type { Claim } from './claims.ts'
import { retryOnContention, type Sql, sqlState } from './client.ts'
import { jsonbText } from './jsonb-text.ts'
import { type EncodablePage, encodePage } from './page-encoding.ts'

/** JSON as it is stored; opaque here. */
export type Json = unknown

/** What a dead letter needs to run its fetch again. */
export interface FetchRequest {
  mode: 'backfill' | 'incremental'
  window: { from: string; to: string }
  cursor: Json
}

export interface DeadLetterDraft {
  request: FetchRequest
  code: string
  error: string
  attempts?: number
  /** What makes this failure the same as another one. */
  sameAs: string[]
}

export interface StorablePage extends Page {
  completed: NonNullable<EncodablePage['completed']>
  prices: PriceQuote[]
}

export interface PageProgress {
  subject: string
  startedAt: Date
  /** Counts the pages of the run from 1. */
  page: number
  groupEnd: boolean
  backfill: boolean
  /** False where the run repeats a dead letter: the source's own progress stays. */
  keep: boolean
  /** That dead letter: it goes on behind this page group, wherever the run ends. */
  letter?: string | undefined
  cursor: Json
  problems: DeadLetterDraft[]
}

export interface StoredPage {
  added: number
  changed: number
  unchanged: number
  removed: number
  /** True where a run of backfill should end here: something more urgent waits. */
  makeWay: boolean
}

/**
 * Stores one page of a sync, all of it or nothing, under its lease: rows, balances, prices, problems, counters and,
 * at the end of a page group, the cursor. Can be sent again after a lost answer.
 */
export async function storeSyncPage(
  sql: Sql,
  claim: Claim,
  page: StorablePage,
  progress: PageProgress,
  now: Date,
  leaseSeconds: number,
): Promise<StoredPage> {
  const encoded = page.accounts.length > 0 ? encodePage(claim.sourceId, page) : null
  const told = {
    ...progress,
    startedAt: progress.startedAt.toISOString(),
    problems: progress.problems.map(encodeLetter),
  }
  const [row] = await retryWrite(
    sql,
    () => sql`
      SELECT * FROM store_sync_page(${claim.sourceId}, ${claim.leaseToken}, ${encoded}::text::jsonb,
        ${jsonbText(page.prices)}::text::jsonb, ${jsonbText(told)}::text::jsonb, ${now.toISOString()},
        ${`${leaseSeconds} seconds`}::interval)`,
  )
  return {
    added: Number(row!.added),
    changed: Number(row!.changed),
    unchanged: Number(row!.unchanged),
    removed: Number(row!.removed),
    makeWay: row!.make_way,
  }
}

export interface SyncEnd {
  outcome: 'done' | 'failed' | 'yielded'
  subject: string
  startedAt: Date
  message?: string
  head?: { lastSyncTime: Date | null; nextSyncAt: Date; lane: 0 | 1; attempts: number; cursor?: Json }
  /** What is left of backfill: without days, nothing. */
  backfill?: { from: string | null; to: string | null; cursor?: Json; at: Date; attempts: number }
  status?: 'reauth' | 'revoked' | 'payment'
  statusMessage?: string | null
  /** Dead letters that were run again with success. */
  resolved?: string[]
  /** And those that failed again. */
  reopened?: { id: string; code: string; error: string }[]
  /** The head is complete: what failed of it before is done with. */
  caughtUp?: boolean
  deadLetter?: DeadLetterDraft
}

/** Ends a run under its lease, and gives the lease back. */
export async function finishSync(sql: Sql, claim: Claim, end: SyncEnd, now: Date): Promise<void> {
  const told = { ...end, ...(end.deadLetter && { deadLetter: encodeLetter(end.deadLetter) }) }
  await retryOnContention(
    () => sql`
      SELECT finish_sync(${claim.sourceId}, ${claim.leaseToken}, ${jsonbText(told)}::text::jsonb,
        ${now.toISOString()})`,
  )
}

/** True for the error of a write whose lease has ended: the source may be with another worker by now. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === sqlState.leaseLost
}

function encodeLetter({ sameAs, ...letter }: DeadLetterDraft) {
  return { ...letter, key: createHash('md5').update(sameAs.join('\x1f')).digest('hex') }
}
