import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  keyIdOf,
  makeSealingKey,
  open,
  readSealingKey,
  rewrap,
  SealedValueError,
  seal,
} from '../src/sealing.ts'
import { canary, expectNoCanary } from './setup/canary.ts'

const key = makeSealingKey()
const other = makeSealingKey()

test('what was sealed opens under its key and identity, whatever it is', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (plain, identity) => {
      const json = JSON.parse(JSON.stringify(plain))
      expect(open(key, seal(key, plain, identity), identity)).toEqual(json)
    }),
  )
})

test('two sealings of the same value have no part in common but the key id', () => {
  const [a, b] = [seal(key, { token: 'x' }, 'row 1'), seal(key, { token: 'x' }, 'row 1')].map(Buffer.from)
  expect(a!.subarray(0, 9)).toEqual(b!.subarray(0, 9))
  for (let at = 9; at + 8 <= a!.length; at++)
    expect(a!.subarray(at, at + 8)).not.toEqual(b!.subarray(at, at + 8))
})

test('nothing of the value stands in the sealed bytes', () => {
  expectNoCanary(seal(key, { token: canary('credentials') }, 'row 1'))
})

test('any other bit, a bit more or less: it does not open', () => {
  const sealed = Buffer.from(seal(key, { token: 'secret' }, 'row 1'))
  const tried = [
    sealed.subarray(0, sealed.length - 1),
    Buffer.concat([sealed, Buffer.of(0)]),
    Buffer.alloc(0),
    Buffer.from('{"token":"not sealed"}'),
  ]
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    tried.push(changed)
  }
  for (const changed of tried) {
    // A changed key id is told by the keyring; with the key all the same, the wrapping does not open.
    const opening = () => (keyIdOf(changed) === key.id ? open(key, changed, 'row 1') : refuse())
    expect(opening).toThrow(SealedValueError)
  }
  function refuse(): never {
    throw new SealedValueError('another key')
  }
})

describe('a sealed value in another place', () => {
  test('of another row does not open, and is not rewrapped', () => {
    const sealed = seal(key, { token: 'secret' }, 'credentials of source 1')
    const sentence =
      'credentials of source 2: the sealed value does not open: it was changed, or belongs to another row'
    expect(() => open(key, sealed, 'credentials of source 2')).toThrow(sentence)
    expect(() => rewrap(key, other, sealed, 'credentials of source 2')).toThrow(sentence)
  })

  test('with the wrapping of one and the payload of another does not open', () => {
    const [a, b] = [seal(key, { token: 'a' }, 'row'), seal(key, { token: 'b' }, 'row')]
    const mixed = Buffer.concat([a.subarray(0, 69), b.subarray(69)])
    expect(() => open(key, mixed, 'row')).toThrow(SealedValueError)
  })

  test('under another key does not open, also where it claims that key', () => {
    const sealed = Buffer.from(seal(key, { token: 'a' }, 'row'))
    expect(() => open(other, sealed, 'row')).toThrow(SealedValueError)
    sealed.write(other.id, 1, 'hex')
    expect(() => open(other, sealed, 'row')).toThrow(SealedValueError)
  })
})

test('rewrapping changes the wrapping alone', () => {
  const sealed = seal(key, { token: 'secret' }, 'row')
  const rewrapped = rewrap(key, other, sealed, 'row')
  expect(keyIdOf(rewrapped)).toBe(other.id)
  expect(Buffer.from(rewrapped.subarray(69))).toEqual(Buffer.from(sealed.subarray(69)))
  expect(open(other, rewrapped, 'row')).toEqual({ token: 'secret' })
  expect(() => open(key, rewrapped, 'row')).toThrow(SealedValueError)
})

describe('keys', () => {
  test('have an id that stays', () => {
    // SHA-256 of "tidemark sealing key id", a zero byte, and 32 zero bytes.
    expect(readSealingKey(Buffer.alloc(32).toString('base64')).id).toBe('2c7bf6540bafc9a6')
  })

  test('of another length are refused without saying what they were', () => {
    const short = canary('key').slice(0, 20)
    expect(() => readSealingKey(short)).toThrow(/^a key must be 32 bytes in base64/)
    try {
      readSealingKey(short)
    } catch (error) {
      expect(inspect(error)).not.toContain(short)
    }
  })

  test('do not show when they are printed', () => {
    const secret = Buffer.from(canary('key'))
    const shown = readSealingKey(secret.toString('base64'))
    const texts = [inspect(shown, { showHidden: true, depth: 9 }), JSON.stringify(shown), String(shown)]
    expectNoCanary(texts)
    for (const text of texts) expect(text).not.toContain(secret.toString('base64').slice(0, 8))
  })
})

test('an error on opening says nothing of key or value', () => {
  const secret = { token: canary('value') }
  const sealed = Buffer.from(seal(key, secret, 'row'))
  sealed[80]! ^= 1
  try {
    open(key, sealed, 'row')
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(SealedValueError)
    expectNoCanary(inspect(error, { showHidden: true, depth: 9 }))
    expect((error as Error).cause).toBeUndefined()
  }
})
