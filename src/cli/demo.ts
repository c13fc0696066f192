import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { dayInZone } from '../calendar.ts'
import type { Database } from '../db/database.ts'
import type { ImportReport } from '../db/import-statement.ts'
import { readNetWorth } from '../db/net-worth.ts'
import { refreshRollups } from '../db/rollups.ts'
import { addUser, findUser, hasOtherUsers, type User } from '../db/users.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { drawChart } from './chart.ts'
import { makeHousehold } from './demo/household.ts'
import { writeHousehold } from './demo/household-files.ts'
import { importFile } from './import.ts'
import { importPriceFile } from './import-prices.ts'
import { formatNetWorthTable } from './net-worth.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/**
 * Makes a household's statement files, imports them as anyone would, and shows what came of it. In a database of its
 * own: prices are shared by all users, and the household's are made up.
 */
export async function demoCommand(context: CommandContext, options: { seed: number }): Promise<ExitCode> {
  const started = context.clock().getTime()
  const { config } = context
  const dataDir = `${config.dataDir}-demo`
  const db = await context.openDatabase(dataDir)
  if (config.databaseUrl !== undefined && (await hasOtherUsers(db, demoUsers))) {
    throw new RefusedError(
      'the database at DATABASE_URL has users of its own, and the made-up prices of the demo would be theirs too: name an empty database, or none',
    )
  }
  const today = dayInZone(context.clock(), 'UTC')
  // One household a seed and year: another year begins another ten years, and with other balances.
  const email = `demo-${options.seed}-${today.slice(0, 4)}${demoUsers}`
  const user = await findOrAdd(db, email)
  const folder = join(dataDir, 'files', email)
  await mkdir(folder, { recursive: true })
  const files = await writeHousehold(makeHousehold({ seed: options.seed, today }), folder)
  const shownFolder = relative(context.workingDirectory, folder)
  context.stdout.write(`A household of ten years: ${files.length} files in ${shownFolder}\n`)

  const sum = { rows: 0, added: 0, unchanged: 0, statements: 0, balancing: 0, accounts: new Set<string>() }
  for (const file of files) {
    if (file.kind === 'prices') {
      await importPriceFile(context, db, file.path, {})
      continue
    }
    const report = await importFile(context, db, user, file.path, {
      ...(file.account !== undefined && { account: file.account }),
      ...(file.accountKind !== undefined && { kind: file.accountKind }),
      ...(file.currency !== undefined && { currency: file.currency }),
    })
    addReport(sum, report)
  }
  await refreshRollups(db.sql, db.engine)
  const seconds = ((context.clock().getTime() - started) / 1000).toFixed(1)
  context.stdout.write(
    `Imported ${sum.rows} transactions of ${sum.accounts.size} accounts (${sum.added} added, ${sum.unchanged} known before); ` +
      `${sum.balancing} of ${sum.statements} statements with balances add up. ${seconds} s, ${db.engine} engine.\n\n`,
  )
  await showNetWorth(context, db, user, today)
  context.stdout.write(
    `\nGo on with:\n${[`net-worth --user ${email} --by kind --interval quarter`, `balance --user ${email}`]
      .map(
        (command) =>
          `  ${config.databaseUrl === undefined ? `TIDEMARK_DATA_DIR=${relative(context.workingDirectory, dataDir)} ` : ''}npx tidemark ${command}\n`,
      )
      .join('')}`,
  )
  return 0
}

/** How the addresses of the households end; no one else's do (RFC 2606). */
const demoUsers = '@demo.example'

async function findOrAdd(db: Database, email: string): Promise<User> {
  try {
    return await findUser(db, email)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    return addUser(db, { email, timeZone: 'UTC', baseCurrency: 'EUR' })
  }
}

function addReport(
  sum: {
    rows: number
    added: number
    unchanged: number
    statements: number
    balancing: number
    accounts: Set<string>
  },
  report: ImportReport,
): void {
  sum.rows += report.rows
  for (const account of report.accounts) {
    sum.added += account.added
    sum.unchanged += account.unchanged
    sum.accounts.add(account.accountId)
  }
  sum.statements += report.checks.length
  sum.balancing += report.checks.filter((check) => check.difference === '0').length
}

async function showNetWorth(context: CommandContext, db: Database, user: User, today: string): Promise<void> {
  const query = { userId: user.id, currency: user.baseCurrency, to: today }
  const yearly = await readNetWorth(db.sql, { ...query, interval: 'year' })
  const monthly = await readNetWorth(db.sql, { ...query, interval: 'month' })
  context.stdout.write(`${formatNetWorthTable(yearly)}\n`)
  context.stdout.write(
    `${drawChart(
      monthly.points.map((point) => ({ date: point.date, value: point.netWorth })),
      {
        width: Math.min(context.stdout.columns ?? 100, 140),
        height: 18,
        colour: context.stdout.isTTY === true,
        currency: user.baseCurrency,
      },
    )}\n`,
  )
}
