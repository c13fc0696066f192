import { basename } from 'node:path'
import { type PriceFormat, readPrices } from '../connectors/prices/price-reader.ts'
import type { Database } from '../db/database.ts'
import { importPrices, type PriceImportReport } from '../db/import-prices.ts'
import { namingFile, openFile } from './open-file.ts'
import { createProgress } from './progress.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function importPricesCommand(
  context: CommandContext,
  file: string,
  options: { skipBad?: boolean; format?: PriceFormat },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const report = await importPriceFile(context, db, file, options)
  context.stdout.write(
    `${file}: ${report.prices} ${report.prices === 1 ? 'price' : 'prices'}: ${report.added} added, ${report.changed} changed, ${report.unchanged} unchanged\n`,
  )
  for (const { line, reason } of report.faults.slice(0, 20)) {
    context.stdout.write(`  ${report.refused ? 'bad' : 'left out'}: line ${line}: ${reason}\n`)
  }
  if (!report.refused) return 0
  context.stderr.write(
    `tidemark: ${file}: refused, nothing of it was stored: ${report.faultCount} bad ${report.faultCount === 1 ? 'record' : 'records'}; mend the file, or take the rest with --skip-bad\n`,
  )
  return 2
}

export async function importPriceFile(
  context: CommandContext,
  db: Database,
  file: string,
  options: { skipBad?: boolean; format?: PriceFormat },
): Promise<PriceImportReport> {
  const { open } = await openFile(context.workingDirectory, file)
  const progress = createProgress({
    stream: context.stderr,
    clock: () => context.clock().getTime(),
    label: basename(file),
  })
  try {
    return await importPrices(db.sql, readPrices(open, { format: options.format }), {
      skipBad: options.skipBad === true,
      onStored: (prices, total) => progress.update(prices, total),
    })
  } catch (error) {
    throw namingFile(file, error)
  } finally {
    progress.finish()
  }
}
