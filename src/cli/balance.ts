import { dayInZone } from '../calendar.ts'
import { type Balance, readBalances } from '../db/balances.ts'
import { asCurrency, findUser, markSeen } from '../db/users.ts'
import { formatCsv } from './csv.ts'
import { formatMoney, formatTable } from './table.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface BalanceOptions {
  user: string
  at?: string
  currency?: string
  format: 'table' | 'csv' | 'json'
}

export async function balanceCommand(context: CommandContext, options: BalanceOptions): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = await findUser(db, options.user)
  await markSeen(db, user.id, context.clock())
  const at = options.at ?? dayInZone(context.clock(), user.timeZone)
  const currency = asCurrency(options.currency ?? user.baseCurrency)
  const balances = await readBalances(db.sql, { userId: user.id, at, currency })
  context.stdout.write(formats[options.format](balances, at, currency))
  return 0
}

const formats: Record<
  BalanceOptions['format'],
  (balances: Balance[], at: string, currency: string) => string
> = {
  json: (balances, at) => `${JSON.stringify(byAccount(balances, at), null, 2)}\n`,
  csv: (balances) =>
    formatCsv([
      [
        'account',
        'asset',
        'quantity',
        'value',
        'currency',
        'quality',
        'reported',
        'reported_on',
        'difference',
      ],
      ...balances.map((balance) => [
        balance.account,
        balance.asset,
        balance.quantity,
        balance.value,
        balance.currency,
        balance.quality,
        balance.reported,
        balance.reportedOn,
        balance.difference,
      ]),
    ]),
  table: (balances, at, currency) => {
    // What came and went is in the other formats; a table is for what there is.
    const held = balances.filter((balance) => balance.quantity !== '0' || (balance.difference ?? '0') !== '0')
    const table = formatTable(
      held.map((balance) => [
        balance.account,
        balance.kind,
        balance.quantity,
        balance.asset,
        balance.value === null ? 'no price' : formatMoney(balance.value),
        balance.quality,
        balance.difference === null || balance.difference === '0'
          ? ''
          : `reported ${balance.reported} on ${balance.reportedOn} (${balance.difference})`,
      ]),
      {
        head: ['account', 'kind', 'quantity', 'asset', `value ${currency}`, 'quality', 'difference'],
        align: ['left', 'left', 'right', 'left', 'right', 'left', 'left'],
      },
    )
    return `Balances at the end of ${at}\n${table}\n`
  },
}

interface AccountBalances {
  accountId: string
  account: string
  kind: string
  at: string
  balances: Omit<Balance, 'accountId' | 'account' | 'kind'>[]
}

function byAccount(balances: Balance[], at: string): AccountBalances[] {
  const accounts = new Map<string, AccountBalances>()
  for (const { accountId, account, kind, ...balance } of balances) {
    const entry = accounts.get(accountId) ?? { accountId, account, kind, at, balances: [] }
    entry.balances.push(balance)
    accounts.set(accountId, entry)
  }
  return [...accounts.values()]
}
