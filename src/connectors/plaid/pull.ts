import { z } from 'zod'
import { dayInZone } from '../../calendar.ts'
import type { PageAccount, ReportedBalance } from '../../page.ts'
import type { ConnectorContext, PullRequest, SyncPage } from '../connector.ts'
import { ReauthError, RestartError, TransientError } from '../errors.ts'
import { createPlaidClient } from './client.ts'
import type { PlaidCredentials, PlaidSettings } from './settings.ts'
import { rowsOfAnswer } from './transform.ts'
import type { SyncAnswer } from './wire.ts'

export type PlaidContext = ConnectorContext<PlaidCredentials, Record<string, never>, PlaidSettings>

/**
 * Everything since the cursor, as one page group (https://plaid.com/docs/api/products/transactions/#transactionssync):
 * Plaid's cursors between two pages are of no use once the data has changed, and the loop starts again from its first.
 */
export async function* pull(context: PlaidContext, request: PullRequest): AsyncGenerator<SyncPage> {
  const client = createPlaidClient(context)
  const accessToken = requireAccessToken(context.credentials)
  const first = readCursor(request.cursor)
  const balances = new Map<string, ReportedBalance>()
  const known = new Map<string, PageAccount>()
  const complete = first === null ? trackCompleteWindows(request.window.to) : undefined

  for (let cursor = first, hasMore = true; hasMore; ) {
    const answer = await client.transactions(accessToken, cursor).catch((error: unknown) => {
      throw cursor === first && first !== null ? asUselessCursor(error) : error
    })
    if (answer.next_cursor === '')
      throw new TransientError('Plaid has not yet read the transactions of this connection')
    hasMore = answer.has_more
    cursor = answer.next_cursor

    const rows = rowsOfAnswer(answer, dayInZone(context.clock(), context.timeZone))
    // An answer lists the accounts of its own transactions alone: an earlier one may have told more of them.
    for (const account of rows.accounts) if (account.kind) known.set(account.externalId, account)
    for (const balance of rows.balances) balances.set(balance.account, balance)
    complete?.add(rows)
    yield {
      accounts: rows.accounts.map((account) => known.get(account.externalId) ?? account),
      changes: hasMore ? rows.changes : [...rows.changes, ...(complete?.windows(answer) ?? [])],
      balances: hasMore ? [] : [...balances.values()],
      problems: rows.problems,
      cursor: { cursor },
      groupEnd: !hasMore,
    }
  }
}

export function requireAccessToken(credentials: PlaidCredentials): string {
  if ('accessToken' in credentials) return credentials.accessToken
  throw new ReauthError('the public token was never exchanged: connect through Plaid Link again')
}

const storedCursor = z.object({ cursor: z.string().min(1) })

function readCursor(stored: PullRequest['cursor']): string | null {
  if (stored === null) return null
  const parsed = storedCursor.safeParse(stored)
  if (parsed.success) return parsed.data.cursor
  throw new RestartError('the stored cursor is none of Plaid’s', { fromStart: true })
}

/**
 * Where the first page of a group is told to start again, its cursor lies inside of a loop that cannot be continued,
 * and would be told so for ever.
 */
function asUselessCursor(error: unknown): unknown {
  if (!(error instanceof RestartError) || error.fromStart) return error
  return new RestartError(error.message, { cause: error, fromStart: true })
}

/**
 * A read from the start does not tell of what was removed before it: that goes by what is no longer listed, in the
 * days from the first to the last row of each account. Nothing goes where a row could not be read, or while Plaid is
 * still reading the history.
 */
function trackCompleteWindows(lastDay: string) {
  const windows = new Map<string, { from: string; to: string }>()
  let isWhole = true
  return {
    add({ changes, problems }: Pick<SyncPage, 'changes' | 'problems'>) {
      if (problems?.length) isWhole = false
      for (const change of changes) {
        if (change.type !== 'upsert') continue
        const { account, bookedOn: day } = change
        const { from, to } = windows.get(account) ?? { from: day, to: lastDay }
        windows.set(account, { from: day < from ? day : from, to: day > to ? day : to })
      }
    },
    windows(answer: SyncAnswer) {
      if (!isWhole || answer.transactions_update_status !== 'HISTORICAL_UPDATE_COMPLETE') return []
      return [...windows].map(([account, { from, to }]) => ({
        type: 'window-complete' as const,
        account,
        from,
        to,
      }))
    },
  }
}
