import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

/** What the parts of a running process share. The database is opened by src/db/database.ts and kept beside it. */
export interface Context {
  config: Config
  log: Logger
  /** The present moment; passed in so that a test can set it. */
  clock: () => Date
  /** Waits so many milliseconds by that clock. Rejects with the signal's reason where it is aborted meanwhile. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Aborted when the process is to stop. */
  signal: AbortSignal
}
