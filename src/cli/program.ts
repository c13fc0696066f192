import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isDay } from '../calendar.ts'
import { priceFormats } from '../connectors/prices/price-reader.ts'
import { statementFormats } from '../connectors/statements/format.ts'
import { breakdowns, intervals } from '../db/net-worth.ts'
import { accountKinds } from '../page.ts'
import { balanceCommand } from './balance.ts'
import { demoCommand } from './demo.ts'
import { importCommand } from './import.ts'
import { importPricesCommand } from './import-prices.ts'
import { migrateCommand } from './migrate.ts'
import { netWorthCommand } from './net-worth.ts'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import type { CommandContext, ExitCode } from './terminal.ts'
import { userAddCommand } from './user-add.ts'

const outputFormats = ['table', 'csv', 'json']

/** The command line, as `tidemark --help` tells it. `done` takes the exit code of the command that ran. */
export function createProgram(context: CommandContext, done: (code: ExitCode) => void): Command {
  const program = new Command('tidemark')
    .description(
      'What you are worth, and how it got there: net worth over time from the statements of your banks.',
    )
    .version(version())
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })

  const add = (name: string, description: string) =>
    program.command(name).description(description).exitOverride().copyInheritedSettings(program)
  const run =
    <Arguments extends unknown[]>(
      command: (context: CommandContext, ...rest: Arguments) => Promise<ExitCode>,
    ) =>
    async (...rest: unknown[]) =>
      done(await command(context, ...(rest as Arguments)))
  const user = () => new Option('--user <email>', 'whose').makeOptionMandatory()
  const format = () =>
    new Option('--format <format>', 'how it is written').choices(outputFormats).default('table')

  add('serve', 'run the server: health checks, and the upkeep of the database').action(run(serveCommand))
  add('migrate', 'bring the database up to date').action(run(migrateCommand))
  add('status', 'tell what the database is and holds')
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['table', 'json']).default('table'),
    )
    .action(run(statusCommand))
  program
    .command('user')
    .description('users of this installation')
    .exitOverride()
    .command('add <email>')
    .description('add a user')
    .copyInheritedSettings(program)
    .option('--time-zone <zone>', 'IANA name; decides on which day an instant falls', 'UTC')
    .option('--base-currency <currency>', 'what net worth is told in', 'EUR')
    .action(run(userAddCommand))
  add(
    'import <files...>',
    'import statement files: tidemark-csv, CSV with a mapping, OFX/QFX, QIF, CAMT.053, MT940',
  )
    .addOption(user())
    .option('--account <name>', 'the account, where the file names none; else the name to show it by')
    .addOption(
      new Option('--kind <kind>', 'of accounts whose kind the file does not tell').choices([...accountKinds]),
    )
    .addOption(
      new Option('--format <format>', 'instead of looking at the content').choices([...statementFormats]),
    )
    .option('--mapping <file>', 'how to read a CSV that is not Tidemark’s own (JSON, see README)')
    .option('--currency <currency>', 'of rows that name none (default: the user’s base currency)')
    .option('--skip-bad', 'take the good records of a file with bad ones')
    .action(run(importCommand))
  add(
    'import-prices <file>',
    'import daily prices: asset,currency,date,price, or the ECB’s eurofxref-hist.csv',
  )
    .addOption(
      new Option('--format <format>', 'instead of looking at the content').choices([...priceFormats]),
    )
    .option('--skip-bad', 'take the good records of a file with bad ones')
    .action(run(importPricesCommand))
  add('net-worth', 'net worth over time')
    .addOption(user())
    .option('--from <date>', 'first day (default: of the first transaction)', day)
    .option('--to <date>', 'last day (default: today in the user’s time zone)', day)
    .addOption(
      new Option('--interval <interval>', 'a point each').choices(['auto', ...intervals]).default('auto'),
    )
    .option('--currency <currency>', 'what it is told in (default: the user’s base currency)')
    .addOption(new Option('--by <part>', 'broken down by').choices([...breakdowns]))
    .addOption(format())
    .action(run(netWorthCommand))
  add('balance', 'what every account holds')
    .addOption(user())
    .option('--at <date>', 'at the end of this day (default: today in the user’s time zone)', day)
    .option('--currency <currency>', 'what it is valued in (default: the user’s base currency)')
    .addOption(format())
    .action(run(balanceCommand))
  add('demo', 'make a household of ten years, import it, and show its net worth')
    .option('--seed <number>', 'another household', integer, 1)
    .action(run(demoCommand))
  return program
}

function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('Give a day as YYYY-MM-DD.')
  return text
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Give a whole number.')
  return value
}

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
