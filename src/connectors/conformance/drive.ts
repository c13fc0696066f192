import type { Connector, PageProblem, PullRequest } from '../connector.ts'
import { RateLimitedError, RestartError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { type CheckedPage, checkPages } from '../pull.ts'
import { backfillAfter, backfillWindow, firstBackfill, incrementalWindows, type Window } from '../windows.ts'
import type { FakeClock } from './clock.ts'
import { silentPause } from './memory-gate.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'
import type { PullPages } from './pull-pages.ts'

/** What outlives the process: what Tidemark keeps of a connection. */
export interface StoredSource {
  credentials: unknown
  config: unknown
  cursor: JsonValue
  lastSyncDay: string | null
  backfill: { left: Window; cursor: JsonValue } | null
  store: MemoryStore
}

export interface SyncOutcome {
  pages: number
  added: number
  changed: number
  removed: number
  problems: PageProblem[]
  /** Every error that came up, those that a later attempt got over included. */
  errors: unknown[]
  /** The one that ended the sync; undefined where it came to its end. */
  ended: unknown
}

export interface SyncOptions {
  connector: Connector
  clock: FakeClock
  pull: PullPages
  /** Called when a page is stored; what it throws ends the sync there and then, as a killed process does. */
  afterPage?: (page: CheckedPage) => void
}

/** Attempts to get beyond one cursor, after which a retryable error ends the sync, too. */
const mostAttempts = 6
/** In one sync, wherever its cursor goes. */
const mostErrors = 40
/** Of one sync of an emulator's small history: a pull beyond it does not end. */
const mostPages = 5_000

export function newSource(credentials: unknown, config: unknown): StoredSource {
  return {
    credentials,
    config,
    cursor: null,
    lastSyncDay: null,
    backfill: null,
    store: createMemoryStore(),
  }
}

/** One sync as the scheduler does it: what is new, then what backfill has left, to its end. */
export async function sync(source: StoredSource, options: SyncOptions): Promise<SyncOutcome> {
  const { connector, clock } = options
  const outcome: SyncOutcome = {
    pages: 0,
    added: 0,
    changed: 0,
    removed: 0,
    problems: [],
    errors: [],
    ended: undefined,
  }
  const today = clock.now().toISOString().slice(0, 10)
  const { history } = connector
  try {
    if (source.lastSyncDay === null && source.backfill === null) {
      const left = firstBackfill(history, today)
      source.backfill = left && { left, cursor: null }
    }
    for (const window of incrementalWindows(history, source.lastSyncDay, today)) {
      // The cursor of a connector that is asked by windows lives no longer than its window.
      if (history.windowDays !== undefined) source.cursor = null
      await pullToEnd('incremental', window, source, outcome, options)
    }
    if (history.windowDays !== undefined) source.cursor = null
    source.lastSyncDay = today
    while (source.backfill) {
      const window = backfillWindow(history, source.backfill.left)
      await pullToEnd('backfill', window, source, outcome, options)
      const left = backfillAfter(source.backfill.left, window)
      source.backfill = left && { left, cursor: null }
    }
  } catch (error) {
    outcome.ended = error
  }
  return outcome
}

async function pullToEnd(
  mode: PullRequest['mode'],
  window: Window,
  source: StoredSource,
  outcome: SyncOutcome,
  { connector, clock, pull, afterPage }: SyncOptions,
): Promise<void> {
  const backfilling = mode === 'backfill' ? source.backfill! : undefined
  const commit = (cursor: JsonValue) => {
    if (backfilling) backfilling.cursor = cursor
    else source.cursor = cursor
  }
  let attempt = 0
  let tried: string | undefined
  for (;;) {
    // What is stored has been through JSON.
    const cursor = JSON.parse(JSON.stringify(backfilling ? backfilling.cursor : source.cursor)) as JsonValue
    attempt = tried === JSON.stringify(cursor) ? attempt + 1 : 1
    tried = JSON.stringify(cursor)
    if (outcome.errors.length > mostErrors) throw outcome.errors.at(-1)
    try {
      for await (const page of checkPages(pull(source, { mode, cursor, window }), {
        scope: connector.scope,
      })) {
        const { added, changed, removed } = source.store.apply(page)
        if (++outcome.pages > mostPages) throw new Error(`the pull does not end: it said ${mostPages} pages`)
        outcome.added += added
        outcome.changed += changed
        outcome.removed += removed
        outcome.problems.push(...page.problems)
        if (page.groupEnd) commit(page.cursor)
        afterPage?.(page)
      }
      return
    } catch (error) {
      outcome.errors.push(error)
      if (!isRetryable(error) || attempt >= mostAttempts) throw error
      if (error instanceof RestartError && error.fromStart) commit(null)
      if (error instanceof RateLimitedError)
        await clock.waitUntil(error.retryAt?.getTime() ?? clock.now().getTime() + silentPause)
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}
