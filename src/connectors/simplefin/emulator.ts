import { Hono } from 'hono'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import { createFaults } from '../emulator/faults.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld, type WorldAccount, type WorldRow } from '../emulator/world.ts'
import { seed } from './seed.ts'

/** As an entry of `errlist`. */
export interface PlannedError {
  code: string
  msg: string
  account_id?: string
  conn_id?: string
}

export interface EmulatedSimplefin extends EmulatedProvider {
  /** A setup token, which can be claimed once, for the server at `url`. */
  setupToken(url: string, owner?: number): string
  /** Said in every answer from now on, which stays a success. */
  say(...errors: PlannedError[]): void
}

const day = 86_400_000
/**
 * Requests in a day that are let in, and how many more are refused before the token is disabled. The bridge itself
 * answers some beyond the first and warns in its text; here nothing beyond it goes unnoticed.
 */
const allowed = 24
const tolerated = 24
const institution = { conn_id: 'CON-1', name: 'My login', org_id: 'INS-1', org_name: 'Bank of Examples' }
const currencyPage = 'https://currencies.example/'

/** A SimpleFIN server that speaks both versions of the protocol's answer. */
export function start({ clock, limits = true, seeded = true }: EmulatorOptions): EmulatedSimplefin {
  const world = createWorld()
  if (seeded) seed(world, clock())
  const faults = createFaults()
  const traffic = countTraffic({
    clock,
    limits: limits ? [{ max: allowed, per: day, kind: 'sliding' }] : [],
    scopeOf: (request) => userOf(request.headers.get('authorization') ?? undefined) ?? '',
  })
  const claims = new Map<string, string>()
  const refusedAt = new Map<string, number[]>()
  const disabled = new Set<string>()
  let tokens = 0
  let refused = false
  let planned: PlannedError[] = []

  const app = new Hono()
  app.use('/simplefin/accounts', async (context, next) => {
    await next()
    const user = userOf(context.req.header('authorization'))
    if (user === undefined) return
    if (context.res.status === 429) {
      const now = clock().getTime()
      const times = [...(refusedAt.get(user) ?? []).filter((at) => at > now - day), now]
      refusedAt.set(user, times)
      if (times.length > tolerated) disabled.add(user)
    }
    if (!disabled.has(user)) return
    context.res = undefined
    context.res = new Response('Forbidden', { status: 403 })
  })
  app.use(traffic.middleware)
  app.use(faults.middleware)

  app.post('/simplefin/claim/:token', (context) => {
    const token = context.req.param('token')
    const accessUrl = claims.get(token)
    claims.delete(token)
    return accessUrl === undefined || refused ? context.text('Forbidden', 403) : context.text(accessUrl)
  })

  app.get('/simplefin/accounts', (context) => {
    const query = (name: string) => context.req.query(name)
    const structured = query('version') === '2'
    if (refused || userOf(context.req.header('authorization')) === undefined) {
      const lists = structured
        ? { errlist: [{ code: 'gen.auth', msg: 'Forbidden' }] }
        : { errors: ['Forbidden'] }
      return context.json({ ...lists, accounts: [] }, 403)
    }
    const only = context.req.queries('account')
    const seconds = (name: string, otherwise: number) => Number(query(name) ?? otherwise)
    const from = seconds('start-date', 0)
    const to = seconds('end-date', Number.POSITIVE_INFINITY)
    const accounts = world
      .accounts()
      .filter(({ id }) => only === undefined || only.includes(id))
      .map((account) => ({
        ...(structured ? { conn_id: institution.conn_id } : { org: orgOf(context.req.url) }),
        id: account.id,
        name: account.name,
        currency: /^[A-Z]{3}$/.test(account.asset) ? account.asset : `${currencyPage}${account.asset}`,
        balance: world.balances(account.id).get(account.asset),
        'balance-date': secondsOf(clock().toISOString()),
        ...(query('balances-only') !== '1' && {
          transactions: world
            .rows(account.id)
            .map(transactionOf)
            .filter(({ at, pending }) => at >= from && at < to && (!pending || query('pending') === '1'))
            .map(({ at, ...transaction }) => transaction),
        }),
      }))
    return context.json(
      structured
        ? { errlist: planned, connections: [institution], accounts }
        : { errors: planned.map(({ msg }) => msg), accounts },
    )
  })

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({ credentials: { accessUrl: accessUrlOf(url, owner) }, config: {} }),
    refuseCredentials: () => {
      refused = true
    },
    rowFor,
    setupToken(url, owner = 0) {
      const token = `TOKEN-${++tokens}`
      claims.set(token, accessUrlOf(url, owner))
      return Buffer.from(`${url}/simplefin/claim/${token}`).toString('base64')
    },
    say: (...errors) => {
      planned = errors
    },
  }
}

/** Pending rows have no `posted`; the range then goes by when they happened (`at`). */
function transactionOf(row: WorldRow) {
  const at = secondsOf(row.occurredAt)
  const pending = row.status !== undefined && row.status !== 'posted'
  return {
    at,
    id: row.id,
    posted: pending ? 0 : at,
    amount: row.amount,
    description: row.description ?? '',
    ...(row.counterparty !== undefined && { payee: row.counterparty }),
    transacted_at: at,
    ...(pending && { pending }),
  }
}

/** An account is in one currency, and nothing ties rows together. */
function rowFor({ asset: _asset, group: _group, ...row }: WorldRow, _account: WorldAccount): WorldRow {
  return row
}

function accessUrlOf(url: string, owner: number): string {
  const access = new URL('/simplefin', url)
  access.username = `user-${owner}`
  // Encoded where it stands in the URL.
  access.password = `p@ss/${owner}`
  return access.href
}

function userOf(authorization: string | undefined): string | undefined {
  const [scheme, encoded = ''] = (authorization ?? '').split(' ')
  const [, user, owner] = /^(user-(\d+)):/.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  const isKnown = scheme === 'Basic' && encoded === Buffer.from(`${user}:p@ss/${owner}`).toString('base64')
  return isKnown ? user : undefined
}

function orgOf(url: string): object {
  return { domain: 'bank.example', name: institution.org_name, 'sfin-url': new URL('/simplefin', url).href }
}

function secondsOf(instant: string): number {
  return Math.floor(Date.parse(instant) / 1000)
}
