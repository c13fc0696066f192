import { resolve } from 'node:path'
import { z } from 'zod'
import { type ArchivePlace, archiveFaults, archiveVariables, readArchivePlace } from './archive-place.ts'
import { RefusedError } from './errors.ts'

function wholeNumber(lowest: number, highest: number) {
  const fault = `must be a whole number from ${lowest} to ${highest}`
  return z
    .string()
    .regex(/^\d{1,9}$/, fault)
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, fault)
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
const list = z.string().transform(splitList)

/** The fault says nothing of what was given: it may be nearly a key. */
const sealingKey = z
  .string()
  .refine(
    (text) => Buffer.from(text, 'base64').length === 32,
    'must be 32 bytes in base64 (openssl rand -base64 32)',
  )

/** Where HTTP is served unless it is told. */
export const usualPort = 8080

/** The environment, read once and by nobody else. */
const environment = z.object({
  /** A PostgreSQL to use; without it Tidemark starts its own in `TIDEMARK_DATA_DIR`. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  /** A replica of it, for reads. */
  DATABASE_READ_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  TIDEMARK_DATA_DIR: z.string().min(1).default('.tidemark'),
  /** A folder of PostgreSQL server binaries, or `npm` for the packaged ones. */
  TIDEMARK_PG_BIN: z.string().min(1).optional(),
  /** Days after which raw transactions may be dropped; refused where it reaches into a refresh window. */
  TIDEMARK_RAW_RETENTION_DAYS: wholeNumber(1, 100_000).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).optional(),
  /** Requests that one caller may make in a minute, of one process. */
  TIDEMARK_REQUESTS_PER_MINUTE: wholeNumber(1, 100_000_000).default(120_000),
  /** Proxies in front of `tidemark serve`, each of which adds to X-Forwarded-For. */
  TIDEMARK_TRUSTED_PROXIES: wholeNumber(0, 10).default(0),
  /** Folders and packages to load connectors from, separated by commas. */
  TIDEMARK_CONNECTORS: list.default([]),
  /** A JSON file: by connector id, what the platform configures for it. */
  TIDEMARK_CONNECTOR_SETTINGS: z.string().min(1).optional(),
  /** `host:port` of providers that may lie inside the own network, separated by commas. */
  TIDEMARK_ALLOWED_HOSTS: list.default([]),
  /** Wraps the keys of credentials: 32 bytes in base64. Tidemark's own server keeps one beside its data. */
  TIDEMARK_KEY: sealingKey.optional(),
  /** Keys that were used before, separated by commas, until `tidemark keys rotate` has come to its end. */
  TIDEMARK_OLD_KEYS: z.string().transform(splitList).pipe(z.array(sealingKey)).default([]),
  /** Syncs that a worker runs at once. */
  TIDEMARK_WORKER_CONCURRENCY: wholeNumber(1, 1000).default(16),
  ...archiveVariables,
  PATH: z.string().default(''),
})

export interface Config {
  databaseUrl: string | undefined
  databaseReadUrl: string | undefined
  dataDir: string
  pgBin: string | undefined
  rawRetentionDays: number | undefined
  logLevel: string
  host: string
  /** Undefined where it was not set: `usualPort`, then. */
  port: number | undefined
  requestsPerMinute: number
  trustedProxies: number
  /** Absolute folders, or names of packages. */
  connectors: string[]
  /** Absolute path. */
  connectorSettings: string | undefined
  allowedHosts: string[]
  key: string | undefined
  oldKeys: string[]
  workerConcurrency: number
  /** Undefined where none is configured. */
  archive: ArchivePlace | undefined
  /** Where programs are looked for. */
  path: string
}

/** Reads the environment; throws a RefusedError that names every fault at once. An empty value counts as unset. */
export function readConfig(env: NodeJS.ProcessEnv, workingDirectory: string): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  const faults = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
  faults.push(...archiveFaults(given))
  if (!parsed.success || faults.length > 0) {
    throw new RefusedError(`the environment is not usable: ${faults.join('; ')}`)
  }
  const values = parsed.data
  return {
    databaseUrl: values.DATABASE_URL,
    databaseReadUrl: values.DATABASE_READ_URL,
    dataDir: resolve(workingDirectory, values.TIDEMARK_DATA_DIR),
    pgBin:
      values.TIDEMARK_PG_BIN === undefined || values.TIDEMARK_PG_BIN === 'npm'
        ? values.TIDEMARK_PG_BIN
        : resolve(workingDirectory, values.TIDEMARK_PG_BIN),
    rawRetentionDays: values.TIDEMARK_RAW_RETENTION_DAYS,
    logLevel: values.LOG_LEVEL,
    host: values.HOST,
    port: values.PORT,
    requestsPerMinute: values.TIDEMARK_REQUESTS_PER_MINUTE,
    trustedProxies: values.TIDEMARK_TRUSTED_PROXIES,
    connectors: values.TIDEMARK_CONNECTORS.map((place) =>
      /^[./]/.test(place) ? resolve(workingDirectory, place) : place,
    ),
    connectorSettings:
      values.TIDEMARK_CONNECTOR_SETTINGS && resolve(workingDirectory, values.TIDEMARK_CONNECTOR_SETTINGS),
    allowedHosts: values.TIDEMARK_ALLOWED_HOSTS,
    key: values.TIDEMARK_KEY,
    oldKeys: values.TIDEMARK_OLD_KEYS,
    workerConcurrency: values.TIDEMARK_WORKER_CONCURRENCY,
    archive: readArchivePlace(
      values,
      workingDirectory,
      values.DATABASE_URL === undefined ? resolve(workingDirectory, values.TIDEMARK_DATA_DIR) : undefined,
    ),
    path: values.PATH,
  }
}
