import { ArchiveSettingsError } from '../errors.ts'

/** What a store says that will say the same again until its settings are changed: a sentence of what to change. */
const sentences: Record<string, string> = {
  NoSuchBucket: 'there is no such bucket: make it, or name another one in TIDEMARK_ARCHIVE',
  InvalidBucketName: 'no bucket can have this name: name another one in TIDEMARK_ARCHIVE',
  InvalidAccessKeyId: 'it does not know AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID',
  ExpiredToken: 'AWS_SESSION_TOKEN has expired',
  InvalidToken: 'AWS_SESSION_TOKEN is not valid',
  AccessDenied:
    'it does not allow this: AWS_ACCESS_KEY_ID needs GetObject, PutObject, DeleteObject and ListBucket on the bucket',
  AccountProblem: 'there is a problem with the account that it belongs to',
  InvalidObjectState: 'the object lies in a storage class from which it has to be restored first',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
  RequestExpired: 'the clock of this machine is wrong',
  AuthorizationHeaderMalformed: 'the bucket is in another region: set TIDEMARK_ARCHIVE_REGION to it',
  PermanentRedirect: 'the bucket is in another region: set TIDEMARK_ARCHIVE_REGION to it',
  TemporaryRedirect: 'the bucket is in another region: set TIDEMARK_ARCHIVE_REGION to it',
  IllegalLocationConstraintException: 'the bucket is in another region: set TIDEMARK_ARCHIVE_REGION to it',
}

const byStatus: Record<number, string> = {
  301: 'PermanentRedirect',
  307: 'TemporaryRedirect',
  401: 'AccessDenied',
  403: 'AccessDenied',
}

/** `code`: of the answer's XML; empty where it had none. Nothing else of an answer is shown: it may tell of the signature. */
export function settingsFault(place: string, status: number, code: string): ArchiveSettingsError {
  const sentence = sentences[code] ?? sentences[byStatus[status] ?? '']
  const said = code === '' ? `HTTP ${status}` : `HTTP ${status}, ${code}`
  return new ArchiveSettingsError(
    sentence === undefined
      ? `the archive ${place} refuses what is asked of it (${said}): look whether TIDEMARK_ARCHIVE and TIDEMARK_ARCHIVE_ENDPOINT name an S3 store`
      : `the archive ${place} cannot be used (${said}): ${sentence}`,
  )
}

const passing = [
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
  'Throttling',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
]

/** True where the same request may succeed in a while; a body that was changed on its way is sent again, too. */
export function isPassing(status: number, code: string): boolean {
  return status >= 500 || status === 429 || status === 408 || passing.includes(code)
}
