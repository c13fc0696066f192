import { loadConnectors } from '../connectors/load.ts'
import type { Database } from '../db/database.ts'
import { policiesOf } from '../db/policies/all.ts'
import { claimPolicies, planPolicies } from '../db/policies/claims.ts'
import type { Policy } from '../db/policies/policy.ts'
import { runPolicy } from '../db/policies/run.ts'
import type { Value } from '../db/policies/setting.ts'
import { findPolicy, setSetting } from '../db/policies/settings.ts'
import { type PolicyState, readPolicyStates } from '../db/policies/states.ts'
import { RefusedError } from '../errors.ts'
import { refuseWrongClock } from '../scheduler/clock-guard.ts'
import { connectorFacts } from '../scheduler/connector-facts.ts'
import { runnersOf } from './open-archive.ts'
import { createProgress } from './progress.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function policiesListCommand(
  context: CommandContext,
  options: { format: 'table' | 'json' },
): Promise<ExitCode> {
  const { stdout, clock } = context
  const states = await readPolicyStates(await context.openDatabase(), clock())
  if (options.format === 'json') stdout.write(`${JSON.stringify(states, null, 2)}\n`)
  else stdout.write(`${formatPolicies(states, stdout.isTTY ? stdout.columns : undefined)}\n`)
  return 0
}

export async function policiesSetCommand(
  context: CommandContext,
  setting: string,
  value: string,
): Promise<ExitCode> {
  return change(context, setting, value)
}

export async function policiesUnsetCommand(context: CommandContext, setting: string): Promise<ExitCode> {
  return change(context, setting, undefined)
}

async function change(context: CommandContext, path: string, text: string | undefined): Promise<ExitCode> {
  const { config, clock, stdout } = context
  const db = await context.openDatabase()
  const connectors = await connectorFacts(await loadConnectors({ places: config.connectors }))
  const value = await setSetting(db, path, text, { now: clock(), connectors })
  stdout.write(`${path} is ${value ?? 'off'}${text === undefined ? ', its default' : ''}\n`)
  if (path === 'archive.afterDays' && value !== null && !runnersOf(context).archive)
    stdout.write(
      'no archive is configured here: a worker runs this once TIDEMARK_ARCHIVE says where the files go\n',
    )
  return 0
}

/** Runs policies now, one after the other; 1 where one failed, or is being run by somebody else. */
export async function policiesRunCommand(
  context: CommandContext,
  names: string[],
  { all = false }: { all?: boolean },
): Promise<ExitCode> {
  if (names.length === 0 && !all) throw new RefusedError('say which policies: their names, or --all')
  if (names.length > 0 && all) throw new RefusedError('say either names of policies, or --all')
  const db = await context.openDatabase()
  const policies = policiesOf(db.engine, runnersOf(context))
  const chosen = all
    ? policies.filter(({ runnable }) => runnable !== false)
    : [...new Set(names)].map((name) => findPolicy(policies, name, db.engine))
  const unrunnable = chosen.find(({ runnable }) => runnable === false)
  if (unrunnable)
    throw new RefusedError(`the policy ${unrunnable.name} cannot be run: nothing carries it out`)
  await refuseWrongClock(context, db)
  await planPolicies(db.sql, chosen, db.rawRetentionDays, context.clock())
  let exitCode: ExitCode = 0
  for (const policy of chosen) {
    context.signal.throwIfAborted()
    if (!(await runOne(context, db, policy))) exitCode = 1
  }
  return exitCode
}

/** False where it failed, or is being run by somebody else. `values` are in the place of what is set. */
export async function runOne(
  { clock, signal, stdout, stderr }: CommandContext,
  db: Database,
  policy: Policy,
  values: Record<string, Value> = {},
): Promise<boolean> {
  const { sql, engine, rawRetentionDays } = db
  const [claim] = await claimPolicies(sql, [policy], { now: clock(), due: false, rawRetentionDays })
  if (!claim) {
    stdout.write(
      `${policy.name}: is being run by another process, or one was killed that did until less than two minutes ago\n`,
    )
    return false
  }
  const bar = createProgress({
    stream: stderr,
    clock: () => clock().getTime(),
    label: policy.name,
    unit: 'steps',
  })
  const progress = (done: number, of: number) => bar.update(done, of)
  const { message, error, givenUp } = await runPolicy(
    { sql, leases: sql, engine, clock, signal, progress },
    claim,
    values,
  )
  bar.finish()
  stdout.write(`${policy.name}: ${error === undefined ? message : `failed: ${message}`}\n`)
  return error === undefined && !givenUp
}

/** One line a policy. */
export function formatPolicies(states: PolicyState[], width: number | undefined): string {
  const rows = states.map((state) => [
    state.name,
    formatSettings(state),
    state.schedule,
    state.lastRun?.toISOString().slice(0, 19) ?? 'never',
    outcomeOf(state),
    state.nextRun?.toISOString().slice(0, 19) ?? '',
    String(state.failures),
    state.lastMessage ?? '',
  ])
  return formatTable(rows, {
    head: ['policy', 'settings', 'runs', 'last run', '', 'next run', 'failed', 'what it told'],
    align: ['left', 'left', 'left', 'left', 'left', 'left', 'right'],
    ...(width !== undefined && { width }),
  })
}

function formatSettings({ settings }: PolicyState): string {
  return settings.map(({ name, value, origin }) => `${name} ${value ?? 'off'}${marks[origin]}`).join(', ')
}

const marks = { default: '', set: ' (set)', environment: ' (TIDEMARK_RAW_RETENTION_DAYS)' }

export function outcomeOf({ running, lastRun, lastEnd, lastStatus }: PolicyState): string {
  if (running) return 'running'
  if (lastRun !== null && lastEnd === null) return 'broken off'
  return lastStatus ?? ''
}
