import { createHash } from 'node:crypto'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import {
  type ArchiveFile,
  type ArchivePart,
  compareDetail,
  type DetailDifference,
  partsOfMonth,
  unfoundedSums,
} from '../db/archive-detail.ts'
import { listArchiveFiles } from '../db/archive-files.ts'
import { begunMonths } from '../db/archive-months.ts'
import { ArchiveDamagedError, ArchiveMissingError } from '../errors.ts'
import { groupBy } from '../group-by.ts'
import type { Archive } from './archive.ts'
import { decodeDetailFile } from './detail-file.ts'

export interface Verification {
  files: number
  transactions: number
  /** A sentence each; empty where the archive is whole. */
  faults: string[]
  /** Files in the store that this database knows nothing of: somebody else's, or written since a backup that was restored. */
  unknown: string[]
}

/**
 * Reads every file, or those of one month, and compares it with its checksum, and its transactions with the sums that stand
 * for them in the database: number and amount of each day, account, asset and kind.
 */
export async function verifyArchive(
  archive: Archive,
  {
    month,
    onFile = () => {},
  }: { month?: string | undefined; onFile?: (files: number, of: number) => void } = {},
): Promise<Verification> {
  const { store, db } = archive
  const files = (await listArchiveFiles(db.sql, month)).filter(({ archived }) => archived > 0)
  const result: Verification = { files: 0, transactions: 0, faults: [], unknown: [] }
  for (const ofMonth of month === undefined ? await begunMonths(db) : [month]) {
    const verified = await verifyMonth(archive, ofMonth, (done) => onFile(result.files + done, files.length))
    result.files += verified.files
    result.transactions += verified.transactions
    result.faults.push(...verified.faults)
  }
  const known = new Set((await listArchiveFiles(db.sql, month)).map(({ key }) => key))
  for await (const { key } of store.list(month === undefined ? '' : `month=${month.slice(0, 7)}/`)) {
    if (!known.has(key)) result.unknown.push(key)
  }
  return result
}

type MonthVerification = Omit<Verification, 'unknown'>

async function verifyMonth(
  archive: Archive,
  month: string,
  onFile: (done: number) => void,
): Promise<MonthVerification> {
  const result: MonthVerification = { files: 0, transactions: 0, faults: [] }
  const parts = groupBy(await partsOfMonth(archive.db.sql, month), ({ userId }) => userId)
  const byFile = groupBy([...parts.values()].flat(), ({ file }) => file.key)
  /** What was read of users whose other parts are still to come. */
  const read = new Map<string, ArchivedTransaction[]>()
  const left = new Map([...parts].map(([userId, ofUser]) => [userId, ofUser.length]))
  for (const ofFile of byFile.values()) {
    archive.signal.throwIfAborted()
    const { file } = ofFile[0]!
    const rows = await readFile(archive, file).catch((error: unknown) => {
      if (!(error instanceof ArchiveDamagedError || error instanceof ArchiveMissingError)) throw error
      result.faults.push(error.message)
      return undefined
    })
    const rowsOf = groupBy(rows ?? [], ({ userId }) => userId)
    for (const { userId } of ofFile) {
      left.set(userId, left.get(userId)! - 1)
      if (rows) read.set(userId, [...(read.get(userId) ?? []), ...(rowsOf.get(userId) ?? [])])
      else parts.delete(userId)
    }
    const whole = ofFile
      .map(({ userId }) => userId)
      .filter((userId) => left.get(userId) === 0 && parts.has(userId))
    const wholeRows = whole.flatMap((userId) => read.get(userId)!)
    const differences = await compare(
      archive,
      month,
      whole.flatMap((userId) => parts.get(userId)!),
      wholeRows,
    )
    result.faults.push(...differences.map((each) => tell(month, each)))
    for (const userId of whole) read.delete(userId)
    result.transactions += wholeRows.length
    onFile(++result.files)
  }
  result.faults.push(...(await unfoundedSums(archive.db.sql, month)).map((each) => tell(month, each)))
  return result
}

/** What was moved in or out of the archive meanwhile is passed over: moving compares by itself. */
async function compare(
  { db }: Archive,
  month: string,
  parts: ArchivePart[],
  rows: ArchivedTransaction[],
): Promise<DetailDifference[]> {
  const differences = await compareDetail(db.sql, month, parts, rows)
  if (differences) return differences
  const byUser = groupBy(parts, ({ userId }) => userId)
  if (byUser.size === 1) return []
  const rowsOf = groupBy(rows, ({ userId }) => userId)
  const each: DetailDifference[] = []
  for (const [userId, ofUser] of byUser)
    each.push(...((await compareDetail(db.sql, month, ofUser, rowsOf.get(userId) ?? [])) ?? []))
  return each
}

async function readFile({ store }: Archive, file: ArchiveFile): Promise<ArchivedTransaction[]> {
  const body = await store.get(file.key)
  const sha256 = createHash('sha256').update(body).digest('hex')
  if (sha256 !== file.sha256) {
    throw new ArchiveDamagedError(
      `${file.key} in ${store.place} is not what was written there: it has ${body.length} bytes, of ${file.bytes}, and another checksum`,
    )
  }
  return decodeDetailFile(body)
}

function tell(month: string, { userId, accountId, asset, kept, archived }: DetailDifference): string {
  const sum = ({ transactions, amount }: DetailDifference['kept']) =>
    `${transactions ?? 0} transactions of ${amount ?? 0} ${asset}`
  return `${month.slice(0, 7)}: account ${accountId} of user ${userId}: ${sum(archived)} in the archive, and the sums kept stand for ${sum(kept)}`
}
