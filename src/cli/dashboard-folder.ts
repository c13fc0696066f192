import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandContext } from './terminal.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = join(root, 'dist', 'dashboard')
/** What the dashboard is made of. */
const sources = ['src/dashboard', 'src/client', 'src/calendar.ts', 'src/decimal.ts', 'vite.config.ts']

/**
 * Where the built dashboard lies. From a checkout it is built where its sources are newer, as everything else there
 * runs as it is; a package and the image bring it along. Undefined, with a line on stderr, where there is none.
 */
export async function dashboardFolder({
  stderr,
}: Pick<CommandContext, 'stderr'>): Promise<string | undefined> {
  const isCheckout = existsSync(join(root, 'src', 'dashboard', 'index.html'))
  if (isCheckout && (await isStale())) {
    try {
      await build()
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      stderr.write(`The dashboard could not be built (${reason}); the API is served without it.\n`)
      return undefined
    }
  }
  return existsSync(join(built, 'index.html')) ? built : undefined
}

async function isStale(): Promise<boolean> {
  const made = await stat(join(built, 'index.html')).catch(() => undefined)
  return made === undefined || (await newestOf(sources)) > made.mtimeMs
}

async function newestOf(paths: string[]): Promise<number> {
  let newest = 0
  for (const path of paths) {
    const found = await stat(join(root, path))
    newest = Math.max(newest, found.mtimeMs)
    if (!found.isDirectory()) continue
    for (const name of await readdir(join(root, path), { recursive: true }))
      newest = Math.max(newest, (await stat(join(root, path, name))).mtimeMs)
  }
  return newest
}

/** Beside its place and then into it: another process may serve what is there, or build it, too. */
async function build(): Promise<void> {
  const vite = await import('vite')
  await mkdir(join(root, 'dist'), { recursive: true })
  const folder = await mkdtemp(join(root, 'dist', 'dashboard-'))
  await vite.build({
    root: join(root, 'src', 'dashboard'),
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'silent',
    build: { outDir: folder },
  })
  await rm(built, { recursive: true, force: true })
  await rename(folder, built).catch(async (error: NodeJS.ErrnoException) => {
    await rm(folder, { recursive: true, force: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
}
