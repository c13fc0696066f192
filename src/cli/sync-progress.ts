import type { Source } from '../db/sources.ts'
import type { SyncCounts } from '../scheduler/sync-run.ts'
import type { SyncReport } from '../scheduler/sync-source.ts'
import { createProgress } from './progress.ts'
import type { CommandContext } from './terminal.ts'

export interface SyncProgress {
  /** What a source has come to so far. */
  update(sourceId: string, counts: SyncCounts): void
  done(source: Source, report: SyncReport): void
  finish(): void
}

/** One line that is rewritten while syncs run, and one for each source that has come to its end. */
export function createSyncProgress(
  { stdout, stderr, clock }: Pick<CommandContext, 'stdout' | 'stderr' | 'clock'>,
  sources: number,
): SyncProgress {
  const open = () =>
    createProgress({
      stream: stderr,
      clock: () => clock().getTime(),
      label: `syncing ${sources - ended} of ${sources}`,
    })
  const rows = new Map<string, number>()
  let total = 0
  let ended = 0
  let progress = open()
  return {
    update(sourceId, counts) {
      const soFar = counts.added + counts.changed + counts.unchanged + counts.removed
      total += soFar - (rows.get(sourceId) ?? 0)
      rows.set(sourceId, soFar)
      progress.update(total)
    },
    done(source, report) {
      ended++
      rows.delete(source.id)
      progress.finish()
      const name = `${source.id} ${source.connector} ${source.name}`
      const counts = `${report.added} added, ${report.changed} changed, ${report.removed} removed, ${report.unchanged} unchanged in ${report.pages} pages`
      const fault = report.message === undefined ? '' : `: ${report.message}`
      stdout.write(`${name}: ${report.outcome}${fault} (${counts})\n`)
      progress = open()
    },
    finish: () => progress.finish(),
  }
}
