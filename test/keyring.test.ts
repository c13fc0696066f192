import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { RefusedError } from '../src/errors.ts'
import { readKeyFile, replaceKeyFile } from '../src/key-file.ts'
import { createKeyring, keyFileOf, loadKeyring, UnknownKeyError } from '../src/keyring.ts'
import { makeSealingKey, readSealingKey } from '../src/sealing.ts'

const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64')) as [
  string,
  string,
  string,
]
const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** An installation with its own server and an empty data directory. */
function ownInstallation() {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidemark-keyring-test-'))
  folders.push(dataDir)
  const config = { key: undefined, oldKeys: [] as string[], databaseUrl: undefined, dataDir }
  return { config, file: join(dataDir, 'credentials.key') }
}

describe('keys that are given', () => {
  const old = createKeyring({ key: first, oldKeys: [] })
  const now = createKeyring({ key: second, oldKeys: [third, first] })
  const sealed = old.seal({ token: 'x' }, 'row')

  test('open what is under any of them', () => {
    expect(now.open(sealed, 'row')).toEqual({ token: 'x' })
    expect(now.keyIdOf(sealed)).toBe(old.currentKeyId())
  })

  test('rewrap to the first, once', () => {
    const rewrapped = now.rewrap(sealed, 'row')!
    expect(now.keyIdOf(rewrapped)).toBe(now.currentKeyId())
    expect(now.open(rewrapped, 'row')).toEqual({ token: 'x' })
    expect(now.rewrap(rewrapped, 'row')).toBeUndefined()
    expect(() => old.open(rewrapped, 'row')).toThrow(UnknownKeyError)
  })

  test('say which key is missing, and where it belongs', () => {
    const fault = `sealed under a key that is not here (${now.currentKeyId()}): put it into TIDEMARK_OLD_KEYS`
    expect(() => old.open(now.seal({}, 'row'), 'row')).toThrow(fault)
  })
})

test('a keyring does not print its keys', () => {
  const { config, file } = ownInstallation()
  const own = loadKeyring(config)
  own.seal({}, 'row')
  const kept = readKeyFile(file)!
  const secret = kept.current.secret.export().toString('base64')
  for (const each of [createKeyring({ key: first, oldKeys: [second] }), own, kept]) {
    const texts = [inspect(each, { showHidden: true, depth: 20 }), JSON.stringify(each), String(each)]
    for (const key of [first, second, secret]) {
      const bytes = Buffer.from(key, 'base64')
      for (const text of texts) {
        expect(text).not.toContain(key)
        expect(text.toLowerCase()).not.toContain(bytes.toString('hex'))
        expect(text.replaceAll(/\s/g, '')).not.toContain([...bytes].join(','))
      }
    }
  }
})

describe('where keys come from', () => {
  test('TIDEMARK_KEY comes before the file', () => {
    const { config, file } = ownInstallation()
    const configured = { ...config, key: first, oldKeys: [second] }
    expect(keyFileOf(config)).toBe(file)
    expect(keyFileOf(configured)).toBeUndefined()
    expect(loadKeyring(configured).currentKeyId()).toBe(readSealingKey(first).id)
  })

  test('a database of somebody else’s needs TIDEMARK_KEY, which is said when it is needed', async () => {
    const { config } = ownInstallation()
    const keyring = loadKeyring({ ...config, databaseUrl: 'postgres://localhost/x' })
    const sealed = createKeyring({ key: first, oldKeys: [] }).seal({}, 'row')
    expect(keyring.keyIdOf(sealed)).toBe(readSealingKey(first).id)
    for (const use of [
      () => keyring.seal({}, 'row'),
      () => keyring.open(sealed, 'row'),
      () => keyring.rewrap(sealed, 'row'),
    ]) {
      expect(use).toThrow(RefusedError)
      expect(use).toThrow(/^TIDEMARK_KEY is not set.*openssl rand -base64 32/)
    }
    expect(await readdir(config.dataDir)).toEqual([])
  })

  test('TIDEMARK_OLD_KEYS are known beside the file', () => {
    const { config } = ownInstallation()
    const sealed = createKeyring({ key: first, oldKeys: [] }).seal({ a: 1 }, 'row')
    expect(loadKeyring({ ...config, oldKeys: [first] }).open(sealed, 'row')).toEqual({ a: 1 })
  })
})

describe('the key file', () => {
  test('is made when something is sealed, for its owner alone', async () => {
    const { config, file } = ownInstallation()
    const keyring = loadKeyring(config)
    expect(await readdir(config.dataDir)).toEqual([])
    const sealed = keyring.seal({ a: 1 }, 'row')
    expect(await readdir(config.dataDir)).toEqual(['credentials.key'])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toMatch(/^# .+\n# .+\ncurrent [0-9a-f]{16} [A-Za-z0-9+/]{43}=\n$/)
    expect(loadKeyring(config).open(sealed, 'row')).toEqual({ a: 1 })
  })

  test('is not made to open something', async () => {
    const { config } = ownInstallation()
    const sealed = createKeyring({ key: first, oldKeys: [] }).seal({}, 'row')
    expect(() => loadKeyring(config).open(sealed, 'row')).toThrow(UnknownKeyError)
    expect(await readdir(config.dataDir)).toEqual([])
  })

  test('is the same for processes that make it at once', async () => {
    const { config, file } = ownInstallation()
    const module = fileURLToPath(new URL('../src/keyring.ts', import.meta.url))
    const script = `
      import { loadKeyring } from ${JSON.stringify(module)}
      const keyring = loadKeyring(${JSON.stringify({ oldKeys: [], dataDir: config.dataDir })})
      process.stdin.once('data', () => {
        console.log(keyring.currentKeyId())
        process.stdin.destroy()
      })
      console.log('ready')`
    const processes = [1, 2, 3, 4].map(() =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    const lines = processes.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]())
    for (const line of lines) expect((await line.next()).value).toBe('ready')
    for (const { stdin } of processes) stdin.write('go')
    const ids = await Promise.all(lines.map(async (line) => (await line.next()).value))
    expect(new Set(ids)).toEqual(new Set([readKeyFile(file)!.current.id]))
    expect(await readdir(config.dataDir)).toEqual(['credentials.key'])
  })

  test.skipIf(process.platform === 'win32')('is refused where others may read it', async () => {
    const { config, file } = ownInstallation()
    loadKeyring(config).seal({}, 'row')
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(file, mode)
      const sealing = () => loadKeyring(config).seal({}, 'row')
      expect(sealing).toThrow(RefusedError)
      expect(sealing).toThrow(`${file} is open to others (mode ${mode.toString(8)})`)
    }
    await chmod(file, 0o400)
    expect(loadKeyring(config).currentKeyId()).toMatch(/^[0-9a-f]{16}$/)
  })

  test('is refused where it is not whole, without a word of its keys', async () => {
    const { config, file } = ownInstallation()
    loadKeyring(config).seal({}, 'row')
    const text = await readFile(file, 'utf8')
    const [, id = '', base64 = ''] = /^current (\S+) (\S+)$/m.exec(text)!
    const broken = [
      '',
      text.slice(0, -10),
      text + text,
      text.replace('current', 'present'),
      text.replace('current', '__proto__'),
      text.replace(id, '0123456789abcdef'),
      text.replace(base64, `${base64} more`),
      text.replace('current', 'old    '),
    ]
    for (const content of broken) {
      await writeFile(file, content)
      const sealing = () => loadKeyring(config).seal({}, 'row')
      expect(sealing, content).toThrow(RefusedError)
      expect(sealing, content).toThrow(`${file} is damaged`)
      expect(() => loadKeyring(config).seal({}, 'row')).not.toThrow(base64.slice(0, 12))
    }
  })

  test('that the system cannot read is its sentence', async () => {
    const { config, file } = ownInstallation()
    // Root reads every file, but no folder.
    await mkdir(file, { mode: 0o700 })
    expect(() => loadKeyring(config).seal({}, 'row')).toThrow(/EISDIR/)
  })
})

describe('a keyring that is in use while the file changes', () => {
  function rotated() {
    const { config, file } = ownInstallation()
    const worker = loadKeyring(config)
    const before = worker.seal({ of: 'before' }, 'row')
    const old = readKeyFile(file)!.current
    const current = makeSealingKey()
    return { config, file, worker, before, old, current }
  }

  test('opens what another process sealed under the new key', () => {
    const { config, file, worker, old, current } = rotated()
    replaceKeyFile(file, { current, old: [old] })
    const sealed = loadKeyring(config).seal({ of: 'after' }, 'row')
    expect(worker.keyIdOf(sealed)).toBe(current.id)
    expect(worker.open(sealed, 'row')).toEqual({ of: 'after' })
  })

  test('seals under the new key, and rewraps to it', () => {
    const { file, worker, before, old, current } = rotated()
    replaceKeyFile(file, { current, old: [old] })
    expect(worker.keyIdOf(worker.seal({}, 'row'))).toBe(current.id)
    expect(worker.keyIdOf(worker.rewrap(before, 'row')!)).toBe(current.id)
  })

  test('opens what it fetched before the old key was retired; a new process does not', () => {
    const { config, file, worker, before, current } = rotated()
    replaceKeyFile(file, { current, old: [] })
    expect(worker.currentKeyId()).toBe(current.id)
    expect(worker.open(before, 'row')).toEqual({ of: 'before' })
    expect(worker.keyIdOf(worker.rewrap(before, 'row')!)).toBe(current.id)
    expect(() => loadKeyring(config).open(before, 'row')).toThrow(
      `put it into TIDEMARK_OLD_KEYS, or restore ${file}, which held it`,
    )
  })

  test('still refuses what is under a key that is nowhere', () => {
    const { worker } = rotated()
    const sealed = createKeyring({ key: first, oldKeys: [] }).seal({}, 'row')
    expect(() => worker.open(sealed, 'row')).toThrow(UnknownKeyError)
  })

  test('opens but does not seal where the file was taken away', async () => {
    const { file, worker, before } = rotated()
    await rm(file)
    expect(worker.open(before, 'row')).toEqual({ of: 'before' })
    expect(() => worker.seal({}, 'row')).toThrow(`${file} is gone`)
  })
})

test('replacing the file takes away what a killed process left of its keys', async () => {
  const { config, file } = ownInstallation()
  loadKeyring(config).seal({}, 'row')
  await writeFile(`${file}.0123.tmp`, 'half a fi')
  replaceKeyFile(file, { ...readKeyFile(file)!, old: [makeSealingKey()] })
  expect(await readdir(config.dataDir)).toEqual(['credentials.key'])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(readKeyFile(file)!.old).toHaveLength(1)
})
