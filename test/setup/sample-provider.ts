import { Hono } from 'hono'
import type { Connector } from '../../src/connectors/connector.ts'
import { createFaults, type Faults } from '../../src/connectors/emulator/faults.ts'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { countTraffic, type Traffic } from '../../src/connectors/emulator/traffic.ts'
import { createWorld, type World, type WorldRow } from '../../src/connectors/emulator/world.ts'
import { type SampleConnectorOptions, sampleConnector } from './sample-connector.ts'

export interface SampleOptions extends SampleConnectorOptions {
  clock: () => Date
  pageSize?: number
  enforceLimits?: boolean
  /** Sees every request as it arrives, and again when it was answered. */
  onRequest?: (path: string, moment: 'arrived' | 'answered', token: string) => void | Promise<void>
}

export interface SampleProvider extends ListeningEmulator {
  connector: Connector
  world: World
  traffic: Traffic
  faults: Faults
  credentials: { token: string }
  config: { baseUrl: string }
  /** Tokens that are not accepted any more. */
  refused: Set<string>
}

/**
 * A provider for tests of the scheduler, over HTTP as any: with `windowDays` it lists the rows of a range of days,
 * without deletions; otherwise it is a feed of changes behind a cursor.
 */
export async function startSampleProvider(options: SampleOptions): Promise<SampleProvider> {
  const { clock, limits = [], pageSize = 100, onRequest } = options
  const world = createWorld()
  const faults = createFaults()
  const traffic = countTraffic({ clock, limits: options.enforceLimits === false ? [] : limits })
  const refused = new Set<string>()
  /** By the token that was exchanged for it, the one before: it is refused from the new one's first use on. */
  const before = new Map<string, string>()
  let exchanges = 0

  const app = new Hono()
  if (onRequest)
    app.use(async (context, next) => {
      const token = context.req.header('authorization')?.replace('Bearer ', '') ?? ''
      await onRequest(context.req.path, 'arrived', token)
      await next()
      await onRequest(context.req.path, 'answered', token)
    })
  app.use(traffic.middleware)
  app.use(faults.middleware)
  app.use(async (context, next) => {
    const token = context.req.header('authorization')?.replace('Bearer ', '') ?? ''
    if (refused.has(token)) return context.text('no', 401)
    const exchanged = before.get(token)
    if (exchanged !== undefined) refused.add(exchanged)
    await next()
  })
  const accounts = () =>
    world.accounts().map(({ id, name, owner, asset }) => ({
      id,
      name,
      asset,
      balance: world.balances(id).get(asset),
      ...(owner !== undefined && { owner }),
    }))
  app.get('/exchange', (context) => {
    const token = `exchanged ${exchanges++}`
    before.set(token, context.req.header('authorization')!.replace('Bearer ', ''))
    return context.json({ token })
  })
  app.get('/rows', (context) => {
    const { from = '', to = '', page = '0' } = context.req.query()
    const all = world.rows().filter(({ occurredAt }) => occurredAt >= from && occurredAt.slice(0, 10) <= to)
    const start = Number(page) * pageSize
    const rows = all.slice(start, start + pageSize)
    return context.json({ accounts: accounts(), rows, more: all.length > start + pageSize })
  })
  app.get('/feed', (context) => {
    const after = Number(context.req.query('after') ?? 0)
    const events = world.events().filter(({ sequence }) => sequence > after)
    return context.json({
      accounts: accounts(),
      events: events.slice(0, pageSize),
      more: events.length > pageSize,
    })
  })
  app.get('/balances', (context) => context.json(accounts()))
  app.get('/prices', (context) => {
    const after = Number(context.req.query('after') ?? 0)
    const prices = world.prices().slice(after, after + pageSize)
    return context.json({ prices, more: world.prices().length > after + pageSize })
  })
  app.get('/batch', (context) => {
    const tokens = context.req.query('tokens')?.split(',') ?? []
    return context.json(tokens.map((token) => (refused.has(token) ? null : world.rows(`of ${token}`))))
  })

  const listening = await listen(app)
  return {
    ...listening,
    connector: sampleConnector(options),
    world,
    traffic,
    faults,
    refused,
    credentials: { token: 'good' },
    config: { baseUrl: listening.url },
  }
}

/** Rows of the account `A`, one a day back from `lastDay`, amounts from 1 upwards. */
export function fillWorld(world: World, lastDay: string, rows: number): WorldRow[] {
  if (world.accounts().length === 0)
    world.openAccount({ id: 'A', name: 'Account A', kind: 'checking', asset: 'EUR' })
  const made = Array.from({ length: rows }, (_, index) => ({
    account: 'A',
    id: `row ${String(index).padStart(6, '0')}`,
    occurredAt: new Date(Date.parse(`${lastDay}T10:00:00Z`) - (rows - 1 - index) * 86_400_000).toISOString(),
    amount: `${index + 1}.25`,
  }))
  for (const row of made) world.put(row)
  return made
}
