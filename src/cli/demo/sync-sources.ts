import type { Database } from '../../db/database.ts'
import { listDeadLetters } from '../../db/dead-letters.ts'
import { listSources } from '../../db/sources.ts'
import { readSyncCounts, type SourceCounts } from '../../db/sync-counts.ts'
import { RefusedError } from '../../errors.ts'
import type { WorkerOptions } from '../../scheduler/worker.ts'
import type { CommandContext } from '../terminal.ts'
import type { ConnectedSource } from './connect-sources.ts'
import { createSourceLines, type SourceState } from './source-lines.ts'

/** Milliseconds between two looks at how far the sources have come. */
const interval = 200
/** Of a source, behind which it is not waited for. */
const mostFailures = 2

export interface SourcesWatch {
  /** For the worker that is about to begin. */
  onReport: NonNullable<WorkerOptions['onReport']>
  /**
   * Resolves when head and history of every source are read, with what was added since the watch began. Throws where a
   * source cannot go on by itself.
   */
  allRead(): Promise<SourceState[]>
}

/** Follows how a worker reads the sources. */
export async function watchSources(
  context: CommandContext,
  db: Database,
  sources: ConnectedSource[],
): Promise<SourcesWatch> {
  const { clock, sleep, stderr } = context
  const ids = sources.map(({ sourceId }) => sourceId)
  const before = await readSyncCounts(db.sql, ids)
  const caughtUp = new Set<string>()
  const failures = new Map<string, number>()
  const lines = createSourceLines({ stream: stderr, clock })

  async function readStates(): Promise<SourceState[]> {
    // Counters last: they are at least what the sources have come to.
    const now = new Map((await listSources(db.sql)).map((source) => [source.id, source]))
    const counts = await readSyncCounts(db.sql, ids)
    return sources.map(({ sourceId, id, brings, name }) => {
      const source = now.get(sourceId)
      if (source?.status !== 'active' || (failures.get(sourceId) ?? 0) >= mostFailures)
        throw new RefusedError(`${name} is ${source?.status ?? 'gone'}: ${source?.statusMessage ?? ''}`)
      const { backfill, running, statusMessage } = source
      return {
        id,
        brings,
        counts: difference(counts.get(sourceId), before.get(sourceId)),
        backfill,
        isDone: caughtUp.has(sourceId) && backfill === null && !running,
        fault: statusMessage,
      }
    })
  }

  return {
    onReport: ({ sourceId, lane }, { outcome }) => {
      if (lane < 2 && outcome === 'done') caughtUp.add(sourceId)
      if (outcome === 'failed') failures.set(sourceId, (failures.get(sourceId) ?? 0) + 1)
    },
    async allRead() {
      try {
        for (;;) {
          const states = await readStates()
          if (states.every(({ isDone }) => isDone)) {
            await refuseGaps(db, sources)
            return states
          }
          lines.show(states)
          await sleep(interval, context.signal)
        }
      } finally {
        lines.clear()
      }
    },
  }
}

/** What was given up is not there. */
async function refuseGaps(db: Database, sources: ConnectedSource[]): Promise<void> {
  for (const { sourceId, name } of sources) {
    const [letter] = await listDeadLetters(db.sql, { sourceId }, 1)
    if (letter) throw new RefusedError(`${name} did not bring everything: ${letter.error}`)
  }
}

function difference(now: SourceCounts | undefined, before: SourceCounts | undefined): SourceCounts {
  const of = (name: keyof SourceCounts) => (now?.[name] ?? 0) - (before?.[name] ?? 0)
  return { added: of('added'), changed: of('changed'), unchanged: of('unchanged'), removed: of('removed') }
}
