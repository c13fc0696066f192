import { CommanderError } from 'commander'
import { type Config, readConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { asTidemarkError } from '../db/client.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { DatabaseUnavailableError, TidemarkError } from '../errors.ts'
import { createLogger, type Logger } from '../logger.ts'
import { redactText } from '../redact-text.ts'
import { createShutdown } from '../shutdown.ts'
import { attachStore, openStore } from './open-archive.ts'
import { createProgram } from './program.ts'
import type { CommandContext, ExitCode, Terminal } from './terminal.ts'

export interface Invocation extends Terminal {
  arguments: string[]
  environment: NodeJS.ProcessEnv
  workingDirectory: string
  clock: () => Date
  machineClock: boolean
  sleep: Context['sleep']
  /** Calls back when the process is asked to stop. */
  onSignal: (stop: () => void) => void
}

/** Runs one command of the command line to its end. 0 done, 1 failed, 2 refused input; never throws. */
export async function runCommand(invocation: Invocation): Promise<ExitCode> {
  const { stdout, stderr, stdin, environment, workingDirectory, clock, machineClock } = invocation
  const shutdown = createShutdown()
  let log: Logger | undefined
  let exitCode: ExitCode = 0
  // A reader may go away, as `head` does; what the command does besides writing is done all the same.
  let outputFault: Error | undefined
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') outputFault ??= error
  })
  try {
    const config: Config = readConfig(environment, workingDirectory)
    log = createLogger(config.logLevel)
    let database: Promise<Database> | undefined
    const context: CommandContext = {
      config,
      log,
      clock,
      machineClock,
      sleep: invocation.sleep,
      signal: shutdown.signal,
      stdout,
      stderr,
      stdin,
      workingDirectory,
      shutdown,
      openDatabase: (dataDir = config.dataDir, options = {}) => {
        const opening = { config: { ...config, dataDir }, log: log!, clock }
        database ??= openDatabase(opening, shutdown, options).then((db) => {
          attachStore({ store: openStore(context), signal: shutdown.signal }, db, db.sql)
          return db
        })
        return database
      },
    }
    invocation.onSignal(() => {
      exitCode = 1
      void shutdown.stop()
    })
    const program = createProgram(context, (code) => {
      exitCode = code
    })
    await program.parseAsync(invocation.arguments, { from: 'user' })
    // The last write is out, or its fault known, before its callback.
    await new Promise((written) => stdout.write('', written))
    if (outputFault) throw outputFault
  } catch (error) {
    exitCode = tell(error, stderr, log, shutdown.signal.aborted)
  } finally {
    await shutdown.stop().catch((error: unknown) => {
      exitCode = tell(error, stderr, log, false)
    })
  }
  return exitCode
}

/** A stranger's fault is a sentence; one of ours is told with everything that is known of it. */
function tell(
  error: unknown,
  stderr: NodeJS.WriteStream,
  log: Logger | undefined,
  stopped: boolean,
): ExitCode {
  // Commander has written its sentence already; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const known = asTidemarkError(error)
  // Asked to stop, the command closed its own connections: they are not what went wrong.
  if (stopped && (known instanceof DatabaseUnavailableError || (known as Error).name === 'AbortError')) {
    stderr.write('tidemark: stopped: what was committed is whole; run this again to complete it\n')
    return 1
  }
  if (known instanceof TidemarkError) {
    stderr.write(`tidemark: ${known.message}\n`)
    log?.debug({ err: error }, 'the command failed')
    return known.exitCode
  }
  // A disk, a folder or a port that this machine refuses: its message is a sentence.
  if (known instanceof Error && 'syscall' in known) {
    stderr.write(`tidemark: ${known.message}\n`)
    log?.debug({ err: error }, 'the command failed')
    return 1
  }
  stderr.write(
    `tidemark: internal error: ${redactText(error instanceof Error ? String(error.stack) : String(error))}\n`,
  )
  return 1
}
