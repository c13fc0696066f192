import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import type { Shutdown } from '../shutdown.ts'

/** Where a command writes: `stdout` is what was asked for, `stderr` what is told along the way. */
export interface Terminal {
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  stdin: NodeJS.ReadableStream
}

/** What a command works with. The database is opened when it is first asked for. */
export interface CommandContext extends Context, Terminal {
  workingDirectory: string
  /** True where the clock is the machine's, which has to agree with the database's. */
  machineClock: boolean
  /** `dataDir`: of Tidemark's own server, where it is not the configured one. `toRestore`: see src/db/database.ts. */
  openDatabase(dataDir?: string, options?: { toRestore?: boolean }): Promise<Database>
  shutdown: Shutdown
}

/** Refuses or accepts: the exit code of a command that came to its end. */
export type ExitCode = 0 | 1 | 2
