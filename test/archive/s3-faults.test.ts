import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { openArchiveStore } from '../../src/archive/open-store.ts'
import { ArchiveSettingsError, ArchiveUnavailableError, type TidemarkError } from '../../src/errors.ts'
import { redact } from '../../src/redact.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import type { BodyFault } from '../setup/s3.ts'
import { bucket, type EmulatedStore, emulatedStore, openForTest } from './stores.ts'

const body = new Uint8Array(1_000).map((_, at) => at % 251)

const operations: [string, (store: EmulatedStore['store']) => Promise<unknown>][] = [
  ['put', (store) => store.put('a', body)],
  ['get', (store) => store.get('a')],
  ['get of a range', (store) => store.get('a', { start: 10, end: 900 })],
  ['size', (store) => store.size('a')],
  ['remove', (store) => store.remove('a')],
  ['list', (store) => listAll(store)],
]

async function listAll(store: EmulatedStore['store']) {
  const objects = []
  for await (const object of store.list('')) objects.push(object)
  return objects
}

async function filled(...given: Parameters<typeof emulatedStore>): Promise<EmulatedStore> {
  const made = await emulatedStore(...given)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    made.emulator.buckets.get(bucket)?.set(`some/prefix/${name}`, body)
  return made
}

async function faultOf(work: Promise<unknown>): Promise<TidemarkError> {
  return await work.then(
    () => expect.fail('it did not fail'),
    (error) => error,
  )
}

const error = (code: string) => `<Error><Code>${code}</Code></Error>`
const passing = [
  { kind: 'status', status: 500, body: error('InternalError') },
  { kind: 'status', status: 503, body: error('SlowDown') },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 502, body: '<html>' },
  { kind: 'status', status: 400, body: error('RequestTimeout') },
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'after' },
] as const

test.each(operations)(
  '%s goes on after faults that pass, and waits twice as long each time',
  async (_, run) => {
    const right = await run((await filled()).store)
    for (const fault of passing) {
      const { store, emulator, waits } = await filled()
      for (let times = 0; times < 5; times++) emulator.faults.plan(fault)
      expect(await run(store), JSON.stringify(fault)).toEqual(right)
      expect(emulator.faults.met()).toBe(5)
      expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000])
    }
  },
)

test.each(operations)(
  '%s gives up after six tries, with an error that says so and can be tried again',
  async (_, run) => {
    for (const fault of passing) {
      const { store, emulator } = await filled()
      for (let times = 0; times < 6; times++) emulator.faults.plan(fault)
      const failed = await faultOf(run(store))
      expect(failed, JSON.stringify(fault)).toBeInstanceOf(ArchiveUnavailableError)
      expect(failed.retryable).toBe(true)
      expect(failed.message).toMatch(
        /^the archive s3:\/\/cold-storage\/some\/prefix cannot be reached now \(.+, 6 times in a row\)/,
      )
      expect(emulator.faults.met()).toBe(6)
    }
  },
)

const bodyFaults: BodyFault[] = ['cut', 'too-long', 'half']

test.each(bodyFaults)('an answer that is %s is asked for again and never taken', async (fault) => {
  const whole = await filled()
  const right = [await whole.store.get('a', { start: 10, end: 900 }), await listAll(whole.store)]
  const { store, emulator } = await filled()
  emulator.breakBody(fault)
  const part = await store.get('a', { start: 10, end: 900 })
  emulator.breakBody(fault)
  expect([part, await listAll(store)]).toEqual(right)
  for (let times = 0; times < 6; times++) emulator.breakBody(fault)
  await expect(store.get('a', { start: 10, end: 900 })).rejects.toThrow(ArchiveUnavailableError)
  for (let times = 0; times < 6; times++) emulator.breakBody(fault)
  await expect(listAll(store)).rejects.toThrow(ArchiveUnavailableError)
})

test('a whole object that is cut off is asked for again', async () => {
  const { store, emulator } = await filled()
  for (const fault of ['cut', 'too-long'] as const) {
    emulator.breakBody(fault)
    expect(Buffer.compare(await store.get('a'), body)).toBe(0)
  }
  expect(emulator.requests.length).toBe(4)
})

const wrong: [string, Parameters<typeof emulatedStore>[1], Parameters<typeof emulatedStore>[0], RegExp][] = [
  ['bucket', { bucket: 'other' }, {}, /NoSuchBucket\): there is no such bucket: make it, or name another/],
  ['key id', { accessKeyId: 'OTHER' }, {}, /it does not know AWS_ACCESS_KEY_ID/],
  [
    'secret',
    { secretAccessKey: canary('a wrong secret') },
    {},
    /AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID/,
  ],
  ['token', { sessionToken: canary('a wrong token') }, {}, /AWS_SESSION_TOKEN is not valid/],
  ['region', { region: 'us-east-1' }, {}, /the bucket is in another region: set TIDEMARK_ARCHIVE_REGION/],
  ['clock', {}, { clock: () => new Date(Date.now() + 16 * 60_000) }, /the clock of this machine is wrong/],
]

test.each(wrong)('a wrong %s is told by every operation, at once', async (_, given, options, sentence) => {
  const { store, emulator, place } = await filled(options, given)
  for (const [name, run] of operations) {
    const failed = await faultOf(run(store))
    expect(failed, name).toBeInstanceOf(ArchiveSettingsError)
    expect(failed.message).toMatch(sentence)
    // The emulator answers with what was signed.
    expectNoCanary([JSON.stringify(redact(failed)), failed.stack ?? '', String(failed)])
    expect(JSON.stringify(redact(failed))).not.toContain('Signature=')
  }
  expect(emulator.requests.length).toBe(operations.length)
  expectNoCanary([JSON.stringify(redact(place)), JSON.stringify(store), store.place])
})

test('a refusal that is not allowed, a redirect and a stranger are told', async () => {
  const { store, emulator } = await filled()
  emulator.faults.plan({ kind: 'status', status: 403, body: error('AccessDenied') })
  await expect(store.get('a')).rejects.toThrow(/needs GetObject, PutObject, DeleteObject and ListBucket/)
  emulator.faults.plan({ kind: 'status', status: 301, headers: { location: 'http://127.0.0.1:1/' } })
  await expect(store.get('a')).rejects.toThrow(/the bucket is in another region/)
  emulator.faults.plan({ kind: 'status', status: 404, body: '<html>Not Found</html>' })
  await expect(store.get('a')).rejects.toThrow(
    /look whether TIDEMARK_ARCHIVE and TIDEMARK_ARCHIVE_ENDPOINT name an S3/,
  )
  emulator.faults.plan({ kind: 'status', status: 404, body: error('<b>x') })
  await expect(store.size('a')).rejects.toThrow(/\(HTTP 404\)/)
})

test('a list that says it goes on and not how is not taken for a whole one', async () => {
  const { store, emulator } = await filled()
  const rewrite = (xml: string) => xml.replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, '')
  emulator.faults.plan({ kind: 'rewritten', rewrite })
  expect((await listAll(store)).length).toBe(7)
  emulator.faults.plan({ kind: 'rewritten', rewrite: () => '<html></html>' })
  expect((await listAll(store)).length).toBe(7)
})

test('a body that was changed on its way is not stored, and sent again', async () => {
  const { place, emulator } = await emulatedStore()
  let changes = 0
  const changing: typeof fetch = (url, init) =>
    fetch(url, init?.body && changes++ === 0 ? { ...init, body: Buffer.from('changed') } : init)
  const parts = { clock: () => new Date(), sleep: async () => {}, signal: new AbortController().signal }
  const store = openArchiveStore(place, { ...parts, fetch: changing, random: () => 0 })
  await store.put('a', body)
  expect(changes).toBe(2)
  expect([...emulator.buckets.get(bucket)!.values()].map((bytes) => bytes.length)).toEqual([body.length])
})

test('nobody there is told by the reason of the connection', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const { place } = await emulatedStore()
  const { store } = openForTest({ ...place, endpoint: `http://127.0.0.1:${port}` })
  await expect(store.get('a')).rejects.toThrow(/cannot be reached now \(ECONNREFUSED, 6 times in a row\)/)
})

test('an operation ends with the process, also while it waits for an answer', async () => {
  const stop = new AbortController()
  const { place, emulator } = await emulatedStore()
  const { store } = openForTest(place, { signal: stop.signal })
  emulator.faults.plan({ kind: 'silence', when: 'before' })
  const asked = store.get('a').catch((error) => error)
  while (emulator.faults.met() === 0) await new Promise((resolve) => setImmediate(resolve))
  stop.abort(new Error('stopped'))
  expect(await asked).toEqual(new Error('stopped'))
  await expect(store.get('a')).rejects.toThrow('stopped')
  expect(emulator.requests.length).toBe(1)
})
