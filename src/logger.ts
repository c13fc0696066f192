import { format } from 'node:util'
import { type DestinationStream, type Logger, pino } from 'pino'
import { redact } from './redact.ts'
import { redactText } from './redact-text.ts'

export type { Logger }

/**
 * Logs go to standard error as JSON lines: standard output is for what a command was asked for. Everything that
 * goes in passes src/redact.ts: objects at any depth that is logged, messages, errors with their causes, and what
 * a child logger adds to each line.
 */
export function createLogger(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const logger = pino(
    {
      level,
      // An error has become plain data before.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(given, log) {
          const [first, ...rest] = given as unknown[]
          const details = first instanceof Error ? { err: first } : first
          const words = typeof first === 'string' ? given : rest
          // Put together first: what stands in one word is told by the word before it.
          if (words.length === 0 && first instanceof Error) words.push(first.message)
          const said = words.length > 0 ? [redactText(format(...words))] : []
          if (typeof first === 'string') log.call(this, said[0]!)
          else log.call(this, redact(details) as object, ...(said as [string]))
        },
      },
    },
    destination,
  )
  return redactingChildren(logger)
}

/** pino calls no hook for what a child is made with. Children inherit the methods of the logger. */
function redactingChildren(logger: Logger): Logger {
  const { child, setBindings } = logger
  logger.child = function (this: Logger, bindings: object, options?: object) {
    return child.call(this, redact(bindings) as object, options as never)
  } as typeof logger.child
  logger.setBindings = function (this: Logger, bindings) {
    setBindings.call(this, redact(bindings) as typeof bindings)
  }
  return logger
}
