import { findMissingFiles } from '../archive/missing-files.ts'
import type { Connector } from '../connectors/connector.ts'
import { loadConnectors } from '../connectors/load.ts'
import { sumRows } from '../db/backup/format.ts'
import { readArchive } from '../db/backup/read-archive.ts'
import { restoreBackup } from '../db/backup/restore-backup.ts'
import type { Rest } from '../db/backup/settle.ts'
import type { Database } from '../db/database.ts'
import { holdAlone } from '../db/hold-alone.ts'
import { ConflictError, RefusedError } from '../errors.ts'
import { loadKeyring } from '../keyring.ts'
import { count, keysNeeded } from './backup.ts'
import { openStore } from './open-archive.ts'
import { namingFile, openFile } from './open-file.ts'
import { createProgress, type Progress } from './progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

interface RestoreCommandOptions {
  check?: boolean
  clean?: boolean
  stopped?: boolean
}

/** Loads a backup into an empty database, or only tells whether its file is whole. */
export async function restoreCommand(
  context: CommandContext,
  path: string,
  options: RestoreCommandOptions,
): Promise<ExitCode> {
  const { stdin, workingDirectory } = context
  if (path === '-') {
    if (options.check) await tellWhole(context, 'standard input', stdin as AsyncIterable<Uint8Array>)
    else await load(context, stdin as AsyncIterable<Uint8Array>, options)
    return 0
  }
  const { open } = await openFile(workingDirectory, path)
  try {
    // All of it is looked at before anything of it is stored.
    const total = await tellWhole(context, path, open(), options.check !== true)
    if (!options.check) await load(context, open(), options, total)
  } catch (error) {
    throw namingFile(path, error)
  }
  return 0
}

/** Reads all of it and compares it with its manifest; returns how many rows it has. */
async function tellWhole(
  context: CommandContext,
  place: string,
  source: AsyncIterable<Uint8Array>,
  silent = false,
): Promise<number> {
  const progress = progressOf(context, 'check')
  let read = 0
  try {
    const { header, manifest } = await readArchive(
      source,
      {
        async header() {},
        async part(_table, _bytes, rows) {
          read += rows
          progress.update(read)
        },
      },
      context.signal,
    )
    progress.finish()
    const rows = sumRows(manifest)
    if (silent) return rows
    const server = `PostgreSQL ${header.postgres}${header.timescaledb ? `, TimescaleDB ${header.timescaledb}` : ''}`
    context.stdout.write(
      `${place} is whole: ${count(rows)} rows of ${header.tables.length} tables, as they were at ` +
        `${header.takenAt.slice(0, 19)}Z in Tidemark ${header.tidemark} (${header.engine}; ${server})\n${keysNeeded(header)}`,
    )
    return rows
  } finally {
    progress.finish()
  }
}

async function load(
  context: CommandContext,
  source: AsyncIterable<Uint8Array>,
  { clean = false, stopped = false }: RestoreCommandOptions,
  total?: number,
): Promise<void> {
  const { config, clock, signal, stderr, stdout } = context
  const db = await context.openDatabase(undefined, { toRestore: true })
  if (!(await holdAlone(db, 'restore', context.shutdown)))
    throw new ConflictError('another restore into this database is under way: wait for its end')
  const rests = stopped ? [] : await restsOf(context)
  const started = clock().getTime()
  const progress = progressOf(context, 'restore')
  try {
    const { header, rows } = await restoreBackup(db, source, {
      clean,
      stopped,
      rests,
      now: clock(),
      signal,
      onRows: (loaded) => progress.update(loaded, total),
      onStep: (step) => tellStep(context, progress, step),
    })
    progress.finish()
    const seconds = Math.max(1, Math.round((clock().getTime() - started) / 1000))
    stdout.write(
      `restored: ${count(rows)} rows of ${header.tables.length} tables, as they were at ${header.takenAt.slice(0, 19)}Z, ` +
        `compared with the backup (${db.engine}, ${count(seconds)} s)\n`,
    )
    stdout.write(
      'all log-ins have ended; API keys are good as they were then: revoke those that were revoked since\n',
    )
    if (!stopped && header.tables.some(({ name }) => name === 'provider_quota'))
      stdout.write(
        'providers rest for one window of their limits each, since requests of after the backup are counted nowhere\n',
      )
    for (const warning of missingKeys(config, header.keys)) stderr.write(`tidemark: ${warning}\n`)
    await tellMissingFiles(context, db)
  } finally {
    progress.finish()
  }
}

/** The detail of archived transactions is in no backup. */
async function tellMissingFiles(context: CommandContext, { sql }: Database): Promise<void> {
  const store = openStore(context)
  const { files, transactions, missing } = await findMissingFiles(sql, store)
  if (missing === 0) return
  context.stderr.write(
    `tidemark: ${count(missing)} of ${count(files)} files of the archive, which hold the detail of ${count(transactions)} ` +
      `transactions, are not ${store ? `in ${store.place}` : 'within reach, since no archive is configured'}: put them back, ` +
      'or set TIDEMARK_ARCHIVE to where they are; balances and net worth are right without them\n',
  )
}

function tellStep({ stderr }: CommandContext, progress: Progress, step: string): void {
  progress.finish()
  if (stderr.isTTY) stderr.write(`restore  ${step}\n`)
}

/** Of every connector that this installation has: as long as its limits look back. */
async function restsOf({ config }: CommandContext): Promise<Rest[]> {
  const connectors = await loadConnectors({
    places: config.connectors,
    settingsFile: config.connectorSettings,
  })
  const rests: Rest[] = []
  for (const id of connectors.ids()) {
    const { limits } = await connectors.get(id)
    const longest = (scopes: Connector['limits'][number]['scope'][]) => {
      const windows = limits.filter(({ scope }) => scopes.includes(scope)).map(({ per }) => per)
      return windows.length === 0 ? null : Math.max(...windows)
    }
    rests.push({ connector: id, client: longest(['client']), connection: longest(['connection', 'account']) })
  }
  return rests
}

function missingKeys(config: CommandContext['config'], keys: { id: string; values: number }[]): string[] {
  const keyring = loadKeyring(config)
  const known = (id: string) => {
    try {
      return keyring.derive('restore', id) !== undefined
    } catch (error) {
      // No key at all is configured.
      if (error instanceof RefusedError) return false
      throw error
    }
  }
  return keys
    .filter(({ id }) => !known(id))
    .map(
      ({ id, values }) =>
        `${count(values)} credentials are sealed under a key that is not here (${id}): give it as TIDEMARK_KEY or in ` +
        'TIDEMARK_OLD_KEYS, or put the credentials.key of the old data directory into the new one',
    )
}

function progressOf(context: CommandContext, label: string): Progress {
  return createProgress({ stream: context.stderr, clock: () => context.clock().getTime(), label })
}
