import { Hono } from 'hono'
import {
  type Connector,
  countTraffic,
  createFaults,
  createWorld,
  type EmulatedProvider,
  type EmulatorOptions,
  negate,
  type WorldAccount,
  type WorldRow,
} from '../connector-kit.ts'

/** The provider's largest page. */
const largestPage = 50

/**
 * A small provider that speaks the protocol of the real one. It renders the world, which is told in Tidemark's terms,
 * in the provider's own signs and names; that the connector brings them back is what the conformance kit compares.
 */
export function startEmulator(
  { limits }: Pick<Connector, 'limits'>,
  { clock, pageSize = largestPage, limits: limited = true }: EmulatorOptions,
): EmulatedProvider {
  const world = createWorld()
  const faults = createFaults()
  const traffic = countTraffic({
    clock,
    limits: limited ? limits : [],
    // The limit of this provider is one of each token.
    scopeOf: (request) => request.headers.get('authorization') ?? '',
  })
  let refusing = false

  const app = new Hono()
  app.use(faults.middleware, traffic.middleware)
  app.use(async (context, next) => {
    const token = context.req.header('authorization') ?? ''
    if (refusing || !/^Bearer token-\d+$/.test(token)) return context.json({ error: 'invalid token' }, 401)
    await next()
  })
  app.get('/accounts', (context) =>
    context.json({ accounts: world.accounts().map((account) => wireAccount(account)) }),
  )
  app.get('/accounts/:id/transactions', (context) => {
    const { from = '', to = '', after = '' } = context.req.query()
    const account = world.accounts().find(({ id }) => id === context.req.param('id'))
    if (!account) return context.json({ error: 'no such account' }, 404)
    // A page goes on behind the last row of the one before, not at a number that rows in between would shift.
    const rows = world
      .rows(account.id)
      .filter(({ occurredAt }) => occurredAt.slice(0, 10) >= from && occurredAt.slice(0, 10) <= to)
      .filter((row) => keyOf(row) > after)
    const page = rows.slice(0, pageSize)
    const last = page.at(-1)
    return context.json({
      transactions: page.map((row) => wireTransaction(row, account)),
      next: last && rows.length > page.length ? keyOf(last) : null,
    })
  })

  function wireAccount({ id, name, kind, asset }: WorldAccount) {
    const balance = world.balances(id).get(asset) ?? '0'
    const type = kind === 'card' ? 'credit' : kind === 'savings' ? 'savings' : 'current'
    return { id, name, type, currency: asset, balance: type === 'credit' ? negate(balance) : balance }
  }

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({ credentials: { token: `token-${owner}` }, config: { url } }),
    refuseCredentials: () => {
      refusing = true
    },
  }
}

function wireTransaction(row: WorldRow, account: WorldAccount) {
  const out = row.amount.startsWith('-')
  return {
    id: row.id,
    bookedAt: row.occurredAt,
    amount: out ? negate(row.amount) : row.amount,
    direction: out ? 'out' : 'in',
    currency: row.asset ?? account.asset,
    state: row.status === 'pending' ? 'pending' : 'booked',
    text: row.description,
    party: row.counterparty,
    wasPending: row.replaces,
  }
}

/** The order of the pages: by time, and by id where it is the same. */
function keyOf(row: WorldRow): string {
  return `${row.occurredAt} ${row.id}`
}
