import { defineConfig } from 'vitest/config'
import { findChromium } from './test/setup/find-chromium.ts'
import { findEngines, tellOnce } from './test/setup/find-engines.ts'
import { isThorough } from './test/setup/property-runs.ts'

/** Files that need a database run once on every engine that the machine offers; the others once. */
const databaseTests = ['db', 'cli', 'http', 'scheduler'].map((folder) => `test/${folder}/**/*.test.ts`)
/** In a real browser, on one engine: what differs between engines ends behind the API. */
const dashboardTests = ['test/dashboard/**/*.test.ts']
/** Minutes, by `npm run test:faults` (vitest.faults.config.ts). */
const faultTests = ['test/faults/**/*.test.ts']
/** Need no engine, or start servers of their own. */
const serverTests = [
  'compose-replica',
  'embedded-server',
  'server-binaries',
  'start-lock',
  'statement-balances',
].map((name) => `test/db/${name}.test.ts`)

/**
 * What these are about is the same on every engine, most of it on plain tables: they run once, on the engine that is
 * looked for first, and on every one with TIDEMARK_THOROUGH=1.
 */
const onceTests = [
  ...['bad-input', 'identity', 'keys-rotate', 'replicated', 'user-add'].map(
    (name) => `test/cli/${name}.test.ts`,
  ),
  ...['credentials', 'identity'].map((name) => `test/db/${name}.test.ts`),
  ...[
    'api-keys',
    'app',
    'bad-requests',
    'dashboard',
    'document',
    'fields',
    'identity-logs',
    'malformed',
    'rate-limit',
    'second-factor',
    'source-types',
    'token-attacks',
    'tokens',
    'users',
    'webhook-route',
  ].map((name) => `test/http/${name}.test.ts`),
  ...['faults', 'isolation', 'lanes', 'lease', 'next-sync', 'slots'].map(
    (name) => `test/scheduler/${name}.test.ts`,
  ),
]

export default defineConfig(async () => {
  const engines = await findEngines()
  const chromium = findChromium(process.env)
  tellOnce(
    chromium
      ? `Browser: ${chromium}`
      : 'Browser: none was found here, and the tests of the dashboard are left out; TIDEMARK_CHROMIUM names one',
  )
  return {
    test: {
      testTimeout: 120_000,
      hookTimeout: 120_000,
      maxWorkers: 2,
      // A process for all files of a project: loading the libraries costs more than most files do.
      isolate: false,
      setupFiles: ['test/setup/fresh-modules.ts'],
      projects: [
        {
          extends: true as const,
          test: {
            name: 'unit',
            include: ['test/**/*.test.ts'],
            exclude: [...databaseTests, ...dashboardTests, ...faultTests],
          },
        },
        { extends: true as const, test: { name: 'server', include: serverTests } },
        ...engines.map((provide) => ({
          extends: true as const,
          test: {
            name: provide.engine,
            include: databaseTests,
            exclude:
              isThorough() || provide === engines.at(-1) ? serverTests : [...serverTests, ...onceTests],
            globalSetup: ['test/setup/server.ts'],
            provide,
          },
        })),
        ...(chromium
          ? [
              {
                extends: true as const,
                test: {
                  name: 'dashboard',
                  include: dashboardTests,
                  expect: { poll: { timeout: 15_000 } },
                  globalSetup: ['test/setup/server.ts', 'test/setup/dashboard-build.ts'],
                  provide: { ...engines.at(-1)!, chromium },
                },
              },
            ]
          : []),
      ],
    },
  }
})
