import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DashboardPlaces, dashboardFolder } from '../../src/cli/dashboard-folder.ts'

let root: string
let told: string
const stderr = {
  write: (text: string) => {
    told += text
    return true
  },
} as NodeJS.WriteStream

/** Numbers what it builds. */
function builder(meanwhile = async () => {}) {
  let builds = 0
  return {
    builds: () => builds,
    build: async (_root: string, folder: string) => {
      const text = `build ${++builds}`
      await meanwhile()
      await writeFile(join(folder, 'index.html'), text)
    },
  }
}
const fails: DashboardPlaces['build'] = async () => {
  throw new Error("Cannot find package 'vite' imported from somewhere\nand more of it")
}
const served = () => readFile(join(root, 'dist', 'dashboard', 'index.html'), 'utf8')
const edit = (name: string, at: Date) => utimes(join(root, name), at, at)
const hour = 3_600_000
const soon = () => new Date(Date.now() + hour)
const later = () => new Date(Date.now() + 2 * hour)

beforeEach(async () => {
  told = ''
  root = await mkdtemp(join(tmpdir(), 'tidemark-checkout-'))
  for (const folder of ['src/dashboard/ui', 'src/client'])
    await mkdir(join(root, folder), { recursive: true })
  for (const name of [
    'src/dashboard/index.html',
    'src/dashboard/ui/page.tsx',
    'src/client/client.ts',
    'src/calendar.ts',
    'src/decimal.ts',
    'vite.config.ts',
    'package-lock.json',
  ])
    await writeFile(join(root, name), '')
})
afterEach(() => rm(root, { recursive: true, force: true }))

test('what it is made of is there', async () => {
  const { sources } = await import('../../src/cli/dashboard-folder.ts')
  for (const name of sources) await access(name)
})

test('from a checkout it is built once, and again where a source is newer', async () => {
  const { build, builds } = builder()
  for (let start = 0; start < 2; start++)
    expect(await dashboardFolder({ stderr }, { root, build })).toBe(join(root, 'dist', 'dashboard'))
  expect([builds(), await served()]).toEqual([1, 'build 1'])
  for (const name of ['src/dashboard/ui/page.tsx', 'src/client/client.ts', 'package-lock.json']) {
    await edit('dist/dashboard/index.html', soon())
    await edit(name, later())
    await dashboardFolder({ stderr }, { root, build })
    await edit(name, new Date())
  }
  expect([builds(), await served(), told]).toEqual([4, 'build 4', ''])
  expect(await readdir(join(root, 'dist'))).toEqual(['dashboard'])
})

test('an edit while it is built is built the next time', async () => {
  const { build, builds } = builder(async () => {
    await writeFile(join(root, 'src/dashboard/ui/page.tsx'), 'edited')
    const { mtime } = await stat(join(root, 'src/dashboard/ui/page.tsx'))
    await edit('src/dashboard/ui/page.tsx', new Date(mtime.getTime() + 1))
  })
  await dashboardFolder({ stderr }, { root, build })
  await dashboardFolder({ stderr }, { root, build })
  expect(builds()).toBe(2)
})

test('processes that start at the same time all have it', async () => {
  for (let round = 0; round < 20; round++) {
    const { build } = builder()
    await edit('src/client/client.ts', soon())
    const all = await Promise.all([0, 1, 2].map(() => dashboardFolder({ stderr }, { root, build })))
    expect(new Set(all)).toEqual(new Set([join(root, 'dist', 'dashboard')]))
    expect(await served()).toMatch(/^build [123]$/)
    expect(await readdir(join(root, 'dist'))).toEqual(['dashboard'])
  }
  expect(told).toBe('')
})

test('where it cannot be built, a line says so, and what there was is served', async () => {
  expect(await dashboardFolder({ stderr }, { root, build: fails })).toBeUndefined()
  expect(told).toBe(
    "The dashboard could not be built (Cannot find package 'vite' imported from somewhere): the API is served without it.\n",
  )
  await dashboardFolder({ stderr }, { root, build: builder().build })
  await edit('src/client/client.ts', soon())
  told = ''
  expect(await dashboardFolder({ stderr }, { root, build: fails })).toBe(join(root, 'dist', 'dashboard'))
  expect(told).toContain('an older one is served')
  expect(await served()).toBe('build 1')
  expect(await readdir(join(root, 'dist'))).toEqual(['dashboard'])
})

test('where nothing can be written, it is said, too', async () => {
  await writeFile(join(root, 'dist'), 'no folder')
  expect(await dashboardFolder({ stderr }, { root, build: builder().build })).toBeUndefined()
  expect(told).toMatch(/^The dashboard could not be built \(EEXIST: .*\): the API is served without it\.\n$/)
})

test('a package serves what it brought along, and is never built', async () => {
  await rm(join(root, 'src'), { recursive: true })
  expect(await dashboardFolder({ stderr }, { root, build: fails })).toBeUndefined()
  await mkdir(join(root, 'dist', 'dashboard'), { recursive: true })
  await writeFile(join(root, 'dist', 'dashboard', 'index.html'), 'packed')
  expect(await dashboardFolder({ stderr }, { root, build: fails })).toBe(join(root, 'dist', 'dashboard'))
  expect(told).toBe('')
})
