import { NotFoundError, RefusedError } from '../../errors.ts'
import { retryOnContention, type Sql } from '../client.ts'
import type { Database } from '../database.ts'
import { jsonbText } from '../jsonb-text.ts'
import { policiesOf } from './all.ts'
import { type ConnectorFacts, refuseImpossible } from './checks.ts'
import type { Policy } from './policy.ts'
import { nextRun } from './schedule.ts'
import type { Setting, Value } from './setting.ts'

/** Values by policy and setting. */
export type Settings = Record<string, Record<string, Value>>

export type SettingOrigin = 'default' | 'set' | 'environment'

/** What of a database its policies depend on. */
export type PolicyBase = Pick<Database, 'sql' | 'engine' | 'rawRetentionDays'>

/** The environment variable that sets archive.afterDays, where it does. */
export const archiveVariable = 'TIDEMARK_RAW_RETENTION_DAYS'

/** What is stored: only what differs from the defaults. */
export async function readStored(sql: Sql): Promise<Settings> {
  const rows = await sql<{ name: string; settings: Record<string, Value> }[]>`
    SELECT name, settings FROM policy WHERE settings <> '{}'`
  return Object.fromEntries(rows.map(({ name, settings }) => [name, settings]))
}

/** What a policy goes by: the environment before what is stored, and that before the default. */
export function valuesOf(
  policy: Policy,
  stored: Record<string, Value> | undefined,
  rawRetentionDays: number | undefined,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(policy.settings).map(([name, setting]) => {
      if (originOf(policy, name, stored, rawRetentionDays) === 'environment') return [name, rawRetentionDays!]
      return [name, stored?.[name] ?? setting.default]
    }),
  )
}

export function originOf(
  policy: Policy,
  setting: string,
  stored: Record<string, Value> | undefined,
  rawRetentionDays: number | undefined,
): SettingOrigin {
  if (policy.name === 'archive' && setting === 'afterDays' && rawRetentionDays !== undefined)
    return 'environment'
  return stored?.[setting] === undefined ? 'default' : 'set'
}

/** Refuses what is set where the environment contradicts it, or a connector that has come since. */
export async function checkSettings(
  { sql, engine, rawRetentionDays }: PolicyBase,
  connectors: ConnectorFacts = {},
): Promise<void> {
  const stored = await readStored(sql)
  refuseImpossible(allValues(policiesOf(engine), stored, rawRetentionDays), connectors, rawRetentionDays)
}

function allValues(policies: Policy[], stored: Settings, rawRetentionDays: number | undefined): Settings {
  return Object.fromEntries(
    policies.map((policy) => [policy.name, valuesOf(policy, stored[policy.name], rawRetentionDays)]),
  )
}

/**
 * Sets a setting, told as `policy.setting`, or with undefined takes it back to its default. Throws a RefusedError that
 * says why the value cannot be, by itself or beside another setting. TimescaleDB's own jobs follow.
 */
export async function setSetting(
  base: PolicyBase,
  path: string,
  text: string | undefined,
  { now, connectors }: { now: Date; connectors: ConnectorFacts },
): Promise<Value> {
  const { sql, engine, rawRetentionDays } = base
  const policies = policiesOf(engine)
  const { policy, name, setting } = findSetting(policies, path, engine)
  const value = text === undefined ? setting.default : readValue(setting, path, text)
  for (;;) {
    const stored = await readStored(sql)
    if (originOf(policy, name, stored[policy.name], rawRetentionDays) === 'environment')
      throw setByEnvironment(path)
    const values = valuesWith(policies, stored, [policy.name, name, value], rawRetentionDays)
    refuseImpossible(values, connectors, rawRetentionDays)
    const patch = { [name]: value === setting.default ? null : value }
    if (await storeSettings(sql, { policy, patch, values: values[policy.name]!, seen: stored, now }))
      return value
  }
}

/** Has TimescaleDB's own jobs of a new database follow what was loaded into it. */
export async function followSettings({ sql, engine }: PolicyBase, now: Date): Promise<void> {
  const stored = await readStored(sql)
  for (const policy of policiesOf(engine)) {
    // Those without are as their migrations made them.
    if (!policy.jobs || !stored[policy.name]) continue
    const values = valuesOf(policy, stored[policy.name], undefined)
    await storeSettings(sql, { policy, patch: {}, values, seen: stored, now })
  }
}

/** False, and nothing is stored, where the settings are not `seen` any more. TimescaleDB's own jobs follow. */
async function storeSettings(
  sql: Sql,
  {
    policy,
    patch,
    values,
    seen,
    now,
  }: {
    policy: Policy
    patch: Record<string, Value>
    values: Record<string, Value>
    seen: Settings
    now: Date
  },
): Promise<boolean> {
  const schedule = policy.schedule(values)
  const jobs = policy.jobs?.(values) ?? {}
  const [row] = await retryOnContention(
    () => sql<{ done: boolean }[]>`
      SELECT set_policy(
        ${policy.name}, ${jsonbText(patch)}::text::jsonb, ${jsonbText(seen)}::text::jsonb,
        ${schedule ? nextRun(schedule, now).toISOString() : null}, ${jobs.columnstoreAfterDays ?? null},
        ${jobs.refreshDays ?? null}, ${jobs.refreshMinutes ?? null}
      ) AS done`,
  )
  return row!.done
}

/** A value for one run. Throws where it could not be set, or would let go what the environment says is kept. */
export async function readOnce(
  { sql, engine, rawRetentionDays }: PolicyBase,
  path: string,
  text: string,
  connectors: ConnectorFacts,
): Promise<Value> {
  const policies = policiesOf(engine)
  const { policy, name, setting } = findSetting(policies, path, engine)
  const value = readValue(setting, path, text)
  const stored = await readStored(sql)
  const isKept = originOf(policy, name, stored[policy.name], rawRetentionDays) === 'environment'
  if (isKept && typeof value === 'number' && value < rawRetentionDays!) throw setByEnvironment(path)
  refuseImpossible(valuesWith(policies, stored, [policy.name, name, value], undefined), connectors, undefined)
  return value
}

function setByEnvironment(path: string): RefusedError {
  return new RefusedError(
    `${path} is set by the environment: change or remove ${archiveVariable} and start again`,
  )
}

function valuesWith(
  policies: Policy[],
  stored: Settings,
  [policy, name, value]: [policy: string, name: string, value: Value],
  rawRetentionDays: number | undefined,
): Settings {
  return allValues(policies, { ...stored, [policy]: { ...stored[policy], [name]: value } }, rawRetentionDays)
}

function readValue(setting: Setting, path: string, text: string): Value {
  try {
    return setting.read(text)
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new RefusedError(`${path}=${text} is refused: it ${error.message}`, { cause: error })
  }
}

function findSetting(policies: Policy[], path: string, engine: PolicyBase['engine']) {
  const [policyName = '', name = '', ...rest] = path.split('.')
  const policy = findPolicy(policies, policyName, engine)
  const setting = Object.hasOwn(policy.settings, name) ? policy.settings[name] : undefined
  if (!setting || rest.length > 0) {
    const names = Object.keys(policy.settings).map((each) => `${policy.name}.${each}`)
    throw new NotFoundError(
      names.length === 0
        ? `the policy ${policy.name} has no settings`
        : `there is no setting "${path}"; there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`,
    )
  }
  return { policy, name, setting }
}

/** Throws a NotFoundError that names those of the engine. */
export function findPolicy(policies: Policy[], name: string, engine: PolicyBase['engine']): Policy {
  const policy = policies.find((each) => each.name === name)
  if (policy) return policy
  const other = engine === 'plain' ? 'timescale' : 'plain'
  const reason = policiesOf(other).some((each) => each.name === name)
    ? `the policy ${name} is one of the ${other} engine, and this database is ${engine}`
    : `there is no policy "${name}"`
  throw new NotFoundError(`${reason}; there are ${policies.map((each) => each.name).join(', ')}`)
}
