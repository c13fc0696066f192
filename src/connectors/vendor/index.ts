import { z } from 'zod'
import { type ConnectorContext, defineConnector, type PullRequest, type SyncPage } from '../connector.ts'
import { ConnectorBugError } from '../errors.ts'
import { backfillCursorOf, backfillFrom } from './backfill-cursor.ts'
import { headAfterPass, headCursorOf, headFrom } from './head-cursor.ts'
import { type Position, positionAfter, startOf } from './position.ts'
import { refusalOf } from './refusal.ts'
import { rowsOf } from './transform.ts'
import { readAnswer, type TransactionsAnswer } from './wire.ts'

const credentials = z.strictObject({
  // What a header cannot bear would be told in the fault of the request.
  apiKey: z.string().regex(/^[\x21-\x7e]{1,4096}$/),
})
const config = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).default('https://api.vendor.example'),
  /** What the balances are in; the API does not tell. */
  asset: z
    .string()
    .regex(/^[\x21-\x7e]{1,32}$/)
    .default('USD'),
})
type Context = ConnectorContext<z.infer<typeof credentials>, z.infer<typeof config>>

const largestPage = 1_000
/** Of a review in one sync: it leaves two requests of the minute's five to a backfill. */
const reviewPages = 2
const day = 86_400_000

/**
 * The Vendor API of a balance aggregator: one key lists the transactions of all users, each of whom holds one
 * balance. It has no deletions, no pending transactions, and reports no balances.
 */
export const connector = defineConnector({
  id: 'vendor',
  title: 'Vendor balances',
  auth: 'An API key for the Vendor API, which lists the transactions of all users.',
  credentials,
  config,
  limits: [{ scope: 'client', max: 5, per: 60_000, kind: 'sliding' }],
  history: { maxDays: 3653, overlapDays: 1, mutableDays: 1, separateBackfill: true },
  schedule: { everyMinutes: 1 },
  scope: 'platform',

  async check(context) {
    await ask(context, lately(context, day), 1)
    return {}
  },

  async accounts(context) {
    const { items } = await ask(context, lately(context, 30 * day))
    return rowsOf(items, context.config.asset).accounts
  },

  pull: (context, request) =>
    request.mode === 'backfill' ? backfill(context, request) : head(context, request),
})

/**
 * What is new, in one pass up to now, and then a little of the day's review. Each page is a group, so that a long
 * pass goes on where it was.
 */
async function* head(context: Context, request: PullRequest): AsyncGenerator<SyncPage> {
  let state = headFrom(request, context.clock())
  for await (const { next, ...rows } of readFrom(context, state.pass)) {
    state = headAfterPass(state, next, request)
    yield { ...rows, cursor: headCursorOf(state), groupEnd: true }
  }
  let pages = 0
  for await (const { next, ...rows } of readFrom(context, state.review)) {
    state = { ...state, review: next }
    yield { ...rows, cursor: headCursorOf(state), groupEnd: true }
    if (++pages === reviewPages) return
  }
}

/** The window, oldest first. Its end is fixed with the first page, and later transactions are left to the head. */
async function* backfill(context: Context, request: PullRequest): AsyncGenerator<SyncPage> {
  for await (const { next, ...rows } of readFrom(context, backfillFrom(request, context.clock())))
    yield { ...rows, cursor: backfillCursorOf(next, request), groupEnd: true }
}

async function* readFrom(context: Context, start: Position | null) {
  for (let at: Position | null = start; at !== null; ) {
    const answer: TransactionsAnswer = await ask(context, at)
    const next: Position | null = positionAfter(at, answer)
    at = next
    yield { ...rowsOf(answer.items, context.config.asset), balances: [], next }
  }
}

/**
 * One page of the transactions at a position. That startDate is included and endDate is not is an assumption: the API
 * does not say. Were both included, a transaction would only be read twice.
 */
async function ask(
  { http, config, credentials }: Context,
  { from, to, page }: Position,
  limit = largestPage,
): Promise<TransactionsAnswer> {
  const url = new URL(`${config.baseUrl.replace(/\/+$/, '')}/transactions`)
  const asked = { startDate: from, endDate: to, page: String(page), limit: String(limit) }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  const response = await http.request(url, {
    headers: { authorization: `Bearer ${credentials.apiKey}`, accept: 'application/json' },
    errorOf: refusalOf,
  })
  const answer = readAnswer(response.json())
  if (answer.meta.currentPage !== page)
    throw new ConnectorBugError(`the vendor answered page ${answer.meta.currentPage} where ${page} was asked`)
  return answer
}

function lately({ clock }: Context, milliseconds: number): Position {
  const now = clock()
  return startOf(new Date(now.getTime() - milliseconds), now)
}
