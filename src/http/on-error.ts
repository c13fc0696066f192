import { HTTPException } from 'hono/http-exception'
import { asTidemarkError, sqlState } from '../db/client.ts'
import { BusyError, isArchiveFault, TidemarkError, TooManyRequestsError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type FieldFault, type ProblemType, problem, problemTypes } from './problem.ts'

/** Fields of a request that are not what they should be. */
export class InvalidRequestError extends Error {
  readonly faults: FieldFault[]

  constructor(faults: FieldFault[]) {
    super('the request is not valid')
    this.faults = faults
  }
}

/** Statuses that Hono itself answers with. */
const typeOfStatus: Record<number, ProblemType> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'content-too-large',
  415: 'unsupported-media-type',
  422: 'unprocessable',
  429: 'too-many-requests',
  503: 'busy',
}

/**
 * What an error is answered with. A stranger's fault is told in a sentence; of ours, the log has everything and the
 * answer nothing.
 */
export function answerError(error: unknown, requestId: string, log: Logger): Response {
  if (error instanceof InvalidRequestError)
    return problem('invalid-request', { requestId, errors: error.faults, detail: sentence(error.faults) })
  if (error instanceof HTTPException) {
    const type = typeOfStatus[error.status]
    if (type) return problem(type, { requestId, ...(error.message && { detail: error.message }) })
  }
  if (isClaimLost(error))
    return problem('request-in-flight', {
      requestId,
      headers: { 'retry-after': '1' },
      detail: 'the same request was taken up again meanwhile: ask for its answer',
    })
  const known = asTidemarkError(error)
  if (isDataFault(known)) {
    log.warn({ requestId, err: known }, 'the database refused a value that the request was let through with')
    return problem('refused', { requestId, detail: 'a value is out of the range that can be stored' })
  }
  if (known instanceof TidemarkError && known.status < 500) {
    const own =
      'faults' in known && Array.isArray(known.faults)
        ? {
            faults: known.faults,
            faultCount: 'faultCount' in known ? known.faultCount : known.faults.length,
            ...('needs' in known && { needs: known.needs }),
          }
        : undefined
    return problem(typeOf(known), {
      requestId,
      detail: known.message,
      more: own,
      headers: {
        ...(known instanceof TooManyRequestsError && { 'retry-after': String(known.retryAfter) }),
        ...(known.code === 'request-in-flight' && { 'retry-after': '1' }),
        ...(known.status === 401 && { 'www-authenticate': 'Bearer' }),
      },
    })
  }
  if (known instanceof TidemarkError && known.status === 503) {
    log.warn({ requestId, err: known }, 'a request could not be answered now')
    const retryAfter = known instanceof BusyError ? known.retryAfter : 5
    // What a database says of itself is not for strangers.
    const detail = known instanceof BusyError ? known.message : undefined
    return problem(typeOf(known), { requestId, detail, headers: { 'retry-after': String(retryAfter) } })
  }
  log.error({ requestId, err: error }, 'a request failed')
  if (isArchiveFault(known)) {
    const detail =
      'a file of the archive is missing or damaged, or its settings are wrong: the log of this server says which'
    return problem('archive-unavailable', { requestId, detail, headers: { 'retry-after': '300' } })
  }
  return problem('internal', { requestId })
}

function typeOf({ code, status }: TidemarkError): ProblemType {
  if (Object.hasOwn(problemTypes, code) && problemTypes[code as ProblemType].status === status)
    return code as ProblemType
  return typeOfStatus[status] ?? 'internal'
}

function sentence(faults: FieldFault[]): string {
  return faults.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ')
}

function isClaimLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === sqlState.claimLost
}

/** SQLSTATE class 22: a value that PostgreSQL cannot hold. */
function isDataFault(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^22[0-9A-Z]{3}$/.test(String(error.code))
}
