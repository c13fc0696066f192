import { join } from 'node:path'
import { build } from 'vite'

/** Builds the dashboard of a checkout into a folder, as `npm run build` does into dist/dashboard. */
export async function buildDashboard(root: string, folder: string): Promise<void> {
  await build({
    root: join(root, 'src', 'dashboard'),
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: true },
  })
}
