import { availableParallelism, cpus, totalmem } from 'node:os'
import type { BenchServer } from './server.ts'

/** What a figure depends on beside the code. No names of hosts, users or folders. */
export function describeMachine(server: Pick<BenchServer, 'engine' | 'postgres' | 'timescaledb'>): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  const versions = [`Node.js ${process.versions.node}`, `PostgreSQL ${server.postgres.split(' ')[0]}`]
  if (server.timescaledb !== undefined) versions.push(`TimescaleDB ${server.timescaledb}`)
  return [
    `machine   ${model}, ${availableParallelism()} cores, ${memory} GiB`,
    `versions  ${versions.join(', ')}`,
    `engine    ${server.engine}`,
  ].join('\n')
}
