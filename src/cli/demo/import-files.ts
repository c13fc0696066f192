import type { Database } from '../../db/database.ts'
import type { User } from '../../db/users.ts'
import { importFile } from '../import.ts'
import { importPriceFile } from '../import-prices.ts'
import type { CommandContext } from '../terminal.ts'
import type { HouseholdFile } from './household-files.ts'

/** What has no fitting provider; returns what it came to in a sentence. */
export async function importFiles(
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
