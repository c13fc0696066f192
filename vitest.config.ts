import { defineConfig } from 'vitest/config'
import { findServerBinaries } from './src/db/server-binaries.ts'

/** Files that need a database run once on every engine that the machine offers; the others once. */
const databaseTests = ['db', 'cli', 'http', 'scheduler'].map((folder) => `test/${folder}/**/*.test.ts`)
/** Need no engine, or start servers of their own. */
const serverTests = ['embedded-server', 'server-binaries', 'start-lock', 'statement-balances'].map(
  (name) => `test/db/${name}.test.ts`,
)

export default defineConfig(async () => {
  const found = await findServerBinaries({ path: process.env.PATH ?? '' })
  const engines = [{ engine: 'plain', pgBin: 'npm' }]
  if (found.timescale) engines.push({ engine: 'timescale', pgBin: found.bin })
  tellOnce(
    found.timescale
      ? `Engines: plain (packaged PostgreSQL), timescale (${found.timescale} on PostgreSQL ${found.version})`
      : 'Engines: plain (packaged PostgreSQL) alone; no TimescaleDB community edition was found here',
  )
  return {
    test: {
      testTimeout: 120_000,
      hookTimeout: 120_000,
      maxWorkers: 2,
      projects: [
        {
          extends: true as const,
          test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: databaseTests },
        },
        { extends: true as const, test: { name: 'server', include: serverTests } },
        ...engines.map((provide) => ({
          extends: true as const,
          test: {
            name: provide.engine,
            include: databaseTests,
            exclude: serverTests,
            globalSetup: ['test/setup/server.ts'],
            provide,
          },
        })),
      ],
    },
  }
})

/** Every project reads this file anew. */
function tellOnce(text: string): void {
  if (process.env.TIDEMARK_ENGINES_TOLD !== text) console.log(text)
  process.env.TIDEMARK_ENGINES_TOLD = text
}
