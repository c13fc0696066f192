import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** What each part may import besides itself; root files of src are open to all. */
const allowed: Record<string, string[]> = {
  root: [],
  connectors: [],
  db: [],
  scheduler: ['db', 'connectors'],
  http: ['db', 'connectors'],
  dashboard: [],
  cli: ['scheduler', 'http', 'db', 'connectors'],
  main: ['cli', 'scheduler', 'http', 'db', 'connectors'],
}

interface Import {
  file: string
  target: string
}

async function readImports(): Promise<Import[]> {
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'))
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

test('one provider never imports another; what several share lies in connectors itself', async () => {
  const provider = (file: string) => relative('connectors', file).split('/')
  const wrong = (await readImports()).filter(({ file, target }) => {
    if (!file.startsWith('connectors/') || !target.startsWith('connectors/')) return false
    const [from, to] = [provider(file), provider(target)]
    // The readers of price files are built on those of statement files: the same tables of text.
    if (from[0] === 'prices' && to[0] === 'statements') return false
    return from.length > 1 && to.length > 1 && from[0] !== to[0]
  })
  expect(wrong).toEqual([])
})

test('only config.ts and main.ts meet the environment', async () => {
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const reading = []
  for (const file of files) {
    if (/process\.env/.test(await readFile(join(src, file), 'utf8'))) reading.push(file)
  }
  expect(reading).toEqual(['main.ts'])
})

test('queries stand only in src/db', async () => {
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const querying = []
  for (const file of files) {
    if (/\bsql`|sql\.unsafe|sql<[^>]+>`/.test(await readFile(join(src, file), 'utf8'))) querying.push(file)
  }
  expect(querying.filter((file) => !file.startsWith('db/'))).toEqual([])
})
