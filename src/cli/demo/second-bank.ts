import { addDays } from '../../calendar.ts'
import { listen } from '../../connectors/emulator/listen.ts'
import type { Connectors } from '../../connectors/load.ts'
import { addSource, listSources, reconnectSource } from '../../db/sources.ts'
import type { Shutdown } from '../../shutdown.ts'
import { nameEnding } from './connections.ts'
import type { Household } from './household.ts'
import type { DemoParts } from './open-providers.ts'

/** A bank whose only account the household has forgotten. */
export interface SecondBank {
  /** `host:port`. */
  host: string
  /** An access URL that it takes. */
  address: string
}

const connectorId = 'simplefin'
const name = `Old savings bank${nameEnding}`

/** Serves it over HTTP on loopback, until the shutdown: small interest each month of two years. */
export async function startSecondBank(
  connectors: Connectors,
  { today }: Household,
  clock: () => Date,
  shutdown: Shutdown,
): Promise<SecondBank> {
  const fixture = await connectors.fixture(connectorId)
  const { app, world, connection } = fixture.start({ clock, limits: false, seeded: false })
  const account = 'ACT-old-savings'
  world.openAccount({ id: account, name: 'Old savings', kind: 'savings', asset: 'EUR' })
  world.setOpening(account, 'EUR', '412.60')
  const begin = `${Number(today.slice(0, 4)) - 2}-01-01`
  for (let day = begin; day <= today; day = addDays(day, 1)) {
    if (!day.endsWith('-01')) continue
    const amount = `0.${30 + Number(day.slice(5, 7))}`
    const row = { amount, kind: 'interest', description: 'Interest' }
    world.put({ account, id: `OLD-${day}`, occurredAt: `${day}T00:00:00Z`, ...row })
  }
  const { url, host, close } = await listen(app)
  shutdown.register(close)
  const { accessUrl } = connection(url).credentials as { accessUrl: string }
  return { host, address: accessUrl }
}

/**
 * The connection to it, with a password that the bank does not take any more: a source that waits for its owner, and
 * brings nothing until they sign in again. Once they have, it goes on with what they gave.
 */
export async function connectSecondBank(
  { db, keyring, clock, connectors }: DemoParts,
  userId: string,
  { address }: SecondBank,
): Promise<void> {
  const known = (await listSources(db.sql, { userId })).find((source) => source.name === name)
  const credentials = { accessUrl: known?.lastSyncTime ? address : withoutAccess(address) }
  if (known) return reconnectSource(db.sql, keyring, known.id, { credentials }, clock())
  const connector = await connectors.get(connectorId)
  await addSource(db.sql, keyring, { connector, userId, name, config: {}, credentials }, clock())
}

function withoutAccess(address: string): string {
  const url = new URL(address)
  url.password = 'expired'
  return url.href
}
