import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { RefusedError, TidemarkError } from './errors.ts'
import { makeKeyFile, readKeyFile } from './key-file.ts'
import { keyIdOf, makeSealingKey, open, readSealingKey, rewrap, type SealingKey, seal } from './sealing.ts'

/**
 * Seals and opens under the keys of the installation. `identity` names the row and the purpose, and a value opens
 * under the one that it was sealed with alone. The keys are in no property: printing a keyring does not show them.
 */
export interface Keyring {
  /** Every sealing makes a data key of its own. */
  seal(plain: object, identity: string): Uint8Array
  /** Throws a SealedValueError, or an UnknownKeyError. */
  open(sealed: Uint8Array, identity: string): unknown
  /** The same value under the current key; undefined where it is under it already. Throws as `open` does. */
  rewrap(sealed: Uint8Array, identity: string): Uint8Array | undefined
  /** Throws a SealedValueError where it is not a sealed value. */
  keyIdOf(sealed: Uint8Array): string
  currentKeyId(): string
  /**
   * A key for another purpose, made from one of the installation's: the current one, or the one of that id. It is the
   * same in every process and after every start. Undefined where the id is not known. HKDF with SHA-256 (RFC 5869).
   */
  derive(purpose: string, keyId?: string): DerivedKey | undefined
}

export interface DerivedKey {
  /** That of the key it was made from. */
  keyId: string
  secret: KeyObject
}

/** Sealed under a key that this process was not given. */
export class UnknownKeyError extends TidemarkError {
  readonly code = 'unknown-key'
  readonly status = 500
  readonly exitCode = 1
  readonly keyId: string

  constructor(keyId: string, remedy: string) {
    super(`sealed under a key that is not here (${keyId}): ${remedy}`)
    this.keyId = keyId
  }
}

/** Where a keyring has its keys from. */
interface KeySource {
  current(): SealingKey
  find(id: string): SealingKey | undefined
  /** What to do where a key is not found. */
  remedy: string
}

/** A keyring of keys that stay the same; each 32 bytes in base64. */
export function createKeyring({ key, oldKeys }: { key: string; oldKeys: string[] }): Keyring {
  const current = readSealingKey(key)
  const keys = byId([current, ...oldKeys.map(readSealingKey)])
  return keyringOf({
    current: () => current,
    find: (id) => keys.get(id),
    remedy: 'put it into TIDEMARK_OLD_KEYS',
  })
}

/**
 * The keyring of an installation: TIDEMARK_KEY and TIDEMARK_OLD_KEYS, or the file `credentials.key` beside Tidemark's
 * own server. Nothing is read, made or refused before something is sealed or opened.
 */
export function loadKeyring(config: Pick<Config, 'key' | 'oldKeys' | 'databaseUrl' | 'dataDir'>): Keyring {
  if (config.key !== undefined) return createKeyring({ key: config.key, oldKeys: config.oldKeys })
  const file = keyFileOf(config)
  if (file !== undefined) return keyringOf(keysOfFile(file, config.oldKeys))
  const refuse = (): never => {
    throw new RefusedError(
      'TIDEMARK_KEY is not set, and credentials are sealed under it: make a key with "openssl rand -base64 32", ' +
        'give the same one to every process of Tidemark, and keep a copy apart from the database',
    )
  }
  return keyringOf({ current: refuse, find: refuse, remedy: '' })
}

/** The file that holds the installation's keys; undefined where they are configured, or have to be. */
export function keyFileOf(config: Pick<Config, 'key' | 'databaseUrl' | 'dataDir'>): string | undefined {
  const own = config.key === undefined && config.databaseUrl === undefined
  return own ? join(config.dataDir, 'credentials.key') : undefined
}

/**
 * A rotation replaces the file under running processes. Sealing therefore looks whether it changed, and a key that
 * is not known leads to it once more. A key that was once read stays known: a value may have been fetched before.
 */
function keysOfFile(file: string, oldKeys: string[]): KeySource {
  const keys = byId(oldKeys.map(readSealingKey))
  let current: SealingKey | undefined
  let seen: string | undefined

  /** False where there is no file. */
  function load(): boolean {
    const stamp = stampOf(file)
    if (stamp !== undefined && stamp === seen) return true
    const found = readKeyFile(file)
    if (found === undefined) return false
    for (const key of [found.current, ...found.old]) keys.set(key.id, key)
    current = found.current
    seen = stamp
    return true
  }

  return {
    current() {
      let there = load()
      if (!there && current === undefined) {
        makeKeyFile(file, { current: makeSealingKey(), old: [] })
        there = load()
      }
      if (!there || current === undefined)
        throw new RefusedError(
          `${file} is gone: restore it; what is sealed without it cannot be opened again`,
        )
      return current
    },
    find(id) {
      if (!keys.has(id)) load()
      return keys.get(id)
    },
    remedy: `put it into TIDEMARK_OLD_KEYS, or restore ${file}, which held it`,
  }
}

/** Changes with every replacement of the file; undefined where there is none. */
function stampOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.ino} ${found.ctimeNs} ${found.size}`
}

function byId(keys: SealingKey[]): Map<string, SealingKey> {
  return new Map(keys.map((key) => [key.id, key]))
}

function keyringOf(source: KeySource): Keyring {
  function keyOf(sealed: Uint8Array): SealingKey {
    const id = keyIdOf(sealed)
    const key = source.find(id)
    if (key === undefined) throw new UnknownKeyError(id, source.remedy)
    return key
  }
  return {
    seal: (plain, identity) => seal(source.current(), plain, identity),
    open: (sealed, identity) => open(keyOf(sealed), sealed, identity),
    rewrap(sealed, identity) {
      const to = source.current()
      return keyIdOf(sealed) === to.id ? undefined : rewrap(keyOf(sealed), to, sealed, identity)
    },
    keyIdOf,
    currentKeyId: () => source.current().id,
    derive(purpose, keyId) {
      const key = keyId === undefined ? source.current() : source.find(keyId)
      if (key === undefined) return undefined
      const bytes = Buffer.from(hkdfSync('sha256', key.secret, '', `tidemark ${purpose}`, 32))
      const derived = { keyId: key.id, secret: createSecretKey(bytes) }
      bytes.fill(0)
      return derived
    },
  }
}
