import {
  type CipherKey,
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { RefusedError, TidemarkError } from './errors.ts'

/**
 * A sealed value: JSON under a data key of its own, and the data key under a key of the installation. Both with
 * AES-256-GCM (NIST SP 800-38D), and both bound to the identity of the row that the value belongs to.
 *
 *     byte 0       version, 1
 *     1 to 8       id of the installation's key; version and id keep their place in every version to come
 *     9 to 20      nonce   \
 *     21 to 52     cipher   } the data key
 *     53 to 68     tag     /
 *     69 to 80     nonce   \
 *     81 to n-17   cipher   } the value, JSON in UTF-8
 *     n-16 to n-1  tag     /
 *
 * The value is not bound to the installation's key: rewrapping replaces bytes 1 to 68 and leaves the rest.
 */
const version = 1
const idBytes = 8
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const wrapStart = 1 + idBytes
const wrapEnd = wrapStart + nonceBytes + keyBytes + tagBytes

/** A key of the installation. Neither inspecting it nor JSON shows the secret. */
export interface SealingKey {
  /** 16 hexadecimal digits: the first 8 bytes of a hash of the key. */
  id: string
  secret: KeyObject
}

/** The value was changed, is not a sealed one, or belongs to another row. */
export class SealedValueError extends TidemarkError {
  readonly code = 'sealed-value'
  readonly status = 500
  readonly exitCode = 1
}

/** Takes 32 bytes in base64. Throws a RefusedError that says nothing of what was given. */
export function readSealingKey(base64: string): SealingKey {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== keyBytes)
    throw new RefusedError('a key must be 32 bytes in base64 (openssl rand -base64 32)')
  return sealingKey(bytes)
}

export function makeSealingKey(): SealingKey {
  return sealingKey(randomBytes(keyBytes))
}

/** Takes the bytes: they are zeros afterwards. */
function sealingKey(bytes: Buffer): SealingKey {
  const hash = createHash('sha256').update('tidemark sealing key id\0').update(bytes).digest()
  const key = { id: hash.toString('hex', 0, idBytes), secret: createSecretKey(bytes) }
  bytes.fill(0)
  return key
}

/** Seals under a new data key. `identity` names the row and the purpose. */
export function seal(key: SealingKey, plain: object, identity: string): Uint8Array {
  const dataKey = randomBytes(keyBytes)
  const json = Buffer.from(JSON.stringify(plain))
  const sealed = assemble(
    key,
    encrypt(key.secret, dataKey, wrapContext(key.id, identity)),
    encrypt(dataKey, json, valueContext(identity)),
  )
  dataKey.fill(0)
  json.fill(0)
  return sealed
}

/** Throws a SealedValueError. */
export function open(key: SealingKey, sealed: Uint8Array, identity: string): unknown {
  const dataKey = unwrap(key, sealed, identity)
  try {
    const json = decrypt(dataKey, sealed.subarray(wrapEnd), valueContext(identity))
    const plain: unknown = JSON.parse(json.toString())
    json.fill(0)
    return plain
  } catch {
    // Without its cause: what JSON.parse says quotes the text.
    throw doesNotOpen(identity)
  } finally {
    dataKey.fill(0)
  }
}

/** The same value under another key of the installation. Only the data key is decrypted. Throws a SealedValueError. */
export function rewrap(from: SealingKey, to: SealingKey, sealed: Uint8Array, identity: string): Uint8Array {
  const dataKey = unwrap(from, sealed, identity)
  const wrapped = encrypt(to.secret, dataKey, wrapContext(to.id, identity))
  dataKey.fill(0)
  return assemble(to, wrapped, sealed.subarray(wrapEnd))
}

/** Id of the key that the value is sealed under. Throws a SealedValueError where it is not a sealed value. */
export function keyIdOf(sealed: Uint8Array): string {
  if (sealed[0] !== version || sealed.length < wrapEnd + nonceBytes + tagBytes)
    throw new SealedValueError('this is not a sealed value, or one of a later version of Tidemark')
  return Buffer.from(sealed.subarray(1, wrapStart)).toString('hex')
}

function unwrap(key: SealingKey, sealed: Uint8Array, identity: string): Buffer {
  try {
    return decrypt(key.secret, sealed.subarray(wrapStart, wrapEnd), wrapContext(key.id, identity))
  } catch {
    throw doesNotOpen(identity)
  }
}

function doesNotOpen(identity: string): SealedValueError {
  return new SealedValueError(
    `${identity}: the sealed value does not open: it was changed, or belongs to another row`,
  )
}

function wrapContext(keyId: string, identity: string): Buffer {
  return Buffer.from(`tidemark sealed key ${version}\0${keyId}\0${identity}`)
}

function valueContext(identity: string): Buffer {
  return Buffer.from(`tidemark sealed value ${version}\0${identity}`)
}

function assemble(key: SealingKey, wrapped: Uint8Array, value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(version), Buffer.from(key.id, 'hex'), wrapped, value])
}

function encrypt(key: CipherKey, plain: Uint8Array, context: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(context)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws where key, context or any bit is another one. */
function decrypt(key: CipherKey, box: Uint8Array, context: Uint8Array): Buffer {
  const end = box.length - tagBytes
  const nonce = box.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    .setAAD(context)
    .setAuthTag(box.subarray(end))
  return Buffer.concat([decipher.update(box.subarray(nonceBytes, end)), decipher.final()])
}
