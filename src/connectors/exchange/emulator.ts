import { createHash, createHmac } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { negate } from '../../decimal.ts'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import { createFaults } from '../emulator/faults.ts'
import { krakenAsset, krakenAssets, krakenPairs } from '../emulator/kraken-markets.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld, type World, type WorldRow } from '../emulator/world.ts'
import { mainAccount } from './transform.ts'

/** An entry of the ledger: a row of the world, with its fee. */
interface Entry {
  id: string
  /** Seconds. */
  time: number
  refid: string
  type: string
  asset: string
  amount: string
  fee: string
}

/** Kraken's smallest tier: 15 points, one comes back in 3 seconds (…/guides/spot-rest-ratelimits). */
const tier = { max: 15, decay: 1 / 3000 }
const costs: Record<string, number> = { Ledgers: 2 }

/** Kraken's REST protocol (https://docs.kraken.com/api): errors in a 200, signed requests, a rising nonce. */
export function startKraken({ clock, pageSize = 50, limits = true }: EmulatorOptions): EmulatedProvider {
  const world = createWorld()
  const traffic = countTraffic({ clock })
  const faults = createFaults()
  const nonces = new Map<string, bigint>()
  const points = new Map<string, { used: number; at: number }>()
  let accepted = true
  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)

  const assets = () => {
    const known = ['USD', 'EUR', 'BTC', 'ETH', 'DOT', ...world.rows().map((row) => row.asset ?? 'USD')]
    return [...new Set([...known, ...world.balances(mainAccount).keys()])]
  }
  app.get('/0/public/Assets', (context) => answer(context, krakenAssets(assets())))
  app.get('/0/public/AssetPairs', (context) =>
    answer(
      context,
      krakenPairs(assets().flatMap((base) => (['USD', 'EUR'] as const).map((quote) => [base, quote]))),
    ),
  )

  /** Its error, or undefined where it may go on. */
  function refusal(context: Context, body: string): string | undefined {
    const key = context.req.header('api-key') ?? ''
    const method = context.req.path.split('/').at(-1) ?? ''
    if (!accepted || !key.startsWith('key-')) return 'EAPI:Invalid key'
    if (!isSigned(context, body, key)) return 'EAPI:Invalid signature'
    const nonce = BigInt(new URLSearchParams(body).get('nonce') ?? '0')
    if (nonce <= (nonces.get(key) ?? -1n)) return 'EAPI:Invalid nonce'
    nonces.set(key, nonce)
    if (!limits) return undefined
    const now = clock().getTime()
    const { used, at } = points.get(key) ?? { used: 0, at: now }
    const counted = Math.max(0, used - (now - at) * tier.decay) + (costs[method] ?? 1)
    points.set(key, { used: counted, at: now })
    return counted > tier.max ? 'EAPI:Rate limit exceeded' : undefined
  }

  const privateMethod = (name: string, respond: (params: URLSearchParams) => unknown) =>
    app.post(`/0/private/${name}`, async (context) => {
      const body = await context.req.text()
      const error = refusal(context, body)
      return error ? context.json({ error: [error] }) : answer(context, respond(new URLSearchParams(body)))
    })

  privateMethod('BalanceEx', () =>
    Object.fromEntries(
      [...world.balances(mainAccount)].map(([asset, balance]) => [
        krakenAsset(asset).id,
        { balance, hold_trade: '0.0000000000' },
      ]),
    ),
  )
  privateMethod('Ledgers', (params) => {
    const start = Number(params.get('start') ?? 0)
    const end = Number(params.get('end') ?? Number.POSITIVE_INFINITY)
    const offset = Number(params.get('ofs') ?? 0)
    const entries = entriesOf(world).filter(({ time }) => time > start && time <= end)
    const page = entries.toReversed().slice(offset, offset + pageSize)
    const shown = page.map(({ id, ...entry }) => [
      id,
      { ...entry, subtype: '', aclass: 'currency', balance: '0.0000000000' },
    ])
    return { ledger: Object.fromEntries(shown), count: entries.length }
  })
  privateMethod('DepositStatus', (params) => {
    const start = Number(params.get('start') ?? 0)
    const arrived = entriesOf(world).filter(({ type }) => type === 'deposit')
    const pending = world.rows(mainAccount).filter(({ status }) => status === 'pending')
    return [
      ...pending.map((row) => ({ ...entryOf(row, undefined), refid: row.id, status: 'Pending' })),
      ...arrived.map((entry) => ({ ...entry, status: 'Success' })),
    ]
      .map(({ id: _, type: __, time, ...deposit }) => ({
        ...deposit,
        time: Math.floor(time),
        method: 'Bitcoin',
        aclass: 'currency',
        txid: `tx-${deposit.refid}`,
        info: 'bc1q…',
      }))
      .filter(({ time }) => time > start)
      .toSorted((a, b) => b.time - a.time)
      .slice(0, 50)
  })

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({
      credentials: { apiKey: `key-${owner}`, secret: secretOf(`key-${owner}`) },
      config: { exchange: 'kraken', baseUrl: url },
    }),
    refuseCredentials: () => {
      accepted = false
    },
    rowFor: depositOrWithdrawal,
  }
}

/** A row as a ledger can hold it: alone, and where it is pending a deposit, since other things are booked at once. */
export function depositOrWithdrawal(row: WorldRow): WorldRow {
  const { group: _, kind: __, ...rest } = row
  const amount = row.status === 'pending' && row.amount.startsWith('-') ? negate(row.amount) : row.amount
  return { ...rest, amount, kind: amount.startsWith('-') ? 'withdrawal' : 'deposit' }
}

/** The fee of an event stands in the entry of its asset. */
function entriesOf(world: World): Entry[] {
  const rows = world.rows(mainAccount).filter(({ status }) => (status ?? 'posted') === 'posted')
  const fees = rows.filter(({ kind }) => kind === 'fee')
  const taken = new Set<string>()
  const entries = rows
    .filter(({ kind }) => kind !== 'fee')
    .map((row) => {
      const fee = fees.find(
        ({ id, group, asset }) =>
          group !== undefined && group === row.group && asset === row.asset && !taken.has(id),
      )
      if (fee) taken.add(fee.id)
      return entryOf(row, fee)
    })
  return entries.toSorted((a, b) => a.time - b.time)
}

function entryOf(row: WorldRow, fee: WorldRow | undefined): Entry {
  return {
    id: row.id,
    time: Date.parse(row.occurredAt) / 1000,
    refid: row.replaces ?? row.group ?? `ref-${row.id}`,
    type: row.kind === 'reward' ? 'staking' : (row.kind ?? 'deposit'),
    asset: krakenAsset(row.asset ?? 'USD').id,
    amount: row.amount,
    fee: fee ? negate(fee.amount) : '0.0000000000',
  }
}

function answer(context: Context, result: unknown): Response {
  return context.json({ error: [], result })
}

export function secretOf(key: string): string {
  return createHash('sha256').update(`the secret of ${key}`).digest('base64')
}

/** HMAC-SHA512 of the path and the SHA256 of nonce and body, by the secret's bytes. */
function isSigned(context: Context, body: string, key: string): boolean {
  const nonce = new URLSearchParams(body).get('nonce') ?? ''
  const hash = createHash('sha256')
    .update(nonce + body)
    .digest()
  const signature = createHmac('sha512', Buffer.from(secretOf(key), 'base64'))
    .update(Buffer.concat([Buffer.from(context.req.path), hash]))
    .digest('base64')
  return context.req.header('api-sign') === signature
}
