import type { Engine } from '../engine.ts'
import { type ArchiveFilesRunner, type ArchiveRunner, archive, archiveFiles } from './archive.ts'
import {
  futureTimes,
  idempotencyKeys,
  references,
  runs,
  sessions,
  slots,
  tries,
  webhookEvents,
} from './clean-up.ts'
import { columnstore } from './columnstore.ts'
import { partitions } from './partitions.ts'
import type { Policy } from './policy.ts'
import { deepRollups, rollups } from './rollups.ts'

/** What other parts do for a policy. */
export interface Runners {
  archive?: ArchiveRunner
  archiveFiles?: ArchiveFilesRunner
}

/** Every policy that an engine has. */
export function policiesOf(engine: Engine, runners: Runners = {}): Policy[] {
  const all = [
    rollups,
    deepRollups,
    columnstore,
    partitions,
    archive(runners.archive),
    archiveFiles(runners.archiveFiles),
    runs,
    references,
    futureTimes,
    sessions,
    tries,
    idempotencyKeys,
    webhookEvents,
    slots,
  ]
  return all.filter(({ engines }) => engines.includes(engine))
}
