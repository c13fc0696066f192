import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type CsvMapping, loadMapping } from '../connectors/statements/csv-mapping.ts'
import type { StatementFormat } from '../connectors/statements/format.ts'
import { readStatementBatches } from '../connectors/statements/reader.ts'
import type { Database } from '../db/database.ts'
import { fileSource } from '../db/file-source.ts'
import { type ImportReport, importStatement } from '../db/import-statement.ts'
import { refreshRollups } from '../db/rollups.ts'
import { asCurrency, findUser, type User } from '../db/users.ts'
import { RefusedError } from '../errors.ts'
import type { AccountKind } from '../page.ts'
import { formatImportReport } from './import-report.ts'
import { namingFile, openFile, unreadable } from './open-file.ts'
import { createProgress } from './progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export interface ImportOptions {
  user: string
  account?: string
  kind?: AccountKind
  format?: StatementFormat
  mapping?: string
  currency?: string
  skipBad?: boolean
}

/** Every file by itself: one that is refused does not keep the others out. */
export async function importCommand(
  context: CommandContext,
  files: string[],
  options: ImportOptions,
): Promise<ExitCode> {
  const mapping = options.mapping === undefined ? undefined : await readMapping(context, options.mapping)
  const db = await context.openDatabase()
  const user = await findUser(db, options.user)
  const currency = options.currency === undefined ? {} : { currency: asCurrency(options.currency) }
  let exitCode: ExitCode = 0
  for (const file of files) {
    try {
      const report = await importFile(context, db, user, file, {
        ...options,
        ...currency,
        loadedMapping: mapping,
      })
      context.stdout.write(formatImportReport(file, report))
      if (report.refused) {
        context.stderr.write(
          `tidemark: ${file}: refused, nothing of it was stored: ${report.faultCount} bad ${report.faultCount === 1 ? 'record' : 'records'}; mend the file, or take the rest with --skip-bad\n`,
        )
        exitCode = 2
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      context.stderr.write(`tidemark: ${error.message}; nothing of it was stored\n`)
      exitCode = 2
    }
  }
  // Readers are exact without it; after it they read days and months instead of rows.
  await refreshRollups(db.sql, db.engine)
  return exitCode
}

export async function importFile(
  context: CommandContext,
  db: Database,
  user: User,
  file: string,
  options: Omit<ImportOptions, 'user' | 'mapping'> & { loadedMapping?: CsvMapping | undefined },
): Promise<ImportReport> {
  const { open } = await openFile(context.workingDirectory, file)
  const batches = readStatementBatches(open, {
    timeZone: user.timeZone,
    defaultAsset: options.currency ?? user.baseCurrency,
    ...(options.format !== undefined && { format: options.format }),
    ...(options.loadedMapping !== undefined && { mapping: options.loadedMapping }),
  })
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: basename(file),
  })
  try {
    return await importStatement(db.sql, batches, {
      sourceId: await fileSource(db.sql, user.id),
      subject: basename(file),
      accountName: options.account,
      accountKind: options.kind,
      skipBad: options.skipBad === true,
      now: context.clock(),
      signal: context.signal,
      onRead: (rows) => progress.update(rows),
      onStored: (rows, total) => progress.update(rows, total),
    })
  } catch (error) {
    throw namingFile(file, error)
  } finally {
    progress.finish()
  }
}

async function readMapping(context: CommandContext, path: string): Promise<CsvMapping> {
  const text = await readFile(resolve(context.workingDirectory, path), 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new RefusedError(`${path}: not JSON: ${(error as Error).message}`)
  }
  try {
    return loadMapping(json)
  } catch (error) {
    throw namingFile(path, error)
  }
}
