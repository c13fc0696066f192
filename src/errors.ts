/**
 * Every error that Tidemark raises on purpose. A stranger's fault is a `RefusedError`: its message is a
 * sentence that says what to change, and it is safe to show. Anything else is ours.
 */

export abstract class TidemarkError extends Error {
  /** Stable, machine-readable name of the fault. */
  abstract readonly code: string
  /** HTTP status that a request causing it is answered with. */
  abstract readonly status: number
  /** Exit code of a command that ends with it: 1 failed, 2 refused input. */
  abstract readonly exitCode: 1 | 2
  /** True where the same call may succeed later without a change of its input. */
  readonly retryable: boolean = false

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The input cannot be accepted as it is; nothing of it was stored. */
export class RefusedError extends TidemarkError {
  readonly code: string = 'refused'
  readonly status: number = 400
  readonly exitCode = 2
}

/**
 * A file that cannot be read as what it says it is. `line` counts from 1; 0 is the file as a whole. `needs`: what would
 * have to be told beside the file. `hint` ends the message with how to tell it on the command line; `reason` goes without.
 */
export class StatementError extends RefusedError {
  override readonly code = 'statement'
  readonly line: number
  readonly reason: string
  readonly needs: 'mapping' | 'account' | undefined

  constructor(
    reason: string,
    line = 0,
    options: { cause?: unknown; needs?: 'mapping' | 'account'; hint?: string } = {},
  ) {
    super(`${line > 0 ? `line ${line}: ` : ''}${reason}${options.hint ?? ''}`, options)
    this.line = line
    this.reason = reason
    this.needs = options.needs
  }
}

export class NotFoundError extends RefusedError {
  override readonly code = 'not-found'
  override readonly status = 404
}

/** What is asked for contradicts what is there: a name that is taken, a request that is under way. */
export class ConflictError extends RefusedError {
  override readonly code: string = 'conflict'
  override readonly status = 409
}

/** The input is well formed and cannot be used; `faults` says where. */
export class UnprocessableError extends RefusedError {
  override readonly code: string = 'unprocessable'
  override readonly status = 422
}

/** Nobody known: no token, or one that is not good (any more). */
export class UnauthenticatedError extends RefusedError {
  override readonly code: string = 'unauthenticated'
  override readonly status = 401
}

/** Somebody known, who may not do this. */
export class ForbiddenError extends RefusedError {
  override readonly code: string = 'forbidden'
  override readonly status = 403
}

/** Asked too often; it may be asked again after so many seconds. */
export class TooManyRequestsError extends RefusedError {
  override readonly code: string = 'too-many-requests'
  override readonly status = 429
  override readonly retryable = true
  readonly retryAfter: number

  constructor(message: string, retryAfter: number) {
    super(message)
    this.retryAfter = Math.max(1, Math.ceil(retryAfter))
  }
}

/** The server has more to do than it can; it may be asked again after so many seconds. */
export class BusyError extends TidemarkError {
  readonly code: string = 'busy'
  readonly status = 503
  readonly exitCode = 1
  override readonly retryable = true
  readonly retryAfter: number

  constructor(message: string, retryAfter: number) {
    super(message)
    this.retryAfter = Math.max(1, Math.ceil(retryAfter))
  }
}

/** The database is away, full, or its connection broke: what was committed stays, the rest can be run again. */
export class DatabaseUnavailableError extends TidemarkError {
  readonly code = 'database-unavailable'
  readonly status = 503
  readonly exitCode = 1
  override readonly retryable = true
}

/** The installation is not in a state to go on, e.g. a migration that was changed after it had been applied. */
export class InstallationError extends TidemarkError {
  readonly code = 'installation'
  readonly status = 500
  readonly exitCode = 1
}

/** The folder for temporary files is full, missing or not writable. */
export class SpoolError extends TidemarkError {
  readonly code = 'spool'
  readonly status = 503
  readonly exitCode = 1
  override readonly retryable = true
}

/** An object that the archive should hold is not there. */
export class ArchiveMissingError extends TidemarkError {
  readonly code = 'archive-missing'
  readonly status = 500
  readonly exitCode = 1
}

/** A file of the archive is not whole, was changed, or is none of Tidemark's. Nothing of it was taken. */
export class ArchiveDamagedError extends TidemarkError {
  readonly code = 'archive-damaged'
  readonly status = 500
  readonly exitCode = 1
}

/** The archive refuses what is asked of it: its settings are wrong. */
export class ArchiveSettingsError extends TidemarkError {
  readonly code = 'archive-settings'
  readonly status = 500
  readonly exitCode = 1
}

/** The archive does not answer, has too much to do, or is full; what is asked of it can be asked again. */
export class ArchiveUnavailableError extends TidemarkError {
  readonly code = 'archive-unavailable'
  readonly status = 503
  readonly exitCode = 1
  override readonly retryable = true
}

/** What the archive could not give; the database is not to blame. */
export function isArchiveFault(error: unknown): error is Error {
  return [ArchiveMissingError, ArchiveDamagedError, ArchiveSettingsError, ArchiveUnavailableError].some(
    (each) => error instanceof each,
  )
}
