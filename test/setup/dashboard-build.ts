import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    chromium: string
    dashboard: string
  }
}

/** The dashboard as its sources are now, once for all files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-dashboard-'))
  await build({
    configFile: 'vite.config.ts',
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  })
  project.provide('dashboard', folder)
  return () => rm(folder, { recursive: true, force: true })
}
