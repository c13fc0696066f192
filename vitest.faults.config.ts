import { defineConfig } from 'vitest/config'
import { isShort } from './test/faults/options.ts'
import { findEngines } from './test/setup/find-engines.ts'

/**
 * The fault battery: minutes of stopped servers, broken connections, full disks and killed workers, on every engine that
 * the machine offers. Each file starts servers of its own.
 */
export default defineConfig(async () => ({
  test: {
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
    // Files share the machine's cores with the servers and processes that they start; the short form mostly waits.
    maxWorkers: isShort ? 4 : 2,
    projects: (await findEngines()).map((provide) => ({
      extends: true as const,
      test: { name: `faults-${provide.engine}`, include: ['test/faults/**/*.test.ts'], provide },
    })),
  },
}))
