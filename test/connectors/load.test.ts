import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectorCheckCommand } from '../../src/cli/connector-check.ts'
import { connectorNewCommand } from '../../src/cli/connector-new.ts'
import type { CommandContext } from '../../src/cli/terminal.ts'
import { conformanceCases } from '../../src/connectors/conformance/fixture.ts'
import { loadConnectors } from '../../src/connectors/load.ts'
import { providers } from '../../src/connectors/registry.ts'
import { NotFoundError, RefusedError } from '../../src/errors.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let outside: string
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'connectors-'))
})
afterAll(() => rm(outside, { recursive: true }))

describe('the connectors of the tree', () => {
  test('are there by their ids, each under the id that it bears', async () => {
    const connectors = await loadConnectors({ places: [] })
    expect(connectors.ids()).toEqual(Object.keys(providers).toSorted())
    for (const id of connectors.ids()) {
      expect((await connectors.get(id)).id).toBe(id)
      expect((await connectors.fixture(id)).connector).toBe(await connectors.get(id))
    }
  })

  test('an unknown one is refused with the names of the known', async () => {
    const connectors = await loadConnectors({ places: [] })
    for (const ask of [connectors.get, connectors.fixture, connectors.settings]) {
      const refused = await ask('constructor').catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(NotFoundError)
      expect((refused as Error).message).toContain(connectors.ids().join(', '))
    }
  })
})

describe('settings', () => {
  const write = async (text: string) => {
    const settingsFile = join(outside, 'settings.json')
    await writeFile(settingsFile, text)
    return settingsFile
  }

  test('are those of the connector, as it reads them', async () => {
    const given = { clientId: 'client', secret: 'a secret of ours' }
    const settingsFile = await write(JSON.stringify({ plaid: given }))
    const connectors = await loadConnectors({ places: [], settingsFile })
    expect(await connectors.settings('plaid')).toMatchObject(given)
    expect(await connectors.settings('simplefin')).toBeUndefined()
  })

  test('that are missing or wrong are refused by the names of their fields, never telling a value', async () => {
    const none = await loadConnectors({ places: [] })
    await expect(none.settings('plaid')).rejects.toThrow(
      /^the connector plaid needs settings, name a JSON file .* TIDEMARK_CONNECTOR_SETTINGS: clientId: .*; secret: /,
    )
    const settingsFile = await write('{"plaid": {"clientId": 7, "secret": ["a secret of ours"]}}')
    const wrong = await loadConnectors({ places: [], settingsFile })
    const refused = (await wrong.settings('plaid').catch((error: unknown) => error)) as Error
    expect(refused).toBeInstanceOf(RefusedError)
    expect(refused.message).toMatch(/mend "plaid" in .*settings\.json: clientId: .*; secret: /)
    expect(refused.message).not.toContain('a secret of ours')
  })

  test('in a file that is none are refused, without a word of the file', async () => {
    for (const text of ['{"plaid": {"secret": "a secret of ours"', '["a secret of ours"]', 'null']) {
      const settingsFile = await write(text)
      const refused = await loadConnectors({ places: [], settingsFile }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(RefusedError)
      expect((refused as Error).message).not.toContain('a secret')
    }
    const missing = loadConnectors({ places: [], settingsFile: join(outside, 'missing.json') })
    await expect(missing).rejects.toThrow(/missing\.json: the settings of the connectors cannot be read/)
  })
})

describe('a new connector', () => {
  let told: string
  beforeAll(async () => {
    told = await write('north-bank')
  })

  test('is written as the skeleton with its own name, and overwrites nothing', async () => {
    expect(told).toContain(
      'wrote ./connectors/north-bank: index.ts, wire.ts, transform.ts, emulator.ts, fixture.ts',
    )
    expect(told).toMatch(
      /1\. .*tidemark connector check .\/connectors\/north-bank\n {2}2\. .*\n {2}3\. .*TIDEMARK_CONNECTORS/,
    )
    const folder = join(outside, 'connectors', 'north-bank')
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8')
      expect(text).not.toMatch(/my-provider|My Provider|connector-kit/)
    }
    expect(await readFile(join(folder, 'index.ts'), 'utf8')).toContain("title: 'North Bank'")
    await expect(write('north-bank')).rejects.toThrow('is there already; nothing was written')
    await expect(write('plaid')).rejects.toThrow('the id of a connector that Tidemark has')
    await expect(write('../x')).rejects.toThrow('is no id of a connector')
  })

  test('passes every case of the kit, loaded from outside of the tree', async () => {
    const { code, stdout } = await check('north-bank', join(outside, 'connectors'))
    expect(stdout).toMatch(/^North Bank \(north-bank\)\n/)
    expect(stdout).toMatch(new RegExp(`\\n${conformanceCases.length} passed, 0 failed, 0 left out\\n$`))
    expect(code).toBe(0)
  })

  test('is checked by its folder, too, and one that is broken ends with 1', async () => {
    const folder = join(outside, 'broken')
    await cp(join(outside, 'connectors', 'north-bank'), folder, { recursive: true })
    const transform = join(folder, 'transform.ts')
    const text = await readFile(transform, 'utf8')
    await writeFile(
      transform,
      text.replace("transaction.direction === 'out' ? taken", "transaction.direction === 'in' ? taken"),
    )
    const { code, stdout } = await check(folder, '', 'page-size')
    expect(stdout).toContain(
      '✗ page-size             failed\n      after a sync with the largest pages: expected',
    )
    expect(stdout).toMatch(/0 passed, 1 failed, 0 left out\n$/)
    expect(code).toBe(1)
  })

  test('one that is not there is refused, as is a case that is none', async () => {
    const context = { config: { connectors: [] }, workingDirectory: outside } as unknown as CommandContext
    await expect(connectorCheckCommand(context, 'nowhere')).rejects.toThrow('there is no connector "nowhere"')
    await expect(connectorCheckCommand(context, './nowhere')).rejects.toThrow('there is no such folder')
    await expect(connectorCheckCommand(context, 'ecb', { case: 'best' })).rejects.toThrow(
      'there is no case "best"',
    )
  })

  async function write(id: string): Promise<string> {
    let told = ''
    const stdout = { write: (text: string) => (told += text) }
    await connectorNewCommand({ workingDirectory: outside, stdout } as unknown as CommandContext, id, {})
    return told
  }
})

describe('a connector from outside', () => {
  test('gets Tidemark’s own modules, is JavaScript or TypeScript, and may lie beside others', async () => {
    const many = join(outside, 'many')
    const body = `
      import { z } from 'zod'
      import { Hono } from 'hono'
      import { cors } from 'hono/cors'
      import Big from 'big.js'
      import { defineConnector, ReauthError } from 'tidemark/connector'
      import { title } from './title.js'
      if (![Hono, cors, Big].every((each) => typeof each === 'function')) throw new Error('not what they are')
      export const connector = defineConnector({
        id: ID, title, auth: 'none', credentials: z.object({}), config: z.object({}), scope: 'user',
        limits: [{ scope: 'client', max: 5, per: 60_000, kind: 'sliding' }],
        history: { maxDays: 30, overlapDays: 1, mutableDays: 1 },
        async check() { throw new ReauthError('as Tidemark knows it') },
        async accounts() { return [] },
        async *pull() {},
      })`
    await put(join(many, 'one'), {
      'index.js': body.replace('ID', "'one'"),
      'title.js': "export const title = 'One'",
    })
    await put(join(many, 'two'), {
      'index.ts': body.replace('ID', "'two' as string"),
      'title.ts': "export const title: string = 'Two'",
    })
    await put(join(many, 'notes'), { 'README.md': 'no connector' })
    const [result] = await load([[many]])
    expect(result).toEqual({ one: ['One', 'same class'], two: ['Two', 'same class'] })
  })

  test('may be a package of the folder in which Tidemark runs', async () => {
    const folder = join(outside, 'node_modules', '@north', 'bank')
    await cp(join(root, 'src', 'connectors', 'skeleton'), folder, { recursive: true })
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8')
      await writeFile(
        join(folder, file),
        text.replaceAll("'../connector-kit.ts'", "'tidemark/connector'").replaceAll('my-provider', 'pkg'),
      )
    }
    await writeFile(join(folder, 'package.json'), '{"name": "@north/bank"}')
    const [result] = await load([['@north/bank']], outside)
    expect(result).toEqual({ pkg: ['My Provider', expect.any(String)] })
  })

  test('is refused in a sentence that names it', async () => {
    const place = (name: string) => join(outside, 'refused', name)
    const minimal = (id: string, rest = '') =>
      `import { z } from 'zod'
       export const connector = { id: '${id}', title: 'T', auth: 'a', credentials: z.object({}), config: z.object({}),
         limits: [], history: { maxDays: 1, overlapDays: 0, mutableDays: 0 }, scope: 'user', async *pull() {} ${rest} }`
    await put(place('empty'), {})
    await put(place('nothing'), { 'index.ts': 'export const other = 1' })
    await put(place('twice/one'), { 'index.ts': minimal('same') })
    await put(place('twice/two'), { 'index.ts': minimal('same') })
    await put(place('own'), { 'index.ts': minimal('ecb') })
    await put(place('manifest'), { 'index.ts': minimal('Bad Id') })
    await put(place('batch'), { 'index.ts': minimal('batch', ', batchMax: 3') })
    await put(place('syntax-ts'), { 'index.ts': 'export const connector = {\n  id: }' })
    await put(place('syntax-js'), { 'index.js': 'export const connector = {\n  id: }' })
    await put(place('syntax-part'), {
      'index.js': "import './part.js'",
      'part.js': 'export const one = 1\n\nexport const two = )',
    })
    await put(place('export'), { 'index.js': "import { three } from './part.js'", 'part.js': 'export {}' })
    await put(place('import'), { 'index.ts': "import './missing.ts'" })
    await put(place('foreign'), { 'index.ts': "import 'a-package-that-is-not-there'" })
    const expected: [string, RegExp][] = [
      ['empty', /empty: is no connector, for it has no index\.ts or index\.js/],
      ['missing', /missing: there is no such folder of connectors/],
      ['nothing', /nothing: its index exports no "connector"/],
      ['twice', /two: its connector has the id "same", as that of .*one has/],
      ['own', /own: its connector has the id "ecb", as one of Tidemark’s own has/],
      ['manifest', /manifest: connector Bad Id: the id must be 2 to 40 lower case letters/],
      ['batch', /batch: connector batch: batchMax and pullBatch go together/],
      ['syntax-ts', /syntax-ts\/index\.ts: cannot be loaded: .*index\.ts:2:\d+: ERROR: /s],
      ['syntax-js', /syntax-js\/index\.js: cannot be loaded: Unexpected token '}' \(.*index\.js:2\)/],
      ['syntax-part', /syntax-part\/index\.js: cannot be loaded: Unexpected token '\)' \(.*part\.js:3\)/],
      ['export', /export\/index\.js: cannot be loaded: .*export named 'three' \(.*index\.js:1\)/],
      ['import', /import\/index\.ts: cannot be loaded: Cannot find module '.*missing\.ts'/],
      ['foreign', /foreign\/index\.ts: cannot be loaded: Cannot find package 'a-package-that-is-not-there'/],
    ]
    const told = await load(expected.map(([name]) => [place(name)]))
    for (const [index, [, sentence]] of expected.entries()) expect(told[index]).toMatch(sentence)
    const [unknown] = await load([['a-package-that-is-not-there']])
    expect(unknown).toContain('there is no such package of connectors')
  })

  async function put(folder: string, files: Record<string, string>): Promise<void> {
    await mkdir(folder, { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  }
})

/** A process as bin/tidemark starts one: modules from outside the tree are node's to load, not the test runner's. */
async function run(script: string, ...values: string[]): Promise<{ code: number; stdout: string }> {
  const start = `
    import { register } from 'tsx/esm/api'
    register()
    const [,...values] = process.argv
    ${script}`
  const started = promisify(execFile)(process.execPath, ['--input-type=module', '-e', start, ...values], {
    cwd: root,
  })
  const { stdout, code = 0 } = await started.catch((error) => error)
  return { stdout, code }
}

/** For each list of places, the titles of connectors with ids of three letters, or why they were refused. */
async function load(lists: string[][], workingDirectory = root): Promise<unknown[]> {
  const { stdout } = await run(
    `const { loadConnectors } = await import('./src/connectors/load.ts')
     const { ReauthError } = await import('./src/connectors/errors.ts')
     process.chdir(values[1])
     const told = []
     for (const places of JSON.parse(values[0])) {
       try {
         const connectors = await loadConnectors({ places })
         const found = {}
         for (const id of connectors.ids().filter((each) => each.length === 3 && each !== 'ecb')) {
           const connector = await connectors.get(id)
           const error = await connector.check({}).catch((thrown) => thrown)
           found[id] = [connector.title, error instanceof ReauthError ? 'same class' : 'another class']
         }
         told.push(found)
       } catch (error) {
         told.push(error.code === 'refused' ? error.message : 'not refused: ' + error.stack)
       }
     }
     console.log(JSON.stringify(told))`,
    JSON.stringify(lists),
    workingDirectory,
  )
  return JSON.parse(stdout)
}

function check(id: string, places: string, name = ''): Promise<{ code: number; stdout: string }> {
  return run(
    `const { connectorCheckCommand } = await import('./src/cli/connector-check.ts')
     const [id, places, name] = values
     process.exitCode = await connectorCheckCommand(
       {
         config: { connectors: places === '' ? [] : [places] },
         workingDirectory: process.cwd(),
         signal: new AbortController().signal,
         stdout: process.stdout,
       },
       id,
       name === '' ? {} : { case: name },
     )`,
    id,
    places,
    name,
  )
}
