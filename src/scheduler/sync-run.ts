import type { Connector, ConnectorContext, PullRequest } from '../connectors/connector.ts'
import { RestartError } from '../connectors/errors.ts'
import type { JsonValue } from '../connectors/json.ts'
import { type CheckedPage, checkPages } from '../connectors/pull.ts'
import type { Claim } from '../db/claims.ts'
import { type FetchRequest, storeSyncPage } from '../db/sync-pages.ts'
import { redact } from '../redact.ts'
import { leaseSeconds, type SyncGate } from './gate.ts'
import type { Scheduler } from './scheduler.ts'

export interface SyncCounts {
  pages: number
  added: number
  changed: number
  unchanged: number
  removed: number
}

/** One claimed source on its way: what all of its pulls share. */
export interface SyncRun {
  scheduler: Scheduler
  connector: Connector
  claim: Claim
  context: ConnectorContext
  gate: SyncGate
  startedAt: Date
  secrets: unknown[]
  counts: SyncCounts
  onPage: (counts: SyncCounts) => void
}

export interface Pull {
  request: PullRequest
  /** False where a dead letter is run again: the source's own progress stays as it is. */
  keep: boolean
  /** The dead letter that is run again: how far that has come is kept in it. */
  letter?: string
  /** It ends with the first page group. */
  oneGroup?: boolean
  /** As what a cursor of the connector is kept; as it is unless told. */
  kept?: (cursor: JsonValue) => JsonValue
  /** A page group was stored, up to this cursor. */
  onGroup?: (cursor: JsonValue) => void
}

export interface PullOutcome {
  /** Parts of the answers that could not be used. */
  problems: number
}

/** A page group that keeps changing while it is read is given up for now. */
export const mostRestarts = 3
/** Page groups after which backfill lets others have the place. */
const mostGroups = 50

/** Pulls to the end, page by page, each stored before the next is asked for. Throws what the connector throws. */
export async function runPull(run: SyncRun, pull: Pull): Promise<PullOutcome> {
  const { request, keep, letter, kept = (cursor) => cursor } = pull
  const { connector, context, gate } = run
  const isBackfill = request.mode === 'backfill'
  let { cursor } = request
  let problems = 0
  let groups = 0
  for (let restarts = 0; ; ) {
    gate.groupBegins()
    try {
      for await (const page of checkPages(connector.pull(context, { ...request, cursor }), connector)) {
        problems += page.problems.length
        const { makeWay } = await storePage(run, page, {
          request,
          keep,
          letter,
          isBackfill,
          groupCursor: cursor,
          kept,
        })
        if (!page.groupEnd) continue
        cursor = page.cursor
        groups++
        pull.onGroup?.(cursor)
        if (pull.oneGroup) return { problems }
        gate.groupBegins()
        // The next request is not made; a pull that needs none has come to its end.
        if (isBackfill && (makeWay || groups >= mostGroups)) gate.giveWay()
      }
      return { problems }
    } catch (error) {
      if (!(error instanceof RestartError) || ++restarts > mostRestarts) throw error
      if (error.fromStart) cursor = null
    }
  }
}

/** Also used for the pages of a batch, one run an item. */
export async function storePage(
  run: SyncRun,
  page: CheckedPage,
  group: {
    request: PullRequest
    keep: boolean
    letter?: string | undefined
    isBackfill: boolean
    groupCursor: JsonValue
    kept?: (cursor: JsonValue) => JsonValue
  },
): Promise<{ makeWay: boolean }> {
  const { scheduler, claim, counts, startedAt } = run
  counts.pages++
  const again: FetchRequest = {
    mode: group.isBackfill ? 'backfill' : 'incremental',
    window: group.request.window,
    cursor: group.groupCursor,
  }
  const stored = await storeSyncPage(
    scheduler.db.sql,
    claim,
    page,
    {
      subject: group.request.mode,
      startedAt,
      page: counts.pages,
      groupEnd: page.groupEnd,
      backfill: group.isBackfill,
      keep: group.keep,
      letter: group.letter,
      cursor: group.kept ? group.kept(page.cursor) : page.cursor,
      problems: page.problems.map(({ account, message }) => ({
        request: again,
        code: 'partial',
        error: redact(message, run.secrets) as string,
        // The rest of many is one letter, however many it was.
        sameAs: ['record', account ?? '', message.replace(/^and \d+ more/, 'and more')],
      })),
    },
    scheduler.clock(),
    leaseSeconds,
  )
  counts.added += stored.added
  counts.changed += stored.changed
  counts.unchanged += stored.unchanged
  counts.removed += stored.removed
  run.onPage(counts)
  return stored
}
