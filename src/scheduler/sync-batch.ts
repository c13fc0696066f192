import type { BatchItem, PullRequest } from '../connectors/connector.ts'
import { ConnectorBugError, RestartError } from '../connectors/errors.ts'
import type { JsonValue } from '../connectors/json.ts'
import { createPageChecker, type PageChecker } from '../connectors/pull.ts'
import type { Claim } from '../db/claims.ts'
import { isLeaseLost } from '../db/sync-pages.ts'
import type { Scheduler } from './scheduler.ts'
import { openRun, openSync, type Sync } from './sync.ts'
import { headDone, headFailed, headRequests, ownsCursor } from './sync-head.ts'
import { mostRestarts, type SyncRun, storePage } from './sync-run.ts'
import { endSync, type SyncReport } from './sync-source.ts'

/** One source of a batch on its way. */
interface Member {
  sync: Sync
  run: SyncRun
  /** Windows that are still to be pulled, the present one first. */
  requests: PullRequest[]
  checker: PageChecker
  groupCursor: JsonValue
  restarts: number
  /** Its window begins anew in the next round. */
  restarting: boolean
  /** Why it does not go on; its fault is none of the others'. */
  failure: { error: unknown } | undefined
}

/**
 * Syncs the heads of many connections with requests that ask for all of them at once. Each keeps its own lease,
 * cursor and end: a source that fails, or whose lease is lost, leaves the batch alone.
 */
export async function syncBatch(scheduler: Scheduler, claims: Claim[]): Promise<SyncReport[]> {
  const members: Member[] = []
  for (const claim of claims) {
    const sync = await openSync(scheduler, claim)
    const requests = headRequests(sync)
    const member = {
      sync,
      requests,
      checker: createPageChecker(sync.connector),
      groupCursor: requests[0]!.cursor,
      restarts: 0,
      restarting: false,
    }
    try {
      members.push({ ...member, run: await openRun(sync), failure: undefined })
    } catch (error) {
      members.push({ ...member, run: undefined as never, failure: { error } })
    }
  }
  for (;;) {
    const round = members.filter(({ failure, requests }) => failure === undefined && requests.length > 0)
    if (round.length === 0) break
    await pullRound(round).catch((error: unknown) => {
      // The lease of who spoke for the batch was lost: that is nothing to the others, who ask again.
      if (isLeaseLost(error)) round[0]!.failure ??= { error }
      // The request itself failed, and with it everyone who waited for its answer.
      else for (const member of round) member.failure ??= { error }
      for (const member of round) member.checker = createPageChecker(member.sync.connector)
    })
  }
  return Promise.all(
    members.map(({ sync, requests, failure }) =>
      endSync(sync, async () =>
        failure ? headFailed(sync, requests[0] ?? headRequests(sync)[0]!, failure.error) : headDone(sync),
      ),
    ),
  )
}

/** One window of each member. */
async function pullRound(round: Member[]): Promise<void> {
  // Any of them can speak for the batch: its budget is that of the connector as a whole.
  const { run } = round[0]!
  run.gate.groupBegins()
  run.gate.holdAlso(round.map(({ sync }) => sync.claim))
  const items: BatchItem[] = round.map((member) => ({
    credentials: member.run.context.credentials,
    config: member.run.context.config,
    timeZone: member.run.context.timeZone,
    request: member.requests[0]!,
  }))
  for await (const said of run.connector.pullBatch!(items, run.context)) {
    const member = round[said.index]
    if (!member) throw new ConnectorBugError(`a page names item ${said.index} of a batch of ${items.length}`)
    if (member.failure !== undefined || member.restarting) continue
    try {
      if ('error' in said) throw said.error
      const page = member.checker.check(said.page)
      await storePage(member.run, page, {
        request: member.requests[0]!,
        keep: ownsCursor(member.sync),
        isBackfill: false,
        groupCursor: member.groupCursor,
      })
      if (page.groupEnd) member.groupCursor = page.cursor
    } catch (error) {
      if (error instanceof RestartError && ++member.restarts <= mostRestarts) restart(member, error)
      else member.failure = { error }
    }
  }
  for (const member of round) {
    if (member.failure !== undefined) continue
    if (member.restarting) {
      member.restarting = false
      continue
    }
    try {
      member.checker.end()
      member.requests.shift()
      member.checker = createPageChecker(member.sync.connector)
    } catch (error) {
      member.failure = { error }
    }
  }
}

/** From the first cursor of its page group, or from the beginning where that is of no use. */
function restart(member: Member, { fromStart }: RestartError): void {
  if (fromStart) member.groupCursor = null
  member.requests[0] = { ...member.requests[0]!, cursor: member.groupCursor }
  member.checker = createPageChecker(member.sync.connector)
  member.restarting = true
}
