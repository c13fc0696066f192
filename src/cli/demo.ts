import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { dayInZone } from '../calendar.ts'
import { readBalances } from '../db/balances.ts'
import type { Database } from '../db/database.ts'
import { holdAlone } from '../db/hold-alone.ts'
import { readNetWorth } from '../db/net-worth.ts'
import { refreshRollups } from '../db/rollups.ts'
import { addUser, findUser, hasOtherUsers, type User } from '../db/users.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { startWorker } from '../scheduler/run-worker.ts'
import { drawChart } from './chart.ts'
import { connectSources, setOthersAside } from './demo/connect-sources.ts'
import { coinPricesAfter, connections } from './demo/connections.ts'
import { makeHousehold } from './demo/household.ts'
import { writeHousehold } from './demo/household-files.ts'
import { importFiles } from './demo/import-files.ts'
import { openProviders } from './demo/open-providers.ts'
import { connectSecondBank } from './demo/second-bank.ts'
import { serveHousehold } from './demo/serve-household.ts'
import { formatOutcomes } from './demo/source-lines.ts'
import { watchSources } from './demo/sync-sources.ts'
import { formatNetWorthTable } from './net-worth.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/**
 * Makes a household, serves most of its accounts as providers would, and syncs them from there as it would sync anyone;
 * the rest comes as statement files. Shows what came of it, and serves its dashboard until a signal. In a database of its
 * own: prices are shared by all users, and the household's are made up.
 */
export async function demoCommand(
  context: CommandContext,
  options: { seed: number; serve: boolean },
): Promise<ExitCode> {
  const started = context.clock().getTime()
  const { config, shutdown, stdout } = context
  const dataDir = `${config.dataDir}-demo`
  const db = await context.openDatabase(dataDir)
  if (config.databaseUrl !== undefined && (await hasOtherUsers(db, demoUsers))) {
    throw new RefusedError(
      'the database at DATABASE_URL has users of its own, and the made-up prices of the demo would be theirs too: name an empty database, or none',
    )
  }
  if (!(await holdAlone(db, 'demo', shutdown)))
    throw new RefusedError(
      'another tidemark demo runs on this database: open its link, end it by Ctrl-C, or name another TIDEMARK_DATA_DIR',
    )
  await setOthersAside(db, context.clock)
  const today = dayInZone(context.clock(), 'UTC')
  // One household a seed and year: another year begins another ten years, and with other balances.
  const email = `household-${options.seed}-${today.slice(0, 4)}${demoUsers}`
  const user = await findOrAdd(db, email)
  const folder = join(dataDir, 'files', email)
  await mkdir(folder, { recursive: true })
  const household = makeHousehold({ seed: options.seed, today })
  const files = await writeHousehold(household, folder, {
    accounts: connections.flatMap(({ accounts }) => accounts),
    pricesAfter: coinPricesAfter(household),
  })
  stdout.write(
    `A household of ten years. Its brokerage, loans and flat are ${files.length} files in ${relative(context.workingDirectory, folder)}\n`,
  )
  stdout.write(`${await importFiles(context, db, user, files)}\n`)
  stdout.write('Its banks, card, coins and rates come from providers, emulated on this machine, over HTTP:\n')
  const { parts, emulated, secondBank } = await openProviders(context, db, { household, dataDir })
  const sources = await connectSources(db, parts.keyring, user.id, emulated, context.clock)
  const { onReport, allRead } = await watchSources(context, db, sources)
  const worker = startWorker(parts, { concurrency: config.workerConcurrency, onReport }, shutdown)
  stdout.write(formatOutcomes(await allRead()))
  await refreshRollups(db.sql, db.engine)

  const balances = await readBalances(db.sql, { userId: user.id, at: today, currency: user.baseCurrency })
  const reported = balances.filter(({ difference }) => difference !== null)
  const agreeing = reported.filter(({ difference }) => difference === '0')
  const accounts = new Set(balances.map(({ accountId }) => accountId))
  const seconds = ((context.clock().getTime() - started) / 1000).toFixed(1)
  stdout.write(
    `${accounts.size} accounts; ${agreeing.length} of ${reported.length} reported balances are what the transactions add up to. ` +
      `${seconds} s, ${db.engine} engine.\n\n`,
  )
  await showNetWorth(context, db, user, today)
  const place =
    config.databaseUrl === undefined
      ? `TIDEMARK_DATA_DIR=${relative(context.workingDirectory, dataDir)} `
      : ''
  const commands = [
    `net-worth --user ${email} --by kind --interval quarter`,
    `balance --user ${email}`,
    'source list',
    'status',
  ]
  stdout.write(`\nGo on with:\n${commands.map((command) => `  ${place}npx tidemark ${command}\n`).join('')}`)
  if (!options.serve) return 0
  await connectSecondBank(parts, user.id, secondBank)
  await serveHousehold(context, parts, user, worker)
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
