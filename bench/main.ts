import { createShutdown } from '../src/shutdown.ts'
import { benchCsv } from './csv.ts'
import { benchDashboard } from './dashboard.ts'
import { benchHttp } from './http.ts'
import { benchIngest } from './ingest.ts'
import { benchLateRows } from './late-rows.ts'
import { benchMaintenance } from './maintenance.ts'
import { type Options, readOptions, usage } from './options.ts'
import { loadPopulation, type Population } from './population.ts'
import { count, printReport, ratio } from './report.ts'
import { benchScheduler } from './scheduler.ts'
import { benchSeries, type SeriesTimes } from './series.ts'
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
  if (!['series', 'storage', 'http', 'maintenance'].some((area) => (only as string[]).includes(area))) return
  let first: { population: Population; times: SeriesTimes } | undefined
  let firstFigures: Map<string, number> | undefined
  for (const each of rows) {
    const name = `population_${each}`
    const population = await loadPopulation(await server.create(name), each)
    if (only.includes('storage')) printReport(server, reportStorage(population))
    if (only.includes('series')) {
      const { report, times } = await benchSeries(population)
      printReport(server, report)
      if (first) {
        const { population: before, times: beforeTimes } = first
        for (const shape of Object.keys(times) as (keyof SeriesTimes)[]) {
          process.stdout.write(
            `${shape}: ${ratio(times[shape].own / beforeTimes[shape].own)} the time at ${count(before.rows)} rows ` +
              `(balances alone ${ratio(times[shape].ownFlow / beforeTimes[shape].ownFlow)})\n`,
          )
        }
      }
      first ??= { population, times }
    }
    if (only.includes('http')) printReport(server, await benchHttp(population, shutdown))
    if (only.includes('maintenance')) {
      const { report, figures } = await benchMaintenance(population)
      printReport(server, report)
      for (const [name, value] of firstFigures ? figures : []) {
        process.stdout.write(`${name}: ${ratio(value / firstFigures!.get(name)!)} of what it was at first\n`)
      }
      firstFigures ??= figures
    }
    await server.drop(name)
  }
}
