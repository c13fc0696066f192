import type { ConformanceCase, ConnectorFixture } from './fixture.ts'
import type { Trial, TrialOptions } from './trial.ts'

/** What a case works with. It throws a CaseFailure, or whatever else went wrong, where the connector fails it. */
export interface CaseContext {
  fixture: ConnectorFixture
  lacks: Partial<Record<ConformanceCase, string>>
  /** A provider of its own, closed when the case ends. */
  open(options?: TrialOptions): Promise<Trial>
}

export type CaseRunner = (context: CaseContext) => Promise<void>

/** At most `most` of 0 to `count - 1`, evenly spread, the first and the last among them. */
export function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index)
  const step = (count - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => Math.round(index * step))
}
