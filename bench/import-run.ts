import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readStatementBatches } from '../src/connectors/statements/reader.ts'
import { fileSource } from '../src/db/file-source.ts'
import { type ImportReport, importStatement } from '../src/db/import-statement.ts'
import { addUser } from '../src/db/users.ts'
import type { BenchDatabase } from './server.ts'
import { statementRows } from './statement-file.ts'
import { time } from './timing.ts'

export const importRows = 100_000
export const importNow = new Date('2025-12-17T12:00:00Z')

export type ImportRun = () => Promise<ImportReport>

/** An import of the same file, again and again, for a new user. */
export async function importFor(db: BenchDatabase, name: string, file: Buffer[]): Promise<ImportRun> {
  const user = await addUser(db, { email: `${name}@example.org`, timeZone: 'UTC', baseCurrency: 'EUR' })
  const sourceId = await fileSource(db.sql, user.id)
  return () => {
    const batches = readStatementBatches(() => Readable.from(file), { timeZone: 'UTC', defaultAsset: 'EUR' })
    return importStatement(db.sql, batches, { sourceId, subject: 'bench.csv', now: importNow })
  }
}

/** Milliseconds. Throws where the import did something else than was expected. */
export async function timeImport(
  run: ImportRun,
  expected: { added: number; unchanged: number },
): Promise<number> {
  let report: ImportReport | undefined
  const taken = await time(async () => {
    report = await run()
  })
  const total = (name: 'added' | 'unchanged') =>
    report!.accounts.reduce((sum, account) => sum + account[name], 0)
  if (total('added') !== expected.added || total('unchanged') !== expected.unchanged) {
    throw new Error(`the import added ${total('added')} rows and found ${total('unchanged')} unchanged`)
  }
  return taken
}

export async function copyRows({ sql }: BenchDatabase, lines: Buffer[]): Promise<void> {
  const target = await sql`
    COPY transaction (user_id, account_id, id, booked_on, amount, asset, kind, status, description, counterparty, recorded_at)
    FROM STDIN`.writable()
  await pipeline(Readable.from(lines), target)
}

/** The rows of the file as COPY takes them, of a user that no import has. */
export function* copyText(userId: number): Iterable<string> {
  const accountIds = new Map<string, number>()
  let piece = ''
  for (const row of statementRows(importRows)) {
    if (!accountIds.has(row.account)) accountIds.set(row.account, userId + accountIds.size)
    const id = createHash('md5').update(row.account).update(row.id).digest('hex')
    piece += `${userId}\t${accountIds.get(row.account)}\t${id}\t${row.date}\t${row.amount}\t${row.asset}\t${row.kind}\tposted\t${row.description}\t${row.counterparty}\t${importNow.toISOString()}\n`
    if (piece.length > 1 << 16) {
      yield piece
      piece = ''
    }
  }
  yield piece
}
