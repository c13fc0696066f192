import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { describe, expect, test } from 'vitest'
import type { ArchiveStore } from '../../src/archive/store.ts'
import { ArchiveMissingError, ArchiveSettingsError } from '../../src/errors.ts'
import { readAuthorization, signatureOf } from '../setup/s3-signature.ts'
import { bucket, emulatedStore, openForTest, temporaryFolder } from './stores.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (body: Uint8Array) => Buffer.from(body).toString()
async function keysOf(store: ArchiveStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

const kinds: [string, () => Promise<ArchiveStore>][] = [
  [
    'a folder',
    async () => openForTest({ kind: 'folder', folder: join(temporaryFolder(), 'new', 'archive') }).store,
  ],
  ['S3', async () => (await emulatedStore()).store],
  ['S3 without a prefix', async () => (await emulatedStore({}, { prefix: '' })).store],
  ['S3 that knows no ranges', async () => (await emulatedStore({ knowsRanges: false })).store],
]

describe.each(kinds)('%s', (_name, open) => {
  test('gives back what was put, as a whole and in parts', async () => {
    const store = await open()
    await store.put('2021/03/1-99.parquet', bytes('0123456789'))
    expect(text(await store.get('2021/03/1-99.parquet'))).toBe('0123456789')
    expect(text(await store.get('2021/03/1-99.parquet', { start: 0, end: 1 }))).toBe('0')
    expect(text(await store.get('2021/03/1-99.parquet', { start: 3, end: 7 }))).toBe('3456')
    expect(text(await store.get('2021/03/1-99.parquet', { start: 8, end: 100 }))).toBe('89')
    expect(text(await store.get('2021/03/1-99.parquet', { start: 10, end: 12 }))).toBe('')
    expect(await store.size('2021/03/1-99.parquet')).toBe(10)
  })

  test('replaces what lies under a key, and keeps many bytes and none', async () => {
    const store = await open()
    const large = new Uint8Array(3_000_000).map((_, at) => (at * 7919) % 251)
    await store.put('a', large)
    expect(Buffer.compare(await store.get('a'), large)).toBe(0)
    await store.put('a', new Uint8Array())
    expect(await store.size('a')).toBe(0)
    expect((await store.get('a')).length).toBe(0)
    expect((await store.get('a', { start: 0, end: 5 })).length).toBe(0)
  })

  test('tells what is not there, and removes it without a word', async () => {
    const store = await open()
    expect(await store.size('a/b')).toBeUndefined()
    await expect(store.get('a/b')).rejects.toThrow(ArchiveMissingError)
    await expect(store.get('a/b', { start: 0, end: 1 })).rejects.toThrow(/ has no a\/b$/)
    await store.remove('a/b')
    await store.put('a/b', bytes('x'))
    expect(await store.size('a')).toBeUndefined()
    await expect(store.get('a')).rejects.toThrow(ArchiveMissingError)
    await store.remove('a')
    await store.remove('a/b')
    expect(await store.size('a/b')).toBeUndefined()
    expect(await keysOf(store)).toEqual([])
  })

  test('lists keys under a prefix in order, over as many pages as there are', async () => {
    const store = await open()
    const keys = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a/c/d', 'a/c=d', 'a0', 'ab', 'b/1', 'b/10', 'b/2', '_', '=x']
    for (const [index, key] of keys.entries()) await store.put(key, new Uint8Array(index))
    expect(await keysOf(store)).toEqual([...keys].sort())
    expect(await keysOf(store, 'a/')).toEqual(['a/b', 'a/b-c', 'a/c/d', 'a/c=d'])
    expect(await keysOf(store, 'a/c')).toEqual(['a/c/d', 'a/c=d'])
    expect(await keysOf(store, 'b/1')).toEqual(['b/1', 'b/10'])
    expect(await keysOf(store, 'c')).toEqual([])
    const objects = []
    for await (const object of store.list('a')) objects.push(object)
    expect(objects).toContainEqual({ key: 'ab', bytes: keys.indexOf('ab') })
  })

  test('takes no key that leaves it, and no range without a byte', async () => {
    const store = await open()
    const keys = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../b',
      '.a',
      'a/.b',
      'a\\b',
      'a b',
      'ä',
      'a\0',
      'a?b',
    ]
    for (const key of [...keys, 'a'.repeat(201), Array(200).fill('abc').join('/')]) {
      await expect(store.put(key, bytes('x')), key).rejects.toThrow(RangeError)
      await expect(store.get(key), key).rejects.toThrow(RangeError)
      await expect(store.size(key), key).rejects.toThrow(RangeError)
      await expect(store.remove(key), key).rejects.toThrow(RangeError)
    }
    await expect(keysOf(store, '../')).rejects.toThrow(RangeError)
    for (const [start, end] of [
      [0, 0],
      [2, 1],
      [-1, 1],
      [0.5, 1],
    ] as const)
      await expect(store.get('a', { start, end })).rejects.toThrow(RangeError)
    expect(await keysOf(store)).toEqual([])
  })

  test('keeps one of several bodies that are put at once', async () => {
    const store = await open()
    const bodies = Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000 + index))
    await Promise.all(bodies.map((body) => store.put('a/b', bytes(body))))
    expect(bodies).toContain(text(await store.get('a/b')))
    expect(await keysOf(store)).toEqual(['a/b'])
  })
})

describe('a folder', () => {
  // Where nothing can be made, Linux says so of /proc as of a folder that is missing.
  test.runIf(process.platform === 'linux')('in a place where nothing can be made: a sentence', async () => {
    const { store } = openForTest({ kind: 'folder', folder: '/proc/tidemark/archive' })
    await expect(store.put('a/b', bytes('x'))).rejects.toThrow(ArchiveSettingsError)
  })

  test('is open to its owner alone', async () => {
    const folder = join(temporaryFolder(), 'archive')
    const { store } = openForTest({ kind: 'folder', folder })
    await store.put('2021/03/a', bytes('x'))
    const mode = async (...path: string[]) => (await stat(join(folder, ...path))).mode & 0o777
    expect(await mode()).toBe(0o700)
    expect(await mode('2021', '03')).toBe(0o700)
    expect(await mode('2021', '03', 'a')).toBe(0o600)
    expect(store.place).toBe(folder)
  })

  test('does not list what a killed process left, and removes it a day later', async () => {
    const folder = temporaryFolder()
    const now = new Date('2024-06-15T12:00:00Z')
    const { store } = openForTest({ kind: 'folder', folder }, { clock: () => now })
    const drafts = [
      '.2b8a1f6e-0c57-4d3e-9a51-0d0f3c1c8a11.draft',
      '.7e0d3c55-51a2-4f1b-8a0e-6f2f4b7d9c22.draft',
    ]
    for (const [index, draft] of drafts.entries()) {
      await writeFile(join(folder, draft), 'half')
      const written = new Date(now.getTime() - (index === 0 ? 25 : 23) * 3_600_000)
      await utimes(join(folder, draft), written, written)
    }
    await writeFile(join(folder, '.keep'), '')
    await writeFile(join(folder, 'notes of mine.txt'), '')
    await store.put('a', bytes('x'))
    expect(await keysOf(store)).toEqual(['a'])
    expect((await readdir(folder)).sort()).toEqual(['.keep', drafts[1], 'a', 'notes of mine.txt'].sort())
  })

  test('leaves nothing behind where a body cannot be written', async () => {
    const folder = temporaryFolder()
    const { store } = openForTest({ kind: 'folder', folder })
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
    await expect(store.put('a', bytes('x'))).rejects.toThrow(ArchiveSettingsError)
    expect(await readdir(folder)).toEqual(['a'])
  })

  test('says that it is none', async () => {
    const file = join(temporaryFolder(), 'file')
    await writeFile(file, '')
    await chmod(file, 0o600)
    const { store } = openForTest({ kind: 'folder', folder: file })
    await expect(store.put('a', bytes('x'))).rejects.toThrow(/TIDEMARK_ARCHIVE must name a folder/)
  })
})

describe('S3', () => {
  test('keeps everything under its prefix, and leaves alone what lies beside it', async () => {
    const { store, emulator } = await emulatedStore()
    const objects = emulator.buckets.get(bucket)!
    for (const key of ['some/prefixed', 'some/prefix/a b', 'some/prefix/x/', 'some/prefix/ä&<', 'other'])
      objects.set(key, bytes('foreign'))
    await store.put('a/b', bytes('x'))
    expect(objects.has('some/prefix/a/b')).toBe(true)
    expect(await keysOf(store)).toEqual(['a/b'])
    expect(store.place).toBe(`s3://${bucket}/some/prefix`)
  })
})

test('the emulator takes what is signed with its body, and nothing else', async () => {
  const { emulator, place } = await emulatedStore()
  emulator.buckets.get(bucket)!.set('a', bytes('0123456789'))
  const url = `${place.endpoint}/${bucket}/a`
  const aws = new AwsClient({
    accessKeyId: place.accessKeyId,
    secretAccessKey: place.secretAccessKey,
    sessionToken: place.sessionToken!,
    service: 's3',
    region: place.region,
    retries: 0,
  })
  const empty = createHash('sha256').digest('hex')
  const head = await aws.fetch(url, { method: 'HEAD', headers: { 'x-amz-content-sha256': empty } })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
  expect((await fetch(url)).status).toBe(403)
  expect(await (await aws.fetch(url)).text()).toContain('XAmzContentSHA256Mismatch')
  const signed = await aws.sign(url, { headers: { 'x-amz-content-sha256': empty } })
  const { headers } = signed
  expect(await (await fetch(`${url}b`, { headers })).text()).toContain('SignatureDoesNotMatch')
  expect(await (await fetch(url, { headers })).text()).toBe('0123456789')
})

test('the emulator asks for the signature that Amazon publishes as its example', () => {
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
  }
  const said = readAuthorization(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  )!
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  expect(signatureOf({ method: 'GET', target: '/test.txt', headers }, said, secret)).toBe(said.signature)
  const list = { ...said, signedHeaders: ['host', 'x-amz-content-sha256', 'x-amz-date'] }
  expect(signatureOf({ method: 'GET', target: '/?max-keys=2&prefix=J', headers }, list, secret)).toBe(
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  )
})
