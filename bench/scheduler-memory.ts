import { setTimeout } from 'node:timers/promises'
import { credentialsIdentity } from '../src/db/credentials.ts'
import type { Shutdown } from '../src/shutdown.ts'
import { type AreaReport, count } from './report.ts'
import { type RegistryConnection, startEmulator, startWorker } from './scheduler-processes.ts'
import { benchConnectorIds } from './scheduler-provider.ts'
import { benchKeyring, makeBenchSources, makeTypes } from './scheduler-sources.ts'
import type { BenchDatabase } from './server.ts'

const sources = 20_000
const duration = 15_000

/** The resident size of a worker beside a million registered sources. */
export async function benchMemory(
  db: BenchDatabase,
  registered: number,
  shutdown: Shutdown,
): Promise<AreaReport> {
  const { sql } = db
  const rows: string[][] = []
  for (const [index, pageRows] of [10, 500].entries()) {
    const emulator = await startEmulator({ rows: pageRows, known: 0, registry: true }, shutdown)
    const baseUrl = emulator.url
    if (index === 0)
      await makeBenchSources(sql, { sources, users: 7_000, connectors: benchConnectorIds, baseUrl })
    else
      await sql`
        UPDATE user_source SET config = ${JSON.stringify({ baseUrl })}::text::jsonb, cursor = NULL,
          next_sync_at = now() - INTERVAL '1 minute'
        WHERE source_type_id = ANY (${benchConnectorIds})`
    // The emulators of the round before are gone.
    await sql`UPDATE user_source SET status = 'removed' WHERE source_type_id = ANY (${emulator.connections.map(({ connector }) => connector)})`
    await connectRegistry(emulator.connections, `${pageRows} rows`)
    const worker = await startWorker(
      {
        databaseUrl: db.url,
        connections: 4,
        concurrency: 16,
        hosts: [emulator.host, ...emulator.connections.map(({ host }) => host)],
        bench: benchConnectorIds.map((id) => ({ id, limits: [] })),
        registry: emulator.connections,
      },
      shutdown,
    )
    worker.run()
    const seen: number[] = []
    for (let at = 0; at < duration; at += 500) {
      await setTimeout(500)
      seen.push((await worker.report()).resident)
    }
    const report = await worker.report()
    await worker.stop()
    await emulator.stop()
    if (report.failed > 0) throw new Error(`${report.failed} syncs failed: ${report.message}`)
    if (index === 0) {
      rows.push(['node with tsx alone', '', mebibytes(report.residentAtStart), ''])
      rows.push(['all connectors loaded, nothing synced', '', mebibytes(report.residentAtRest), ''])
    }
    rows.push([
      `while it syncs, pages of ${pageRows} rows`,
      count(report.done),
      mebibytes(seen.reduce((sum, each) => sum + each, 0) / seen.length),
      mebibytes(report.peak),
    ])
  }
  return {
    title: `Memory of a worker beside ${count(registered)} sources`,
    about: [
      `data      ${count(registered)} sources registered; ${count(sources)} due ones of the benchmark’s own connectors, and one of every`,
      '          connector of the registry, each against its emulator in another process',
      `measured  resident size of a process with the options of bin/tidemark, 16 syncs at once, every half a second for ${duration / 1000} s,`,
      '          and its peak (VmHWM)',
    ],
    head: ['', 'syncs', 'mean', 'peak'],
    rows,
  }

  async function connectRegistry(connections: RegistryConnection[], name: string): Promise<void> {
    await makeTypes(
      sql,
      connections.map(({ connector }) => connector),
    )
    for (const { connector, scope, credentials, config } of connections) {
      const [made] = await sql<{ id: string }[]>`
        INSERT INTO user_source (user_id, source_type_id, name, config, lane)
        SELECT CASE WHEN ${scope} = 'user' THEN min(id) END, ${connector}, ${name},
          ${JSON.stringify(config ?? {})}::text::jsonb, 0
        FROM app_user RETURNING id`
      const sealed = benchKeyring().seal(credentials as object, credentialsIdentity(made!.id))
      await sql`UPDATE user_source SET credentials = ${sealed}, next_sync_at = now() WHERE id = ${made!.id}`
    }
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}
