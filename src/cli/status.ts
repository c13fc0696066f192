import { readStatus, type Status } from '../db/status.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function statusCommand(
  context: CommandContext,
  options: { format: 'table' | 'json' },
): Promise<ExitCode> {
  const status = await readStatus(await context.openDatabase())
  const place =
    context.config.databaseUrl === undefined ? `own server in ${context.config.dataDir}` : 'DATABASE_URL'
  context.stdout.write(
    options.format === 'json' ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status, place),
  )
  return 0
}

function formatStatus(status: Status, place: string): string {
  const server = `PostgreSQL ${status.postgres}${status.timescaledb ? `, TimescaleDB ${status.timescaledb}` : ''}`
  const size = (bytes: string) => `${(Number(bytes) / 1024 / 1024).toFixed(1)} MiB`
  const { total, columnstore } = status.partitions
  const facts: [string, string][] = [
    ['engine', `${status.engine} (${server}; ${place})`],
    ['users, accounts', `${status.users}, ${status.accounts}`],
    [
      'transactions',
      `about ${status.transactions} in ${total} ${status.engine === 'timescale' ? `chunks, ${columnstore} of them columnstore` : 'partitions'}`,
    ],
    ['prices', `about ${status.prices}`],
    [
      'size',
      `${size(status.bytes.database)}: transactions ${size(status.bytes.transaction)}, daily flows ${size(status.bytes.daily_flow)}, monthly flows ${size(status.bytes.monthly_flow)}, prices ${size(status.bytes.price)}`,
    ],
    ['not rolled up yet', `${status.dirtyUsers} users (read from the rows until then)`],
    ['differences', `${status.differences} reported balances that the transactions do not add up to`],
    ...status.policies.map((policy): [string, string] => ['policy', policy]),
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}
