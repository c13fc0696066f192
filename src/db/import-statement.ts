import { addDays } from '../calendar.ts'
import type { AccountKind, Page } from '../page.ts'
import type { StatementEvent, StatementFault } from '../statement.ts'
import type { Sql } from './client.ts'
import { ingestEncodedPage } from './ingest.ts'
import { encodePage } from './page-encoding.ts'
import { createSpool, type Spool } from './spool.ts'
import type { StatementCheck } from './statement-balances.ts'
import { pageStatement } from './statement-pages.ts'

export interface ImportedAccount {
  accountId: string
  externalId: string
  name: string
  added: number
  changed: number
  unchanged: number
  removed: number
}

/** A reported balance that the stored transactions do not add up to. */
export interface BalanceDifference {
  account: string
  asset: string
  day: string
  edge: 'open' | 'close' | 'set'
  reported: string
  folded: string
  difference: string
}

export interface ImportReport {
  /** Rows of the file, the faulty ones not counted. */
  rows: number
  /** Rows with the id of a later row of the same page, which holds. */
  superseded: number
  accounts: ImportedAccount[]
  checks: StatementCheck[]
  /** Records that were left out. Where it is not empty and `skipBad` was not asked for, nothing was stored. */
  faults: StatementFault[]
  /** All of them; `faults` holds the first hundred. */
  faultCount: number
  refused: boolean
  /** Within the days that the file covers. */
  differences: BalanceDifference[]
}

export interface ImportOptions {
  sourceId: string
  /** What the run is listed under, e.g. the file's name. */
  subject: string
  accountName?: string | undefined
  /** Of accounts whose kind the file does not tell. */
  accountKind?: AccountKind | undefined
  /** Takes the good records of a file with bad ones. */
  skipBad?: boolean
  now: Date
  /** Ends the import between two pages. */
  signal?: AbortSignal
  rowsPerPage?: number
  onRead?: (rows: number) => void
  onStored?: (rows: number, total: number) => void
}

/**
 * Imports one statement file: reads it to its end before the first row is written, so that a file with a bad record
 * is refused whole, then writes page by page. Each page is whole or not there; when the import is cut off, running
 * it again completes it and doubles nothing. Throws what reading and the database throw.
 */
export async function importStatement(
  sql: Sql,
  batches: AsyncIterable<StatementEvent[]>,
  options: ImportOptions,
): Promise<ImportReport> {
  const spool = await createSpool()
  try {
    const statement = pageStatement(batches, {
      accountName: options.accountName,
      accountKind: options.accountKind,
      rows: options.rowsPerPage ?? 5000,
    })
    let rows = 0
    let days: { first: string; last: string } | undefined
    for await (const page of statement.pages) {
      options.signal?.throwIfAborted()
      for (const day of [
        ...page.changes.map((c) => (c.type === 'upsert' ? c.bookedOn : undefined)),
        ...page.balances.map((b) => b.day),
      ]) {
        if (day === undefined) continue
        days = {
          first: !days || day < days.first ? day : days.first,
          last: !days || day > days.last ? day : days.last,
        }
      }
      rows += page.changes.length
      await spool.append(JSON.stringify(page))
      options.onRead?.(rows)
    }
    const report: ImportReport = {
      rows,
      superseded: 0,
      accounts: [],
      checks: statement.checks,
      faults: statement.faults,
      faultCount: statement.countFaults(),
      refused: statement.faults.length > 0 && options.skipBad !== true,
      differences: [],
    }
    if (report.refused) return report

    const accounts = new Map<string, ImportedAccount>()
    let stored = 0
    let told = 0
    const pages = encodedPages(spool, options.sourceId)
    for (let page = await pages.next(); !page.done; ) {
      options.signal?.throwIfAborted()
      const { text, changes } = page.value
      // The next page is encoded while the server stores this one.
      const [outcomes, next] = await Promise.all([
        ingestEncodedPage(sql, options.sourceId, text, options.now),
        pages.next(),
      ])
      for (const outcome of outcomes) {
        const name = statement.accounts.get(outcome.externalId)?.name ?? outcome.externalId
        const { stale, ...counts } = outcome
        told += counts.added + counts.changed + counts.unchanged + stale
        accounts.set(outcome.externalId, addCounts(accounts.get(outcome.externalId), { ...counts, name }))
      }
      stored += changes
      options.onStored?.(stored, rows)
      page = next
    }
    report.accounts = [...accounts.values()]
    report.superseded = rows - told
    if (days) report.differences = await readDifferences(sql, report.accounts, days)
    await recordRun(sql, options, report.accounts)
    return report
  } finally {
    await spool.close()
  }
}

async function* encodedPages(
  spool: Spool,
  sourceId: string,
): AsyncGenerator<{ text: string; changes: number }> {
  for await (const line of spool.read()) {
    const page = JSON.parse(line) as Page
    yield { text: encodePage(sourceId, page), changes: page.changes.length }
  }
}

function addCounts(sum: ImportedAccount | undefined, outcome: ImportedAccount): ImportedAccount {
  if (!sum) return outcome
  return {
    ...sum,
    added: sum.added + outcome.added,
    changed: sum.changed + outcome.changed,
    unchanged: sum.unchanged + outcome.unchanged,
    removed: sum.removed + outcome.removed,
  }
}

async function readDifferences(
  sql: Sql,
  accounts: ImportedAccount[],
  days: { first: string; last: string },
): Promise<BalanceDifference[]> {
  const rows = await sql`
    SELECT a.name, r.asset, r.day, r.edge, trim_scale(r.reported) AS reported, trim_scale(r.folded) AS folded,
      trim_scale(r.difference) AS difference
    FROM reconciliation r JOIN account a ON a.id = r.account_id
    WHERE r.account_id = ANY (${accounts.map((account) => account.accountId)}::bigint[]) AND r.difference <> 0
      -- An opening balance holds for the day before the first entry.
      AND r.day BETWEEN ${addDays(days.first, -1)} AND ${days.last}
    ORDER BY a.name, r.asset, r.day, r.edge`
  return rows.map((row) => ({
    account: row.name,
    asset: row.asset,
    day: row.day,
    edge: row.edge,
    reported: row.reported,
    folded: row.folded,
    difference: row.difference,
  }))
}

async function recordRun(sql: Sql, options: ImportOptions, accounts: ImportedAccount[]): Promise<void> {
  const now = options.now.toISOString()
  const total = (count: 'added' | 'changed' | 'unchanged' | 'removed') =>
    accounts.reduce((sum, account) => sum + account[count], 0)
  await sql`
    WITH run AS (
      INSERT INTO sync_run (source_id, started_at, ended_at, outcome, subject, added, changed, unchanged, removed)
      VALUES (${options.sourceId}, ${now}, ${now}, 'done', ${options.subject},
        ${total('added')}, ${total('changed')}, ${total('unchanged')}, ${total('removed')})
    )
    UPDATE user_source SET last_sync_time = ${now} WHERE id = ${options.sourceId}`
}
