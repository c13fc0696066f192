import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** Where the detail of old transactions is kept, as the environment tells it. */
export type ArchivePlace =
  | {
      kind: 'folder'
      /** Absolute. */
      folder: string
    }
  | {
      kind: 's3'
      bucket: string
      /** Without a slash at either end; may be empty. */
      prefix: string
      /** An http or https address without a slash at its end; undefined: Amazon's. */
      endpoint: string | undefined
      region: string
      accessKeyId: string
      secretAccessKey: string
      sessionToken: string | undefined
    }

const bucketAndPrefix =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,99}){0,5})\/?$/

/** No fault says what was given: an address may hold a password. */
export const archiveVariables = {
  /** A folder, its file: URL, or s3://bucket/prefix. */
  TIDEMARK_ARCHIVE: z
    .string()
    .refine(
      (text) => bucketAndPrefix.test(text) || folderOf(text) !== undefined,
      'must be a folder, its file: URL, or s3://bucket/prefix with letters, digits and . _ = - alone',
    )
    .optional(),
  /** Of a store that speaks S3 and is not Amazon's. */
  TIDEMARK_ARCHIVE_ENDPOINT: z
    .string()
    .refine(
      isEndpoint,
      'must be the http or https address of an S3 store, without a user, a query and the bucket',
    )
    .optional(),
  TIDEMARK_ARCHIVE_REGION: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,40}$/, 'must be the name of a region, e.g. eu-central-1')
    .optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
}

type Given = { [Name in keyof typeof archiveVariables]?: string | undefined }

/** What an archive in S3 needs and was not given, a fault each. */
export function archiveFaults(given: Given): string[] {
  if (!given.TIDEMARK_ARCHIVE?.startsWith('s3://')) return []
  const needed = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const
  const faults = needed
    .filter((name) => given[name] === undefined)
    .map((name) => `${name}: must be set where TIDEMARK_ARCHIVE is in S3`)
  if (given.TIDEMARK_ARCHIVE_REGION === undefined && given.TIDEMARK_ARCHIVE_ENDPOINT === undefined)
    faults.push('TIDEMARK_ARCHIVE_REGION: must be set where TIDEMARK_ARCHIVE is in S3 of Amazon')
  return faults
}

/** `ownServer`: the folder of Tidemark's own server, which keeps its archive beside its data unless it is told. */
export function readArchivePlace(
  given: Given,
  workingDirectory: string,
  ownServer: string | undefined,
): ArchivePlace | undefined {
  const text = given.TIDEMARK_ARCHIVE
  if (text === undefined)
    return ownServer === undefined ? undefined : { kind: 'folder', folder: join(ownServer, 'archive') }
  const [, bucket, prefix = ''] = bucketAndPrefix.exec(text) ?? []
  if (bucket === undefined) return { kind: 'folder', folder: resolve(workingDirectory, folderOf(text)!) }
  return {
    kind: 's3',
    bucket,
    prefix: prefix.slice(1),
    endpoint: given.TIDEMARK_ARCHIVE_ENDPOINT?.replace(/\/+$/, ''),
    // Stores that are not Amazon's know one region, by Amazon's oldest name.
    region: given.TIDEMARK_ARCHIVE_REGION ?? 'us-east-1',
    accessKeyId: given.AWS_ACCESS_KEY_ID!,
    secretAccessKey: given.AWS_SECRET_ACCESS_KEY!,
    sessionToken: given.AWS_SESSION_TOKEN,
  }
}

function folderOf(text: string): string | undefined {
  if (!/^(file:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text)) return text
  try {
    return fileURLToPath(text)
  } catch {
    return undefined
  }
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '' && !/[?#@]/.test(text)
}
