import type { Connector, ConnectorContext } from '../connector.ts'
import { listen } from '../emulator/listen.ts'
import { createHttpClient, type RequestGate } from '../http-client.ts'
import type { CheckedPage } from '../pull.ts'
import { createTransport } from '../transport.ts'
import { createFakeClock, type FakeClock } from './clock.ts'
import { differenceOf, firstDayOf, type Ledger, ledgerOfStore, ledgerOfWorld } from './compare.ts'
import { newSource, type StoredSource, type SyncOutcome, sync } from './drive.ts'
import { CaseFailure, describe } from './failure.ts'
import type { ConnectorFixture, EmulatedProvider, EmulatorOptions } from './fixture.ts'
import { createMemoryGate } from './memory-gate.ts'
import { addOldRows } from './old-rows.ts'
import { type PullPages, pullAlone, pullInBatch } from './pull-pages.ts'
import { findSecret, secretsOf } from './secrets.ts'

/** A request as it left Tidemark, whatever the emulator made of it. */
export interface AskedRequest {
  owner: number
  at: number
  status: number | undefined
}

/** One connection, and what is stored of it. */
export interface Subject {
  source: StoredSource
  /** `kill` is called after each stored page with their number; true throws the process away there. */
  sync(kill?: (pages: number) => boolean): Promise<SyncOutcome>
  context(): ConnectorContext
  stored(): Ledger
  /** What is stored against what the provider has; undefined where they agree. */
  difference(): string | undefined
}

/** An emulated provider that is listening, and a clock that both sides go by. */
export interface Trial {
  connector: Connector
  emulated: EmulatedProvider
  clock: FakeClock
  asked: AskedRequest[]
  /** Connects as an owner does, checking the credentials. */
  connect(owner?: number): Promise<Subject>
  expected(): Ledger
  close(): Promise<void>
}

export interface TrialOptions extends Pick<EmulatorOptions, 'pageSize' | 'limits' | 'seeded'> {
  /** Milliseconds after which an answer is given up. */
  timeout?: number
  /** True keeps the connector's own limits; without it every request goes out at once. */
  gated?: boolean
}

/** How the connector is asked: one source at a time, or as part of a batch. */
export type Way = 'alone' | 'in a batch'

/** A working day at noon, in the middle of a month. */
const start = '2025-06-18T12:00:00Z'

const open: RequestGate = { enter: async () => async () => {} }

export async function openTrial(
  fixture: ConnectorFixture,
  way: Way,
  signal: AbortSignal,
  { timeout = 20_000, gated = false, ...options }: TrialOptions = {},
): Promise<Trial> {
  const { connector } = fixture
  const clock = createFakeClock(start)
  const emulated = fixture.start({ limits: false, ...options, clock: clock.now })
  if (options.seeded !== false) addOldRows(connector, emulated, clock.now().toISOString().slice(0, 10))
  const server = await listen(emulated.app)
  const transport = createTransport({ allowedHosts: [server.host] })
  const gate = createMemoryGate(connector.limits, clock)
  const asked: AskedRequest[] = []
  const told: string[] = []

  const fetchOf =
    (owner: number): typeof globalThis.fetch =>
    async (address, request) => {
      const record: AskedRequest = { owner, at: clock.now().getTime(), status: undefined }
      asked.push(record)
      const response = await transport.fetch(address, request)
      record.status = response.status
      return response
    }

  const firstDay = () => firstDayOf(connector.history.maxDays, clock.now().toISOString().slice(0, 10))
  const expected = () => ledgerOfWorld(emulated.world, firstDay())

  return {
    connector,
    emulated,
    clock,
    asked,
    expected,
    async connect(owner = 0) {
      const given = emulated.connection(server.url, owner)
      const source = newSource(
        connector.credentials.parse(given.credentials),
        connector.config.parse(given.config),
      )
      const settings = connector.settings?.parse(given.settings)
      const http = createHttpClient({
        fetch: fetchOf(owner),
        gate: gated ? gate.connection(`${owner}`) : open,
        clock: clock.now,
        signal,
        timeout,
      })
      const keep = (credentials: unknown) => {
        // What is stored has been through JSON.
        source.credentials = connector.credentials.parse(JSON.parse(JSON.stringify(credentials)))
      }
      const contextOf = (): ConnectorContext => {
        const context: ConnectorContext = {
          credentials: source.credentials,
          config: source.config,
          settings,
          http,
          clock: clock.now,
          signal,
          timeZone: 'UTC',
          log: {
            debug: (details, message) => told.push(`${message} ${JSON.stringify(details)}`),
            warn: (details, message) => told.push(`${message} ${JSON.stringify(details)}`),
          },
          saveCredentials: async (credentials) => {
            keep(credentials)
            context.credentials = source.credentials
          },
        }
        return context
      }
      const checked = await connector.check(contextOf())
      if (checked.credentials !== undefined) keep(checked.credentials)
      /** That of the sync under way, which all of its pulls share. */
      let ofSync = contextOf()
      const pull: PullPages = (way === 'alone' ? pullAlone : pullInBatch)(connector, () => ofSync)

      return {
        source,
        context: contextOf,
        stored: () => ledgerOfStore(source.store, firstDay()),
        difference: () => differenceOf(expected(), ledgerOfStore(source.store, firstDay())),
        async sync(kill) {
          ofSync = contextOf()
          let pages = 0
          const afterPage = (_page: CheckedPage) => {
            if (kill?.(++pages) === true) throw new Error('the process was killed')
          }
          const outcome = await sync(source, { connector, clock, pull, afterPage })
          signal.throwIfAborted()
          const said = [
            ...told.splice(0),
            ...outcome.errors.map(describe),
            ...outcome.problems.map(({ message }) => message),
          ]
          const secrets = [...secretsOf(given.credentials), ...secretsOf(source.credentials)]
          const leak = findSecret(said, secrets)
          if (leak !== undefined)
            throw new CaseFailure(`an error, a problem or a log line tells a credential: ${leak}`)
          return outcome
        },
      }
    },
    async close() {
      await transport.close()
      await server.close()
    },
  }
}
