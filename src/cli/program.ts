import { Command, InvalidArgumentError, Option } from 'commander'
import { isDay } from '../calendar.ts'
import { priceFormats } from '../connectors/prices/price-reader.ts'
import { statementFormats } from '../connectors/statements/format.ts'
import { breakdowns, intervals } from '../db/net-worth.ts'
import { accountKinds } from '../page.ts'
import type { CommandContext, ExitCode } from './terminal.ts'
import { version } from './version.ts'

const outputFormats = ['table', 'csv', 'json']

/** The command line, as `tidemark --help` tells it. `done` takes the exit code of the command that ran. */
export function createProgram(context: CommandContext, done: (code: ExitCode) => void): Command {
  const program = new Command('tidemark')
    .description(
      'What you are worth, and how it got there: net worth over time from your banks, cards, loans and crypto exchanges, synced or imported.',
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
  /** Only what the command needs is loaded. */
  const run =
    <Arguments extends unknown[]>(
      load: () => Promise<(context: CommandContext, ...rest: Arguments) => Promise<ExitCode>>,
    ) =>
    async (...rest: unknown[]) => {
      const command = await load()
      done(await command(context, ...(rest as Arguments)))
    }
  const user = () => new Option('--user <email>', 'whose').makeOptionMandatory()
  const format = () =>
    new Option('--format <format>', 'how it is written').choices(outputFormats).default('table')

  const group = (name: string, description: string) => {
    const made = program.command(name).description(description).exitOverride()
    return (command: string, text: string, isDefault = false) =>
      made.command(command, { isDefault }).description(text).exitOverride().copyInheritedSettings(program)
  }
  const tableOrJson = () =>
    new Option('--format <format>', 'how it is written').choices(['table', 'json']).default('table')

  add('serve', 'run the server: HTTP, and syncs with the upkeep of the database')
    .option('--no-scheduler', 'HTTP alone: syncs and upkeep are left to workers')
    .action(run(async () => (await import('./serve.ts')).serveCommand))
  add('worker', 'run syncs and the upkeep of the database; any number of workers share one').action(
    run(async () => (await import('./worker.ts')).workerCommand),
  )
  add('migrate', 'bring the database up to date').action(
    run(async () => (await import('./migrate.ts')).migrateCommand),
  )
  add('status', 'tell what the database is and holds, and how the syncs with each provider stand')
    .addOption(tableOrJson())
    .action(run(async () => (await import('./status.ts')).statusCommand))
  add('backup <file>', 'write everything that the database holds into one file; - for standard output')
    .option('--force', 'replace a file that exists')
    .action(run(async () => (await import('./backup.ts')).backupCommand))
  add('restore <file>', 'load a backup into an empty database; - for standard input')
    .option('--check', 'only tell whether the file is whole')
    .option('--clean', 'empty what a restore left that did not come to its end')
    .option('--stopped', 'nothing ran on the old database since the backup: go on where it was')
    .action(run(async () => (await import('./restore.ts')).restoreCommand))
  const users = group('user', 'users of this installation')
  users('add <email>', 'add a user')
    .option('--time-zone <zone>', 'IANA name; decides on which day an instant falls', 'UTC')
    .option('--base-currency <currency>', 'what net worth is told in', 'EUR')
    .action(run(async () => (await import('./user-add.ts')).userAddCommand))
  users('password <email>', 'give a user the password on standard input, and end their log-ins')
    .option('--remove-second-factor', 'turn the second factor off, too')
    .action(run(async () => (await import('./user-password.ts')).userPasswordCommand))
  const apiKeys = group('api-key', 'keys with which programs ask over HTTP')
  apiKeys('add', 'make a key, which is shown this once')
    .option('--user <email>', 'who the program acts for')
    .option('--service', 'for another service of the installation, or its operator')
    .requiredOption('--name <name>', 'to tell it from others')
    .option('--scopes <scopes>', 'of a user’s key: one or more of read,write,admin')
    .action(run(async () => (await import('./api-key.ts')).apiKeyAddCommand))
  apiKeys('list', 'those that are good, newest first')
    .option('--user <email>', 'of one user')
    .addOption(tableOrJson())
    .action(run(async () => (await import('./api-key.ts')).apiKeyListCommand))
  apiKeys('revoke <id>', 'have a key refused from now on').action(
    run(async () => (await import('./api-key.ts')).apiKeyRevokeCommand),
  )
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
    .action(run(async () => (await import('./import.ts')).importCommand))
  add(
    'import-prices <file>',
    'import daily prices: asset,currency,date,price, or the ECB’s eurofxref-hist.csv',
  )
    .addOption(
      new Option('--format <format>', 'instead of looking at the content').choices([...priceFormats]),
    )
    .option('--skip-bad', 'take the good records of a file with bad ones')
    .action(run(async () => (await import('./import-prices.ts')).importPricesCommand))
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
    .action(run(async () => (await import('./net-worth.ts')).netWorthCommand))
  add('balance', 'what every account holds')
    .addOption(user())
    .option('--at <date>', 'at the end of this day (default: today in the user’s time zone)', day)
    .option('--currency <currency>', 'what it is valued in (default: the user’s base currency)')
    .addOption(format())
    .action(run(async () => (await import('./balance.ts')).balanceCommand))
  const source = group('source', 'connections to providers')
  source('add <type>', 'connect to a provider, whose credentials are tried first')
    .option('--user <email>', 'whose; for connectors of a user')
    .option('--platform', 'of everybody; for platform-wide connectors')
    .option('--name <name>', 'what it is called')
    .option('--config <json>', 'what the connector takes', '{}')
    .option('--credentials <file>', 'a JSON file with the credentials; - for standard input')
    .action(run(async () => (await import('./source-add.ts')).sourceAddCommand))
  source('reconnect <id>', 'new credentials for a source whose owner has to sign in again')
    .requiredOption('--credentials <file>', 'a JSON file with them; - for standard input')
    .action(run(async () => (await import('./source-add.ts')).sourceReconnectCommand))
  source('list', 'what is connected, and how it stands')
    .option('--user <email>', 'of one user')
    .addOption(tableOrJson())
    .action(run(async () => (await import('./source.ts')).sourceListCommand))
  source('pause <id>', 'sync it no more until it is resumed').action(
    run(async () => (await import('./source.ts')).sourcePauseCommand),
  )
  source('resume <id>', 'sync it again, at once').action(
    run(async () => (await import('./source.ts')).sourceResumeCommand),
  )
  source('remove <id>', 'end a connection; what was synced stays').action(
    run(async () => (await import('./source.ts')).sourceRemoveCommand),
  )
  add('sync', 'sync now: what is new, and then what is left of the history')
    .option('--source <id>', 'one source')
    .option('--user <email>', 'all sources of a user')
    .option('--all', 'all sources')
    .option('--no-history', 'only what is new')
    .action(run(async () => (await import('./sync.ts')).syncCommand))
  const letters = group('dead-letters', 'fetches that failed for the last time')
  letters('list', 'those that are open, newest first')
    .option('--user <email>', 'of one user')
    .option('--source <id>', 'of one source')
    .addOption(tableOrJson())
    .action(run(async () => (await import('./dead-letters.ts')).deadLettersListCommand))
  letters('retry [ids...]', 'have them run again')
    .option('--user <email>', 'all of one user')
    .option('--source <id>', 'all of one source')
    .option('--all', 'all')
    .action(run(async () => (await import('./dead-letters.ts')).deadLettersRetryCommand))
  letters('discard [ids...]', 'close them without running them again')
    .option('--user <email>', 'all of one user')
    .option('--source <id>', 'all of one source')
    .option('--all', 'all')
    .action(run(async () => (await import('./dead-letters.ts')).deadLettersDiscardCommand))
  const policies = group('policies', 'what the database does by itself, and when')
  policies('list', 'each policy: its settings, how its last run went, when it runs again', true)
    .addOption(tableOrJson())
    .action(run(async () => (await import('./policies.ts')).policiesListCommand))
  policies('set <setting> <value>', 'change a setting, such as rollups.days 90').action(
    run(async () => (await import('./policies.ts')).policiesSetCommand),
  )
  policies('unset <setting>', 'take a setting back to its default').action(
    run(async () => (await import('./policies.ts')).policiesUnsetCommand),
  )
  policies('run [names...]', 'run policies now')
    .option('--all', 'all of them')
    .action(run(async () => (await import('./policies.ts')).policiesRunCommand))
  group('keys', 'keys under which credentials are sealed')(
    'rotate',
    'put all credentials under a new key, or under TIDEMARK_KEY',
  ).action(run(async () => (await import('./keys-rotate.ts')).keysRotateCommand))
  const archive = group('archive', 'the detail of old transactions, in files')
  archive('run', 'move what is old enough to files; balances and net worth stay what they are')
    .option(
      '--after-days <days>',
      'months of which every day is older (default: what the policy archive says)',
    )
    .action(run(async () => (await import('./archive.ts')).archiveRunCommand))
  archive('list', 'which files there are')
    .addOption(tableOrJson())
    .action(run(async () => (await import('./archive.ts')).archiveListCommand))
  archive('verify', 'read all files, or those of a month, and compare them with what was kept')
    .argument('[month]', 'YYYY-MM', month)
    .action(run(async () => (await import('./archive.ts')).archiveVerifyCommand))
  archive('restore', 'put the detail of a month back into the database')
    .argument('<month>', 'YYYY-MM', month)
    .option('--user <email>', 'of one user')
    .action(run(async () => (await import('./archive.ts')).archiveRestoreCommand))
  const connector = group('connector', 'connectors to providers')
  connector('new <id>', 'write a connector that works, to be made into one for a real provider')
    .option('--dir <folder>', 'where its folder is made', 'connectors')
    .action(run(async () => (await import('./connector-new.ts')).connectorNewCommand))
  connector('check <id>', 'run the conformance kit over a connector, told by its id or its folder')
    .option('--case <name>', 'one case alone')
    .action(run(async () => (await import('./connector-check.ts')).connectorCheckCommand))
  add('demo', 'a household of ten years: emulated providers, synced over HTTP, and its dashboard')
    .option('--seed <number>', 'another household', integer, 1)
    .option('--no-serve', 'end once everything is synced')
    .action(run(async () => (await import('./demo.ts')).demoCommand))
  return program
}

function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('Give a day as YYYY-MM-DD.')
  return text
}

/** As its first day. */
function month(text: string): string {
  if (!isDay(`${text}-01`)) throw new InvalidArgumentError('Give a month as YYYY-MM.')
  return `${text}-01`
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Give a whole number.')
  return value
}
