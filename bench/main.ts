import { createShutdown } from '../src/shutdown.ts'
import { benchCsv } from './csv.ts'
import { benchDashboard } from './dashboard.ts'
import { createGrowth } from './growth.ts'
import { benchHttp } from './http.ts'
import { benchIngest } from './ingest.ts'
import { benchIngestBeside } from './ingest-beside.ts'
import { benchLateRows } from './late-rows.ts'
import { benchMaintenance } from './maintenance.ts'
import { type Area, type Options, populationAreas, readOptions, usage } from './options.ts'
import { loadPopulation, type Population } from './population.ts'
import { type AreaReport, printReport } from './report.ts'
import { benchScheduler } from './scheduler.ts'
import { benchSyncs } from './scheduler-syncs.ts'
import { benchSeries } from './series.ts'
import { type BenchServer, findEngines, startServer } from './server.ts'
import { reportStorage } from './storage.ts'

const shutdown = createShutdown()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not once: npm passes on the signal that the terminal sends to this process too, and a second one would kill it.
  process.on(signal, () => {
    // Work under way fails when its connections go; the server and its folder go before this process does.
    shutdown.stop().finally(() => process.exit(1))
  })
}

try {
  const options = readOptions(process.argv.slice(2))
  const engines = await findEngines()
  if (options.engine !== 'all' && !engines.has(options.engine)) {
    throw new RangeError(`the engine ${options.engine} was not found on this machine`)
  }
  for (const [engine, pgBin] of engines) {
    if (options.engine !== 'all' && options.engine !== engine) continue
    const server = await startServer(engine, pgBin, shutdown)
    await runAreas(server, options)
    await server.close()
  }
} catch (error) {
  if (!shutdown.signal.aborted) {
    process.stderr.write(
      `${error instanceof RangeError ? `bench: ${error.message}\n${usage}` : (error as Error).stack}\n`,
    )
    process.exitCode = 1
  }
} finally {
  await shutdown.stop()
}

async function runAreas(server: BenchServer, { rows, sources, only }: Options): Promise<void> {
  if (only.includes('ingest')) printReport(server, await benchIngest(await server.create('ingest')))
  if (only.includes('csv')) printReport(server, await benchCsv(await server.create('csv'), shutdown))
  if (only.includes('late-rows')) printReport(server, await benchLateRows(await server.create('late_rows')))
  if (only.includes('dashboard'))
    printReport(server, await benchDashboard(await server.create('dashboard'), shutdown))
  for await (const report of benchScheduler(server, { sources, only }, shutdown)) printReport(server, report)
  if (!populationAreas.some((area) => only.includes(area))) return
  const growth = createGrowth()
  for (const each of rows) {
    const name = `population_${each}`
    const population = await loadPopulation(await server.create(name), each)
    for await (const report of benchPopulation(population, only)) {
      growth.add(population.rows, report)
      printReport(server, report)
    }
    await server.drop(name)
  }
  const report = growth.report()
  if (report) printReport(server, report)
}

/** What writes comes behind what reads. */
async function* benchPopulation(population: Population, only: Area[]): AsyncGenerator<AreaReport> {
  if (only.includes('storage')) yield reportStorage(population)
  if (only.includes('series')) yield await benchSeries(population)
  if (only.includes('http')) yield await benchHttp(population, shutdown)
  if (only.includes('maintenance')) yield await benchMaintenance(population)
  if (only.includes('ingest')) yield await benchIngestBeside(population)
  if (only.includes('syncs')) yield* await benchSyncs(population.db, shutdown, population.rows)
}
