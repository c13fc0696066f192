import { readdir, realpath, stat } from 'node:fs/promises'
import { createRequire, register } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RefusedError } from '../errors.ts'
import type { ConnectorFixture } from './conformance/fixture.ts'
import { type Connector, defineConnector } from './connector.ts'
import type { OutsideModules } from './outside-modules.ts'
import type { Provider } from './registry.ts'
import { findSyntaxFault } from './syntax-fault.ts'

/** A connector that is not of the tree. */
export interface OutsideConnector extends Provider {
  id: string
  folder: string
}

/**
 * Loads the connectors of each place: an absolute folder or the name of a package, which is one connector or a
 * folder of such folders. Throws a RefusedError that names the folder and says what is wrong with it.
 */
export async function loadOutside(places: string[]): Promise<OutsideConnector[]> {
  const folders = (await Promise.all(places.map(foldersOf))).flat()
  if (folders.length === 0) return []
  const indexes = await Promise.all(folders.map((folder) => moduleIn(folder, 'index')))
  if (ownExtension === 'js' && indexes.some((path) => path?.endsWith('.ts'))) await runTypeScript()
  shareModules(folders)
  return Promise.all(folders.map(loadFolder))
}

async function foldersOf(place: string): Promise<string[]> {
  const folder = isAbsolute(place) ? place : packageFolder(place)
  if (!(await isFolder(folder))) throw new RefusedError(`${place}: there is no such folder of connectors`)
  const resolved = await realpath(folder)
  if (await moduleIn(resolved, 'index')) return [resolved]
  const inside = await readdir(resolved, { withFileTypes: true })
  const connectors: string[] = []
  for (const entry of inside) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const path = join(resolved, entry.name)
    if ((await isFolder(path)) && (await moduleIn(path, 'index'))) connectors.push(await realpath(path))
  }
  if (connectors.length === 0)
    throw new RefusedError(
      `${place}: is no connector, for it has no index.ts or index.js, and no folder in it has one`,
    )
  return connectors.toSorted()
}

function packageFolder(name: string): string {
  for (const base of [join(process.cwd(), 'package.json'), fileURLToPath(import.meta.url)]) {
    for (const modules of createRequire(base).resolve.paths(name) ?? []) {
      const folder = join(modules, name)
      try {
        return dirname(createRequire(base).resolve(join(folder, 'package.json')))
      } catch {
        // The next of node's folders of packages may have it.
      }
    }
  }
  throw new RefusedError(
    `${name}: there is no such package of connectors; a folder is named with ./ or / at its beginning`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}

/** The file of that name that can be run here; undefined where there is none. */
async function moduleIn(folder: string, name: string): Promise<string | undefined> {
  for (const extension of ['ts', 'js']) {
    const path = join(folder, `${name}.${extension}`)
    if ((await stat(path).catch(() => undefined))?.isFile()) return path
  }
  return undefined
}

/** Sources import each other as `.ts`, what is built from them as `.js`. */
const ownExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

function shareModules(folders: string[]): void {
  const data: OutsideModules = {
    folders: folders.map((folder) => pathToFileURL(`${folder}/`).href),
    kit: new URL(`./connector-kit.${ownExtension}`, import.meta.url).href,
  }
  register(`./outside-modules.${ownExtension}`, import.meta.url, { data })
}

async function loadFolder(folder: string): Promise<OutsideConnector> {
  const { connector } = await load<{ connector?: Connector }>(folder, 'index')
  if (connector === undefined || typeof connector.pull !== 'function' || typeof connector.id !== 'string')
    throw new RefusedError(`${folder}: its index exports no "connector" made with defineConnector`)
  try {
    defineConnector(connector)
  } catch (error) {
    throw new RefusedError(`${folder}: ${faultOf(error)}`, { cause: error })
  }
  return {
    id: connector.id,
    folder,
    connector: async () => connector,
    async fixture() {
      const { fixture } = await load<{ fixture?: ConnectorFixture }>(folder, 'fixture')
      if (typeof fixture?.start !== 'function')
        throw new RefusedError(`${folder}: its fixture exports no "fixture" with a function start`)
      return fixture
    },
  }
}

async function load<Exports>(folder: string, name: string): Promise<Exports> {
  const path = await moduleIn(folder, name)
  if (path === undefined) throw new RefusedError(`${folder}: has no ${name}.ts or ${name}.js`)
  try {
    return (await import(pathToFileURL(path).href)) as Exports
  } catch (error) {
    const place =
      error instanceof SyntaxError && !error.stack?.includes('file:')
        ? await findSyntaxFault(folder)
        : undefined
    const where = place === undefined ? '' : ` (${place})`
    throw new RefusedError(`${path}: cannot be loaded: ${faultOf(error)}${where}`, { cause: error })
  }
}

/** A package runs JavaScript; a connector in TypeScript is translated as it is loaded, as all of a checkout is. */
async function runTypeScript(): Promise<void> {
  translating ??= import('tsx/esm/api').then(({ register: translate }) => void translate())
  await translating
}
let translating: Promise<void> | undefined

/** An import of a name that is not exported has its place in the first line of the stack only. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = error instanceof SyntaxError ? /file:\/\/\S+:\d+/.exec(error.stack ?? '')?.[0] : undefined
  return place === undefined ? error.message : `${error.message} (${fileURLToPath(place)})`
}
