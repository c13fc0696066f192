import { setTimeout } from 'node:timers/promises'
import { runCommand } from './cli/run-command.ts'
import { asTidemarkError } from './db/client.ts'
import { DatabaseUnavailableError } from './errors.ts'

// postgres.js asks each new connection for its types, and leaves nobody to hear that the connection broke meanwhile.
// Whatever waited for the connection is told so by itself.
process.on('unhandledRejection', (reason) => {
  if (asTidemarkError(reason) instanceof DatabaseUnavailableError) return
  throw reason
})

process.exitCode = await runCommand({
  arguments: process.argv.slice(2),
  environment: process.env,
  workingDirectory: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  clock: () => new Date(),
  machineClock: true,
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
  onSignal: (stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  },
})

// A connection whose server does not answer any more may hold the process; what was written is out by then.
globalThis.setTimeout(() => process.exit(), 2000).unref()
