import { daysBetween } from '../../calendar.ts'
import type { Source } from '../../db/sources.ts'
import type { SourceCounts } from '../../db/sync-counts.ts'
import { formatTable } from '../table.ts'

/** How far a source has come. */
export interface SourceState {
  id: string
  brings: string
  counts: SourceCounts
  /** Days that are still to be read. */
  backfill: Source['backfill']
  isDone: boolean
  /** What the last attempt failed with. */
  fault: string | null
}

export interface SourceLines {
  show(states: SourceState[]): void
  /** Takes the lines off a terminal. */
  clear(): void
}

const plainInterval = 5_000

/** On a terminal a line for each source, which are rewritten; elsewhere one plain line for all, every five seconds. */
export function createSourceLines({
  stream,
  clock,
}: {
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number }
  clock: () => Date
}): SourceLines {
  const terminal = stream.isTTY === true
  let shown = 0
  let shownAt = clock().getTime()
  const clear = () => {
    if (shown > 0) stream.write(`\x1b[${shown}A\r\x1b[J`)
    shown = 0
  }
  return {
    clear,
    show(states) {
      if (terminal) {
        const lines = linesOf(states.map((state) => [state.id, state.brings, progressOf(state)]))
        // A line that reached the last column would wrap, and the next ones would not come to their places.
        const cut = lines.map((line) => line.slice(0, (stream.columns ?? 80) - 1))
        const up = shown > 0 ? `\x1b[${shown}A` : ''
        stream.write(`${up}${cut.map((line) => `\r${line}\x1b[K\n`).join('')}`)
        shown = lines.length
        return
      }
      const now = clock().getTime()
      if (now - shownAt < plainInterval) return
      shownAt = now
      stream.write(`${states.map((state) => `${state.id}: ${progressOf(state)}`).join('; ')}\n`)
    },
  }
}

/** Sources that have come to their end, a line each. */
export function formatOutcomes(states: SourceState[]): string {
  return linesOf(states.map(({ id, brings, counts }) => [id, brings, outcomeOf(counts)]))
    .map((line) => `  ${line}\n`)
    .join('')
}

function linesOf(rows: string[][]): string[] {
  const [, , ...lines] = formatTable(rows, { head: ['', '', ''], align: [] }).split('\n')
  return lines
}

function progressOf({ counts, backfill, isDone, fault }: SourceState): string {
  const rows = `${counts.added.toLocaleString('en-US')} rows`
  if (isDone) return `${rows}, done`
  if (fault !== null) return `${rows}, tried again: ${fault}`
  if (backfill === null) return rows
  const days = daysBetween(backfill.from, backfill.to) + 1
  return `${rows}, ${days.toLocaleString('en-US')} days of history left`
}

function outcomeOf(counts: SourceCounts): string {
  const parts = (['added', 'changed', 'removed', 'unchanged'] as const)
    .filter((name) => name === 'added' || counts[name] > 0)
    .map((name) => `${counts[name].toLocaleString('en-US')} ${name}`)
  return parts.join(', ')
}
