import { z } from 'zod'
import {
  ConnectorBugError,
  type ConnectorContext,
  defineConnector,
  type JsonValue,
  type PageProblem,
  type PullRequest,
  RestartError,
  type SyncPage,
} from '../connector-kit.ts'
import { asAccount, asBalance, asUpsert } from './transform.ts'
import { type Account, accountList, accountSchema, transactionPage, transactionSchema } from './wire.ts'

/** What the owner gives, encrypted at rest. The descriptions become the labels of the form to connect. */
const credentials = z.object({ token: z.string().min(1).describe('API token') })
/** What the owner gives and anyone may see. */
const config = z.object({ url: z.url().default('https://api.example.com').describe('Address of the API') })

type Context = ConnectorContext<z.infer<typeof credentials>, z.infer<typeof config>>

export const connector = defineConnector({
  id: 'my-provider',
  title: 'My Provider',
  auth: 'Make an API token in the settings of My Provider and paste it here.',
  credentials,
  config,
  // The scheduler keeps these and uses them to the last request. A connector never waits by itself.
  limits: [{ scope: 'connection', max: 60, per: 60_000, kind: 'sliding' }],
  // With windowDays, each pull is for one range of at most so many days.
  history: { maxDays: 365, windowDays: 90, overlapDays: 3, mutableDays: 14 },
  scope: 'user',

  /** Any authenticated request will do: http throws a ReauthError for a 401. */
  async check(context) {
    await readAccounts(context)
    return {}
  },
  async accounts(context) {
    return (await readAccounts(context)).accounts
  },
  pull,
})

/**
 * Account after account, and each of them page after page. An account is a page group: it ends with the statement
 * that all of its rows in the window were told, so only its end is worth going on from.
 */
async function* pull(context: Context, { mode, cursor, window }: PullRequest): AsyncIterable<SyncPage> {
  const { done } = readCursor(cursor)
  const { accounts, known, problems } = await readAccounts(context)
  for (const account of known) {
    if (done.includes(account.id)) continue
    let after: string | null = null
    do {
      const url = addressOf(context, `accounts/${encodeURIComponent(account.id)}/transactions`)
      url.search = new URLSearchParams({ ...window, ...(after !== null && { after }) }).toString()
      const list = transactionPage.safeParse((await ask(context, url)).json())
      if (!list.success) throw new ConnectorBugError('the list of transactions is not as documented')

      after = list.data.next
      if (after === null) done.push(account.id)
      const page: SyncPage = {
        accounts,
        changes: [],
        balances: [],
        problems: problems.splice(0),
        // A cursor that comes twice is taken for a circle; only that of a group's end is ever stored.
        cursor: { done: [...done], after },
        groupEnd: after === null,
      }
      // Row by row, so that a malformed one does not take the others with it.
      for (const item of list.data.transactions) {
        const row = transactionSchema.safeParse(item)
        if (row.success) page.changes.push(asUpsert(row.data, account))
        else
          page.problems!.push({
            account: account.id,
            message: 'a transaction is not as documented',
            row: true,
          })
      }
      if (after === null) {
        // What is stored in the window and was not told since the group began is gone from the provider.
        page.changes.push({ type: 'window-complete', account: account.id, ...window })
        if (mode !== 'backfill') page.balances.push(asBalance(account, context.clock()))
      }
      yield page
    } while (after !== null)
  }
  // Where no account was left to tell it with.
  if (problems.length > 0)
    yield { accounts, changes: [], balances: [], problems, cursor: { done, after: null }, groupEnd: true }
}

const cursorSchema = z.object({ done: z.array(z.string()), after: z.null() })

/** The accounts whose window is done. After a change of versions anything may stand in a cursor. */
function readCursor(cursor: JsonValue): { done: string[] } {
  if (cursor === null) return { done: [] }
  const parsed = cursorSchema.safeParse(cursor)
  if (!parsed.success) throw new RestartError('the cursor is of another version', { fromStart: true })
  return parsed.data
}

async function readAccounts(context: Context) {
  const list = accountList.safeParse((await ask(context, addressOf(context, 'accounts'))).json())
  if (!list.success) throw new ConnectorBugError('the list of accounts is not as documented')
  const problems: PageProblem[] = []
  const known = new Map<string, Account>()
  for (const item of list.data.accounts) {
    const account = accountSchema.safeParse(item)
    if (account.success) known.set(account.data.id, account.data)
    else problems.push({ message: 'an account is not as documented' })
  }
  return { accounts: [...known.values()].map(asAccount), known: [...known.values()], problems }
}

function ask(context: Context, url: URL) {
  return context.http.request(url, { headers: { authorization: `Bearer ${context.credentials.token}` } })
}

/** A relative address goes below the path of another only where that ends with a slash. */
function addressOf({ config }: Context, path: string): URL {
  return new URL(path, config.url.endsWith('/') ? config.url : `${config.url}/`)
}
