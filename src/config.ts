import { resolve } from 'node:path'
import { z } from 'zod'
import { RefusedError } from './errors.ts'

function wholeNumber(lowest: number, highest: number) {
  const fault = `must be a whole number from ${lowest} to ${highest}`
  return z
    .string()
    .regex(/^\d{1,9}$/, fault)
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, fault)
}

/** The environment, read once and by nobody else. */
const environment = z.object({
  /** A PostgreSQL to use; without it Tidemark starts its own in `TIDEMARK_DATA_DIR`. */
  DATABASE_URL: z
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
  PORT: wholeNumber(0, 65_535).default(8080),
  PATH: z.string().default(''),
})

export interface Config {
  databaseUrl: string | undefined
  dataDir: string
  pgBin: string | undefined
  rawRetentionDays: number | undefined
  logLevel: string
  host: string
  port: number
  /** Where programs are looked for. */
  path: string
}

/** Reads the environment; throws a RefusedError that names every fault at once. An empty value counts as unset. */
export function readConfig(env: NodeJS.ProcessEnv, workingDirectory: string): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new RefusedError(`the environment is not usable: ${faults.join('; ')}`)
  }
  const values = parsed.data
  return {
    databaseUrl: values.DATABASE_URL,
    dataDir: resolve(workingDirectory, values.TIDEMARK_DATA_DIR),
    pgBin:
      values.TIDEMARK_PG_BIN === undefined || values.TIDEMARK_PG_BIN === 'npm'
        ? values.TIDEMARK_PG_BIN
        : resolve(workingDirectory, values.TIDEMARK_PG_BIN),
    rawRetentionDays: values.TIDEMARK_RAW_RETENTION_DAYS,
    logLevel: values.LOG_LEVEL,
    host: values.HOST,
    port: values.PORT,
    path: values.PATH,
  }
}
