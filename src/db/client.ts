import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'
import {
  BusyError,
  DatabaseUnavailableError,
  InstallationError,
  RefusedError,
  TidemarkError,
} from '../errors.ts'

/**
 * A pool of connections. bigint and numeric come back as strings: neither fits a JavaScript number. Instants go in as
 * ISO 8601 texts, because drizzle turns off the conversion of dates on a client that it is given.
 */
export type Sql = postgres.Sql

/** SQLSTATEs by which a failure is told, never its text. https://www.postgresql.org/docs/15/errcodes-appendix.html */
export const sqlState = {
  diskFull: '53100',
  uniqueViolation: '23505',
  queryCanceled: '57014',
  dataCorrupted: 'XX001',
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  lockNotAvailable: '55P03',
  duplicateObject: '42710',
  duplicateDatabase: '42P04',
  invalidCatalogName: '3D000',
  /** Raised by Tidemark's own functions: a write for a source without its lease. */
  leaseLost: 'TM002',
  /** Raised by Tidemark's own functions: the answer of a request that somebody else works on by now. */
  claimLost: 'TM003',
  /** Raised by Tidemark's own functions: what the write has to do with lies in the archive. */
  archived: 'TM004',
  /** Raised by Tidemark's own functions: the archive is not what it was when it was looked at. */
  archiveChanged: 'TM005',
  /** Raised by Tidemark's own functions for input that cannot be accepted. */
  refused: 'TM001',
} as const

/**
 * postgres.js 3.4.9 keeps what it had not sent when a connection broke, and then never sends the start of the next one
 * in its place: every query there waits for connect_timeout. A start of at least 1,024 bytes is sent at once, with what
 * was kept; the server refuses that, and the next attempt is clean. The setting means nothing.
 */
const startupPadding = `-c tidemark.padding=${'x'.repeat(1024)}`

/**
 * Seconds before a connection is tried again after so many failures. postgres.js counts those of a whole pool together
 * and waits for up to 20 seconds: an answer would come that much later than the database.
 */
const reconnectAfter = (failures: number) => Math.min(2 ** failures / 100, 0.5)

export interface ConnectOptions {
  max?: number
  applicationName?: string
  /** Milliseconds after which the server ends a statement; without it, never. */
  statementTimeout?: number
  /** Milliseconds that a statement waits for a lock; without it, for ever. */
  lockTimeout?: number
  /** Seconds in which a connection has to be made. */
  connectTimeout?: number
  /** A connection is kept, whether or not it is used: something hangs on it. */
  lasting?: boolean
}

export function connect(url: string, options: ConnectOptions = {}): Sql {
  return postgres(url, {
    max: options.max ?? 4,
    connect_timeout: options.connectTimeout ?? 10,
    backoff: reconnectAfter,
    ...(options.lasting ? { idle_timeout: 0, max_lifetime: null } : { idle_timeout: 60 }),
    onnotice: () => {},
    connection: {
      application_name: options.applicationName ?? 'tidemark',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      // Short statements over many partitions: compiling them costs more than running them.
      jit: false,
      options: startupPadding,
      ...(options.statementTimeout !== undefined && { statement_timeout: options.statementTimeout }),
      ...(options.lockTimeout !== undefined && { lock_timeout: options.lockTimeout }),
    },
    types: {
      // A day stays the text that it is; a Date would bring a time zone in.
      day: { to: 1082, from: [1082], serialize: (value: string) => value, parse: (value: string) => value },
    },
  })
}

/** A timestamptz of a raw statement: its text, where drizzle has the client, else a Date already. */
export function instantOf(value: unknown): Date {
  return value instanceof Date ? value : new Date(String(value))
}

export function instantOrNull(value: unknown): Date | null {
  return value === null ? null : instantOf(value)
}

/** Faults by which the server, or the way to it, is gone; the classes of SQLSTATE are named by their first two signs. */
const connectionFaults = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
])
const unavailableClasses = new Set(['08', '53', '57', '58'])

/** Tells a database error by class: what a command or a request is answered with. Other errors pass unchanged. */
export function asTidemarkError(error: unknown): unknown {
  // drizzle puts an error of its own around the database's, whose text is the statement.
  if (error instanceof DrizzleQueryError && error.cause !== undefined) return asTidemarkError(error.cause)
  if (error instanceof TidemarkError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (code === sqlState.refused) return new RefusedError(error.message, { cause: error })
  if (code === sqlState.queryCanceled)
    return new BusyError('the answer takes too long to make: ask for less, or later', 10)
  if (code === sqlState.diskFull) {
    return new DatabaseUnavailableError(
      'the database has no disk space left: what was committed is whole; make room and run this again',
      { cause: error },
    )
  }
  // 55000: the database exists and takes no connections.
  if (connectionFaults.has(code) || unavailableClasses.has(code.slice(0, 2)) || code === '55000') {
    return new DatabaseUnavailableError(
      `the database is not reachable or went away (${error.message}): check that it runs and what DATABASE_URL says; ` +
        'what was committed is whole, run this again',
      { cause: error },
    )
  }
  if (code === '28P01' || code === '28000' || code === sqlState.invalidCatalogName) {
    return new InstallationError(`the database refuses the connection: ${error.message}`, { cause: error })
  }
  return error
}

/** Whether others hold what the statement needs: the same statement can succeed later. */
export function isContention(error: unknown): boolean {
  return error instanceof Error && 'code' in error && contention.has(String(error.code))
}

const contention: ReadonlySet<string> = new Set<string>([
  sqlState.deadlockDetected,
  sqlState.lockNotAvailable,
  // TimescaleDB, of a chunk whose late rows it moves while somebody writes to it.
  sqlState.serializationFailure,
])

/**
 * Runs a write that is one idempotent statement, again where the server chose it as the victim of a deadlock or of
 * a lock that compression held. The wait doubles from 20 ms.
 */
export async function retryOnContention<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await write()
    } catch (error) {
      if (!isContention(error) || attempt === 5) throw error
      await new Promise((resume) => setTimeout(resume, 20 * 2 ** attempt))
    }
  }
}
