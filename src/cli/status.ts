import { loadConnectors } from '../connectors/load.ts'
import { type PolicyState, readPolicyStates } from '../db/policies/states.ts'
import { readStatus, type Status } from '../db/status.ts'
import type { ProviderStatus } from '../db/sync-status.ts'
import { readProviders } from '../http/providers.ts'
import { outcomeOf } from './policies.ts'
import { formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function statusCommand(
  context: CommandContext,
  options: { format: 'table' | 'json' },
): Promise<ExitCode> {
  const { config, stdout, clock } = context
  const db = await context.openDatabase()
  const [status, upkeep] = [await readStatus(db), await readPolicyStates(db, clock())]
  const connectors = await loadConnectors({ places: config.connectors })
  const providers = await readProviders(db.sql, connectors, clock())
  if (options.format === 'json') {
    stdout.write(`${JSON.stringify({ ...status, upkeep, providers }, null, 2)}\n`)
    return 0
  }
  const place = config.databaseUrl === undefined ? `own server in ${config.dataDir}` : 'DATABASE_URL'
  stdout.write(formatStatus(status, upkeep, place))
  if (providers.length > 0)
    stdout.write(`\n${formatProviders(providers, stdout.isTTY ? stdout.columns : undefined)}\n`)
  return 0
}

function formatProviders(providers: ProviderStatus[], width: number | undefined): string {
  const rows = providers.map((provider) => [
    provider.connector,
    String(provider.sources),
    String(provider.due),
    String(provider.running),
    String(provider.backfilling),
    String(provider.failing),
    String(provider.waiting),
    String(provider.deadLetters),
    provider.oldestSync?.toISOString().slice(0, 19) ?? `${provider.neverSynced} never`,
    provider.pausedUntil
      ? `paused until ${provider.pausedUntil.toISOString().slice(0, 19)}`
      : formatBudgets(provider),
  ])
  return formatTable(rows, {
    head: [
      'provider',
      'sources',
      'due',
      'running',
      'history',
      'failing',
      'waiting',
      'letters',
      'oldest sync',
      'requests',
    ],
    align: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    ...(width !== undefined && { width }),
  })
}

function formatBudgets({ budgets, connectionsUsedUp }: ProviderStatus): string {
  const parts = budgets.map(({ used, left }) => `${used} used, ${left} left`)
  if (connectionsUsedUp === 1) parts.push('1 connection has used its own up')
  else if (connectionsUsedUp !== null) parts.push(`${connectionsUsedUp} connections have used theirs up`)
  return parts.join('; ')
}

function formatStatus(status: Status, upkeep: PolicyState[], place: string): string {
  const server = `PostgreSQL ${status.postgres}${status.timescaledb ? `, TimescaleDB ${status.timescaledb}` : ''}`
  const size = (bytes: string) => `${(Number(bytes) / 1024 / 1024).toFixed(1)} MiB`
  const { total, columnstore } = status.partitions
  const facts: [string, string][] = [
    ['engine', `${status.engine} (${server}; ${place})`],
    ['users, accounts', `${status.users}, ${status.accounts}`],
    [
      'transactions',
      `about ${status.transactions} rows${status.archive.files === 0 ? '' : ', sums of archived ones among them,'} in ${total} ${status.engine === 'timescale' ? `chunks, ${columnstore} of them columnstore` : 'partitions'}`,
    ],
    ['prices', `about ${status.prices}`],
    [
      'size',
      `${size(status.bytes.database)}: transactions ${size(status.bytes.transaction)}, daily flows ${size(status.bytes.daily_flow)}, monthly flows ${size(status.bytes.monthly_flow)}, prices ${size(status.bytes.price)}`,
    ],
    [
      'archive',
      status.archive.files === 0
        ? 'nothing is archived'
        : `about ${status.archive.transactions} transactions in ${status.archive.files} files, ${size(status.archive.bytes)}`,
    ],
    ['not rolled up yet', `${status.dirtyUsers} users (read from the rows until then)`],
    [
      'differences',
      `${status.moreDifferences ? 'at least ' : ''}${status.differences} reported balances that the transactions do not add up to`,
    ],
    ...upkeep.map((policy): [string, string] => ['policy', describePolicy(policy)]),
    ...status.policies.map(({ procedure, relation, everySeconds }): [string, string] => [
      'TimescaleDB job',
      `${procedure} on ${relation} every ${everySeconds / 60} minutes`,
    ]),
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function describePolicy(policy: PolicyState): string {
  const { name, schedule, lastRun } = policy
  const last = lastRun
    ? `last run ${lastRun.toISOString().slice(0, 19)}, ${outcomeOf(policy)}`
    : 'has not run yet'
  return schedule === 'off' ? `${name} off` : `${name} ${schedule}; ${last}`
}
