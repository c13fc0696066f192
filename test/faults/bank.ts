import { Hono } from 'hono'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { countTraffic, type Traffic } from '../../src/connectors/emulator/traffic.ts'
import { createWorld, type World } from '../../src/connectors/emulator/world.ts'
import { atEnd } from './own-server.ts'

export interface Bank extends ListeningEmulator {
  /** What the customer with this token has there, made when it is first asked for. */
  world(token: string): World
  traffic: Traffic
}

const pageSize = 10

/**
 * An emulated provider with many customers, as ./provider speaks to it: each has a feed of changes. It counts requests
 * and refuses none, so that what it counts is what was asked.
 */
export async function startBank(onRequest: () => Promise<void> = async () => {}): Promise<Bank> {
  const worlds = new Map<string, World>()
  const world = (token: string) => {
    const known = worlds.get(token) ?? createWorld()
    worlds.set(token, known)
    return known
  }
  const traffic = countTraffic({ clock: () => new Date() })
  const app = new Hono()
  app.use(traffic.middleware)
  app.get('/feed', async (context) => {
    await onRequest()
    const own = world(context.req.header('authorization')?.replace('Bearer ', '') ?? '')
    const after = Number(context.req.query('after') ?? 0)
    const events = own.events().filter(({ sequence }) => sequence > after)
    return context.json({
      accounts: own.accounts().map(({ id, name, asset }) => ({ id, name, asset, balance: null })),
      events: events
        .slice(0, pageSize)
        .map(({ sequence, ...event }) => ({ ...event, sequence: String(sequence) })),
      more: events.length > pageSize,
    })
  })
  const listening = await listen(app)
  atEnd(listening.close)
  return { ...listening, world, traffic }
}
