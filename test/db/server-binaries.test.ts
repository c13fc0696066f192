import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkLibraries } from '../../src/db/packaged-binaries.ts'
import { findServerBinaries } from '../../src/db/server-binaries.ts'
import { InstallationError } from '../../src/errors.ts'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidemark-binaries-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A folder that looks like a PostgreSQL installation; returns its bin. */
async function installation(
  name: string,
  {
    version = '99.1',
    timescale,
    tsl = true,
    pgConfig = true,
  }: { version?: string; timescale?: string; tsl?: boolean; pgConfig?: boolean } = {},
): Promise<string> {
  const root = join(scratch, name)
  const script = async (program: string, text: string) => {
    await writeFile(join(root, 'bin', program), `#!/bin/sh\n${text}\n`)
    await chmod(join(root, 'bin', program), 0o755)
  }
  // With pg_config the folders are ones that no known layout has, so that only it can tell them.
  const [share, lib] = pgConfig ? ['data', 'libraries'] : ['share/postgresql', 'lib/postgresql']
  for (const folder of ['bin', `${share}/extension`, lib])
    await mkdir(join(root, folder), { recursive: true })
  await script('initdb', ':')
  await script('pg_ctl', ':')
  await script('postgres', `echo 'postgres (PostgreSQL) ${version} (Debian)'`)
  if (pgConfig) {
    const answers = `--bindir) echo ${root}/bin;; --sharedir) echo ${root}/${share};; --pkglibdir) echo ${root}/${lib};;`
    await script('pg_config', `case "$1" in ${answers} esac`)
  }
  if (timescale) {
    const control = `comment = 'time series'\ndefault_version = '${timescale}'\n`
    await writeFile(join(root, share!, 'extension/timescaledb.control'), control)
    await writeFile(join(root, lib!, `timescaledb-${timescale}.so`), '')
    if (tsl) await writeFile(join(root, lib!, `timescaledb-tsl-${timescale}.so`), '')
  }
  return join(root, 'bin')
}

const fault = async (promise: Promise<unknown>) => {
  const error = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InstallationError)
  return (error as Error).message
}

describe('a named folder', () => {
  test('npm means the packaged server', async () => {
    const server = await findServerBinaries({ pgBin: 'npm', path: '' })
    expect(server).toMatchObject({ packaged: true, major: 18 })
    expect(server.timescale).toBeUndefined()
  })

  test.each([true, false])(
    'tells the community edition of TimescaleDB, with pg_config: %s',
    async (pgConfig) => {
      const bin = await installation(`community-${pgConfig}`, { timescale: '2.30.1', pgConfig })
      const server = await findServerBinaries({ pgBin: bin, path: '' })
      expect(server).toEqual({ bin, version: '99.1', major: 99, timescale: '2.30.1', packaged: false })
    },
  )

  test('takes the Apache edition and an old TimescaleDB for none', async () => {
    const apache = await installation('apache', { timescale: '2.30.1', tsl: false })
    expect((await findServerBinaries({ pgBin: apache, path: '' })).timescale).toBeUndefined()
    const old = await installation('old-extension', { timescale: '2.25.2' })
    expect((await findServerBinaries({ pgBin: old, path: '' })).timescale).toBeUndefined()
  })

  test('is refused where it holds no server or too old a one', async () => {
    expect(await fault(findServerBinaries({ pgBin: scratch, path: '' }))).toContain(scratch)
    const old = await installation('old-server', { version: '14.9' })
    expect(await fault(findServerBinaries({ pgBin: old, path: '' }))).toMatch(/14\.9.*15 or newer/)
  })

  test('is refused for data of another version, naming both', async () => {
    const message = await fault(findServerBinaries({ pgBin: 'npm', path: '', major: 13 }))
    expect(message).toMatch(/PostgreSQL 13\b.*PostgreSQL 18/)
  })
})

describe('a search', () => {
  test('prefers the newest server with TimescaleDB', async () => {
    const newer = await installation('newer', { version: '99.1', timescale: '2.30.1' })
    const older = await installation('older', { version: '98.4', timescale: '2.30.1' })
    const plain = await installation('plain', { version: '100.0' })
    const path = [plain, older, newer].join(':')
    expect((await findServerBinaries({ path })).bin).toBe(newer)
    expect((await findServerBinaries({ path, major: 98 })).bin).toBe(older)
    // Data that a plain server made needs a plain server of the same version.
    expect((await findServerBinaries({ path, major: 100 })).bin).toBe(plain)
  })

  test('takes the packaged server for its data, and refuses data of a version that is nowhere', async () => {
    expect(await findServerBinaries({ path: '', major: 18 })).toMatchObject({ major: 18 })
    expect(await fault(findServerBinaries({ path: '', major: 13 }))).toMatch(
      /PostgreSQL 13\b.*TIDEMARK_PG_BIN/,
    )
  })
})

describe('links between packaged libraries', () => {
  test('are made where the install script did not run', async () => {
    const folder = join(scratch, 'package')
    await mkdir(join(folder, 'native/lib'), { recursive: true })
    await writeFile(join(folder, 'native/lib/libpq.so.5.18'), 'library')
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
    await writeFile(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links))
    await Promise.all([linkLibraries(folder), linkLibraries(folder)])
    expect(await readlink(join(folder, 'native/lib/libpq.so.5'))).toBe('libpq.so.5.18')
    expect(await readFile(join(folder, 'native/lib/libpq.so.5'), 'utf8')).toBe('library')
  })

  test('that cannot be made are told with what to do', async () => {
    const folder = join(scratch, 'damaged')
    await mkdir(join(folder, 'native'), { recursive: true })
    const links = [{ source: 'native/lib/a.so.1', target: 'native/lib/a.so' }]
    await writeFile(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links))
    expect(await fault(linkLibraries(folder))).toContain('npm rebuild')
  })
})
