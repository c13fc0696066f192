import { findServerBinaries } from '../../src/db/server-binaries.ts'

/** The engines that this machine offers, and the server binaries of each; says which, once. */
export async function findEngines(): Promise<{ engine: string; pgBin: string }[]> {
  const found = await findServerBinaries({ path: process.env.PATH ?? '' })
  const engines = [{ engine: 'plain', pgBin: 'npm' }]
  if (found.timescale) engines.push({ engine: 'timescale', pgBin: found.bin })
  tellOnce(
    found.timescale
      ? `Engines: plain (packaged PostgreSQL), timescale (${found.timescale} on PostgreSQL ${found.version})`
      : 'Engines: plain (packaged PostgreSQL) alone; no TimescaleDB community edition was found here',
  )
  return engines
}

/** Every project reads its configuration anew. */
export function tellOnce(text: string): void {
  const told = process.env.TIDEMARK_TOLD ?? ''
  if (!told.includes(text)) console.log(text)
  process.env.TIDEMARK_TOLD = `${told}\n${text}`
}
