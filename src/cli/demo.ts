import { setMaxListeners } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { dayInZone } from '../calendar.ts'
import { createTransport } from '../connectors/transport.ts'
import { readBalances } from '../db/balances.ts'
import type { Database } from '../db/database.ts'
import { readNetWorth } from '../db/net-worth.ts'
import { refreshRollups } from '../db/rollups.ts'
import { addUser, findUser, hasOtherUsers, type User } from '../db/users.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { loadKeyring } from '../keyring.ts'
import { createShutdown } from '../shutdown.ts'
import { drawChart } from './chart.ts'
import { connectSources, pauseSources, setOthersAside } from './demo/connect-sources.ts'
import { coinPricesAfter, connections } from './demo/connections.ts'
import { startProviders } from './demo/emulated-providers.ts'
import { type Household, makeHousehold } from './demo/household.ts'
import { type HouseholdFile, writeHousehold } from './demo/household-files.ts'
import { formatOutcomes, type SourceState } from './demo/source-lines.ts'
import { syncSources } from './demo/sync-sources.ts'
import { importFile } from './import.ts'
import { importPriceFile } from './import-prices.ts'
import { formatNetWorthTable } from './net-worth.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/**
 * Makes a household, serves most of its accounts as providers would, and syncs them from there as it would sync anyone;
 * the rest comes as statement files. Shows what came of it. In a database of its own: prices are shared by all users,
 * and the household's are made up.
 */
export async function demoCommand(context: CommandContext, options: { seed: number }): Promise<ExitCode> {
  const started = context.clock().getTime()
  const { config, stdout } = context
  const dataDir = `${config.dataDir}-demo`
  const db = await context.openDatabase(dataDir)
  if (config.databaseUrl !== undefined && (await hasOtherUsers(db, demoUsers))) {
    throw new RefusedError(
      'the database at DATABASE_URL has users of its own, and the made-up prices of the demo would be theirs too: name an empty database, or none',
    )
  }
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
  stdout.write(formatOutcomes(await syncHousehold(context, db, user, { household, dataDir })))
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

/** What has no fitting provider; returns what it came to in a sentence. */
async function importFiles(
  context: CommandContext,
  db: Database,
  user: User,
  files: HouseholdFile[],
): Promise<string> {
  const sum = { rows: 0, added: 0, unchanged: 0 }
  const accounts = new Set<string>()
  for (const { path, kind, account, accountKind, currency } of files) {
    if (kind === 'prices') {
      await importPriceFile(context, db, path, {})
      continue
    }
    const report = await importFile(context, db, user, path, {
      ...(account !== undefined && { account }),
      ...(accountKind !== undefined && { kind: accountKind }),
      ...(currency !== undefined && { currency }),
    })
    sum.rows += report.rows
    for (const { accountId, added, unchanged } of report.accounts) {
      accounts.add(accountId)
      sum.added += added
      sum.unchanged += unchanged
    }
  }
  return `Imported ${sum.rows} transactions of ${accounts.size} accounts (${sum.added} added, ${sum.unchanged} known before).`
}

/** Everything that runs for it ends with it, however it ends; its sources are paused then. */
async function syncHousehold(
  context: CommandContext,
  db: Database,
  user: User,
  { household, dataDir }: { household: Household; dataDir: string },
): Promise<SourceState[]> {
  const { clock, config } = context
  const work = createShutdown()
  setMaxListeners(0, work.signal)
  context.shutdown.register(() => work.stop())
  try {
    const emulated = await startProviders(household, clock, work)
    const transport = createTransport({ allowedHosts: emulated.map(({ host }) => host) })
    work.register(() => transport.close())
    // Also where the database is another's: nothing else is ever sealed there.
    const keyring = loadKeyring({ ...config, databaseUrl: undefined, dataDir })
    const sources = await connectSources(db, keyring, user.id, emulated, clock)
    work.register(() => pauseSources(db, sources, clock))
    return await syncSources(context, db, sources, { keyring, fetch: transport.fetch }, work)
  } finally {
    await work.stop()
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
