import { type Logger, pino } from 'pino'

export type { Logger }

/** Logs go to standard error as JSON lines: standard output is for what a command was asked for. */
export function createLogger(level: string): Logger {
  return pino(
    { level, redact: ['password', '*.password', 'url', '*.url'] },
    pino.destination({ dest: 2, sync: true }),
  )
}
