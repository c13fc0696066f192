import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandContext } from './terminal.ts'

/** What the dashboard is made of. */
export const sources = [
  'src/dashboard',
  'src/client',
  'src/calendar.ts',
  'src/decimal.ts',
  'vite.config.ts',
  'package-lock.json',
]

export interface DashboardPlaces {
  /** Of the checkout or the package: the same place seen from src/cli and from dist/cli. */
  root: string
  /** Builds what the root has into a folder. */
  build(root: string, folder: string): Promise<void>
}

const own: DashboardPlaces = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  // Loaded where it is needed: a package and the image have no Vite.
  build: async (root, folder) => (await import('./build-dashboard.ts')).buildDashboard(root, folder),
}

/**
 * Where the built dashboard lies. From a checkout it is built where its sources are newer, as everything else there
 * runs as it is; a package and the image bring it along. Where that fails, a line on stderr says so, and what was built
 * before is served; undefined where there is nothing.
 */
export async function dashboardFolder(
  { stderr }: Pick<CommandContext, 'stderr'>,
  { root, build }: DashboardPlaces = own,
): Promise<string | undefined> {
  const built = join(root, 'dist', 'dashboard')
  const isBuilt = () => existsSync(join(built, 'index.html'))
  const isCheckout = existsSync(join(root, 'src', 'dashboard', 'index.html'))
  const edited = isCheckout ? await lastEdit(root) : undefined
  if (edited !== undefined && !(await isBuiltOf(edited, built))) {
    try {
      await replace(built, edited, (folder) => build(root, folder))
      return built
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      const instead = isBuilt() ? 'an older one is served' : 'the API is served without it'
      stderr.write(`The dashboard could not be built (${reason}): ${instead}.\n`)
    }
  }
  return isBuilt() ? built : undefined
}

/** When something of it was edited last, in whole milliseconds, as finely as a file's times can be set. */
async function lastEdit(root: string): Promise<number> {
  return Math.floor(await newestOf(sources.map((name) => join(root, name))))
}

async function isBuiltOf(edited: number, built: string): Promise<boolean> {
  const made = await stat(join(built, 'index.html')).catch(() => undefined)
  // A time that is set is kept a fraction of a microsecond earlier.
  return made !== undefined && Math.round(made.mtimeMs) >= edited
}

/** Of files, and folders with all that is in them. What is moved or copied to its place keeps its mtime, not its ctime. */
async function newestOf(paths: string[]): Promise<number> {
  let newest = 0
  for (const path of paths) {
    const found = await stat(path)
    newest = Math.max(newest, found.mtimeMs, found.ctimeMs)
    if (found.isDirectory())
      newest = Math.max(newest, await newestOf((await readdir(path)).map((name) => join(path, name))))
  }
  return newest
}

/** Made beside its place and moved into it whole: another process may serve what is there, or build it, too. */
async function replace(
  place: string,
  edited: number,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  await mkdir(join(place, '..'), { recursive: true })
  const folder = await mkdtemp(`${place}-`)
  // By the clock that files are marked with: it may be some milliseconds behind the other. What was edited in the future
  // is built each time.
  const edition = new Date(Math.min(edited, Date.now()))
  const former = `${folder}-former`
  try {
    await make(folder)
    // What is edited while it is built is newer than what was built.
    await utimes(join(folder, 'index.html'), edition, edition)
    await rename(place, former).catch(unless('ENOENT'))
    // Who was faster has built the same.
    await rename(folder, place).catch(unless('ENOTEMPTY', 'EEXIST'))
  } finally {
    for (const left of [folder, former]) await rm(left, { recursive: true, force: true })
  }
}

function unless(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}
