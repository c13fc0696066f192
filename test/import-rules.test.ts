import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** What each part may import besides itself; root files of src are open to all. */
const allowed: Record<string, string[]> = {
  root: [],
  connectors: [],
  db: [],
  archive: ['db'],
  scheduler: ['db', 'connectors', 'archive'],
  http: ['db', 'connectors', 'archive'],
  // Over HTTP, as anybody else.
  dashboard: ['client'],
  // Types alone: the build drops them.
  client: ['http'],
  cli: ['scheduler', 'http', 'db', 'connectors', 'archive'],
  main: ['cli', 'scheduler', 'http', 'db', 'connectors', 'archive'],
}

interface Import {
  file: string
  target: string
}

async function readImports(): Promise<Import[]> {
  const files = (await readdir(src, { recursive: true })).filter((file) => /\.tsx?$/.test(file))
  const imports = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(src, file), 'utf8')
      const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
      return [...specifiers].map(([, specifier]) => ({
        file,
        target: normalize(join(dirname(file), specifier!)),
      }))
    }),
  )
  return imports.flat()
}

function partOf(file: string): string {
  const [first = '', second] = file.split('/')
  if (second !== undefined) return first
  return first === 'main.ts' ? 'main' : 'root'
}

test('imports point one way', async () => {
  const imports = await readImports()
  expect(imports.length).toBeGreaterThan(50)
  const wrong = imports.filter(({ file, target }) => {
    const [from, to] = [partOf(file), partOf(target)]
    return from !== to && to !== 'root' && !allowed[from]?.includes(to)
  })
  expect(wrong).toEqual([])
})

/** Folders of connectors that are no providers: what providers share, and what tries them. */
const shared = ['conformance', 'emulator', 'prices', 'skeleton', 'statements']

test('one provider never imports another, nor how it is tried; what several share lies in connectors itself', async () => {
  const folder = (file: string) => file.split('/').slice(1, -1)[0]
  const wrong = (await readImports()).filter(({ file, target }) => {
    if (!file.startsWith('connectors/') || !target.startsWith('connectors/')) return false
    const [from, to] = [folder(file), folder(target)]
    if (from === undefined || to === undefined || from === to) return false
    if (!shared.includes(to)) return true
    // Emulators and fixtures are tried; a connector itself knows nothing of that.
    return (
      ['conformance', 'emulator'].includes(to) &&
      /\/(index|pull|transform|wire|client|errors)\.ts$/.test(file) &&
      from !== 'skeleton'
    )
  })
  expect(wrong).toEqual([])
})

test('only config.ts and main.ts meet the environment', async () => {
  const files = (await readdir(src, { recursive: true })).filter((file) => /\.tsx?$/.test(file))
  const reading = []
  for (const file of files) {
    if (/process\.env/.test(await readFile(join(src, file), 'utf8'))) reading.push(file)
  }
  expect(reading).toEqual(['main.ts'])
})

test('queries stand only in src/db', async () => {
  const files = (await readdir(src, { recursive: true })).filter((file) => /\.tsx?$/.test(file))
  const querying = []
  for (const file of files) {
    if (/\bsql`|sql\.unsafe|sql<[^>]+>`/.test(await readFile(join(src, file), 'utf8'))) querying.push(file)
  }
  expect(querying.filter((file) => !file.startsWith('db/'))).toEqual([])
})

test('the client takes nothing but types from the server', async () => {
  const files = (await readdir(join(src, 'client'))).filter((file) => /\.tsx?$/.test(file))
  const wrong = []
  for (const file of files) {
    const text = await readFile(join(src, 'client', file), 'utf8')
    for (const [line] of text.matchAll(/^import .*'\.\.\/[^']+'$/gm)) {
      if (!line.startsWith('import type ')) wrong.push({ file, line })
    }
  }
  expect(files.length).toBeGreaterThan(2)
  expect(wrong).toEqual([])
})
