import { connect } from '../../src/db/client.ts'
import type { TestDatabase } from './database.ts'
import { type SampleConnectorOptions, sampleConnector } from './sample-connector.ts'
import { testScheduler } from './scheduling.ts'
import { runAllDue } from './sync-state.ts'
import { createVirtualClock } from './virtual-clock.ts'

// A process of its own that syncs what is due of a connector and ends: to be killed by a test.

export interface SyncProcessOptions {
  databaseUrl: string
  host: string
  connector: SampleConnectorOptions & { id: string }
  start: string
  horizon: string
}

const options = JSON.parse(process.env.SYNC_PROCESS ?? '') as SyncProcessOptions
const sql = connect(options.databaseUrl, { max: 2 })
const clock = createVirtualClock(new Date(options.start))
const providers = [{ connector: sampleConnector(options.connector), host: options.host }]
const scheduler = testScheduler({ sql } as unknown as TestDatabase, clock, providers, {
  sleep: async (milliseconds) => clock.moveTo(new Date(clock.now().getTime() + milliseconds)),
})
await runAllDue(
  scheduler,
  { sql } as unknown as TestDatabase,
  clock,
  options.connector.id,
  new Date(options.horizon),
)
await sql.end()
process.exit(0)
