import { type Context, Hono } from 'hono'
import { parseDecimal } from '../../decimal.ts'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import { createFaults } from '../emulator/faults.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld, type World, type WorldRow } from '../emulator/world.ts'
import { isOutgoing } from './transform.ts'
import type { VendorItem, VendorType } from './wire.ts'

/** Transactions from `from` (included) to `to` (excluded), by createdAt, then by id. */
export interface VendorSource {
  count(from: Date, to: Date): number
  rows(from: Date, to: Date, offset: number, limit: number): VendorItem[]
}

export interface VendorEmulatorOptions extends EmulatorOptions {
  /** In place of the world's rows: a history that is computed, so that its size needs no memory. */
  source?: VendorSource
}

/** The Vendor API, which allows five requests a minute, whatever key they bear. */
export function createVendorEmulator({
  clock,
  pageSize = 1_000,
  limits = true,
  source: given,
}: VendorEmulatorOptions): EmulatedProvider {
  const world = createWorld()
  const source = given ?? worldSource(world)
  const traffic = countTraffic({ clock, limits: limits ? [{ max: 5, per: 60_000, kind: 'sliding' }] : [] })
  const faults = createFaults()
  let acceptsKeys = true

  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)
  app.get('/transactions', (context) => {
    if (!acceptsKeys || !/^Bearer vendor-key-\d+$/.test(context.req.header('authorization') ?? ''))
      return context.json({ statusCode: 401, message: 'Unauthorized' }, 401)
    const asked = readQuery(context)
    if (typeof asked === 'string')
      return context.json({ statusCode: 400, message: asked, error: 'Bad Request' }, 400)
    const { from, to, page } = asked
    const limit = Math.min(asked.limit, pageSize)
    const totalItems = source.count(from, to)
    const items = source.rows(from, to, (page - 1) * limit, limit)
    const meta = {
      totalItems,
      itemCount: items.length,
      itemsPerPage: limit,
      totalPages: Math.ceil(totalItems / limit),
      currentPage: page,
    }
    const text = `{"items":[${items.map(asJson).join()}],"meta":${JSON.stringify(meta)}}`
    return context.body(text, 200, { 'content-type': 'application/json' })
  })

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({
      credentials: { apiKey: `vendor-key-${owner}` },
      config: { baseUrl: url },
    }),
    refuseCredentials: () => {
      acceptsKeys = false
    },
    rowFor: asVendorRow,
  }
}

/** The row as the vendor holds it: its type is decided by kind and sign, and all is in one currency. */
function asVendorRow(row: WorldRow): WorldRow {
  const type = typeOf(row)
  const magnitude = magnitudeOf(row)
  const { replaces: _, ...kept } = row
  return {
    ...kept,
    asset: 'USD',
    kind: type,
    status: type === 'payout' ? 'requested' : 'posted',
    amount: isOutgoing(type) && magnitude !== '0' ? `-${magnitude}` : magnitude,
  }
}

function typeOf({ kind, status, amount }: WorldRow): VendorType {
  if (kind === 'payout' || status === 'requested') return 'payout'
  if (kind === 'paid_out') return 'paid_out'
  return amount.startsWith('-') ? 'spent' : 'earned'
}

function magnitudeOf({ amount }: WorldRow): string {
  const magnitude = parseDecimal(amount.replace(/^-/, ''))
  if (magnitude === undefined) throw new RangeError(`${amount} is not a decimal amount`)
  return magnitude
}

/** The query, or what the API says about it where it is refused. */
function readQuery({ req }: Context) {
  const { startDate, endDate, page = '1', limit = '10' } = req.query()
  const [from, to] = [startDate, endDate].map((text) => new Date(isoInstant.test(text ?? '') ? text! : ''))
  for (const [name, at] of [['startDate', from!] as const, ['endDate', to!] as const]) {
    if (Number.isNaN(at.getTime())) return `${name} must be a valid ISO 8601 date string`
  }
  if (from! > to!) return 'startDate must not be after endDate'
  if (!/^[1-9]\d{0,14}$/.test(page)) return 'page must be a positive integer'
  if (!/^[1-9]\d{0,14}$/.test(limit)) return 'limit must be a positive integer'
  if (Number(limit) > 1_000) return 'limit must not be greater than 1000'
  return { from: from!, to: to!, page: Number(page), limit: Number(limit) }
}
const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

/** JSON.stringify would lose digits of an amount, which is a number in JSON. */
function asJson({ amount, ...item }: VendorItem): string {
  return `${JSON.stringify(item).slice(0, -1)},"amount":${amount}}`
}

/** The world's rows, rendered and sorted once for each change of the world. */
function worldSource(world: World): VendorSource {
  let known = -1
  let items: VendorItem[] = []
  let instants: number[] = []
  const refresh = () => {
    if (world.events().length === known) return
    known = world.events().length
    // As text, an instant with and one without a fraction of a second are not in their order.
    const rows = world.rows().map((row) => ({ row, at: Date.parse(row.occurredAt) }))
    rows.sort((a, b) => a.at - b.at)
    instants = rows.map(({ at }) => at)
    items = rows.map(({ row }) => ({
      id: row.id,
      userId: row.account,
      createdAt: row.occurredAt,
      type: typeOf(row),
      amount: magnitudeOf(row),
    }))
  }
  /** How many rows lie before the instant. */
  const before = (instant: Date) => {
    let low = 0
    let high = instants.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (instants[middle]! < instant.getTime()) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    count(from, to) {
      refresh()
      return before(to) - before(from)
    },
    rows(from, to, offset, limit) {
      refresh()
      const first = before(from) + offset
      return items.slice(first, Math.min(first + limit, before(to)))
    },
  }
}
