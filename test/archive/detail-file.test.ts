import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { decodeDetailFile, encodeDetailFile, mostRows } from '../../src/archive/detail-file.ts'
import { readUsers } from '../../src/archive/read-users.ts'
import type { ArchiveStore, ByteRange } from '../../src/archive/store.ts'
import type { ArchivedTransaction } from '../../src/archived-transaction.ts'
import { ArchiveDamagedError, ArchiveMissingError } from '../../src/errors.ts'
import { anyRows, plainRows } from './rows.ts'

const example = plainRows(3, 2)

test('any rows come back as they were, and the same rows are the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, async (rows) => {
      const bytes = await encodeDetailFile(rows)
      expect(await decodeDetailFile(bytes)).toEqual(rows)
      expect(Buffer.compare(await encodeDetailFile(structuredClone(rows)), bytes)).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('values at their edges come back as they were', async () => {
  const edges: Partial<ArchivedTransaction>[] = [
    { amount: '0.10' },
    { amount: '-0' },
    { amount: '-0.000' },
    { amount: `-${'9'.repeat(131_072)}.${'1'.repeat(16_383)}` },
    { description: '' },
    { description: '\ufeffname' },
    { description: '\u0001\u007f\u0085\u2028\uffff\u{10ffff}' },
    { description: 'é is not é' },
    { description: 'x'.repeat(2_000_000) },
    { occurredAt: -1n, recordedAt: -62_135_596_800_000_001n },
    { occurredAt: 2n ** 63n - 1n, recordedAt: -(2n ** 63n) },
    { userId: '9223372036854775807', version: '-9223372036854775808' },
    { asset: '', kind: '', status: '' },
  ]
  for (const edge of edges) {
    const rows = [{ ...example[0]!, ...edge }]
    expect(await decodeDetailFile(await encodeDetailFile(rows))).toEqual(rows)
  }
})

test('many rows come back, over several row groups', async () => {
  const rows = plainRows(25_001, 100)
  const back = await decodeDetailFile(await encodeDetailFile(rows))
  expect(back.length).toBe(rows.length)
  expect(
    back.findIndex((row, index) => JSON.stringify(textual(row)) !== JSON.stringify(textual(rows[index]!))),
  ).toBe(-1)
})

function textual(row: ArchivedTransaction) {
  return { ...row, occurredAt: String(row.occurredAt), recordedAt: String(row.recordedAt) }
}

test.each<[string, Partial<ArchivedTransaction>]>([
  ['userId', { userId: '01' }],
  ['userId', { userId: '9223372036854775808' }],
  ['version', { version: '1.0' }],
  ['id', { id: '00000000-0000-4000-8000-00000000000A' }],
  ['digest', { digest: '' }],
  ['bookedOn', { bookedOn: '2024-02-30' }],
  ['bookedOn', { bookedOn: '2024-01-31' }],
  ['amount', { amount: 'NaN' }],
  ['amount', { amount: '1e5' }],
  ['recordedAt', { recordedAt: 2n ** 63n }],
  ['description', { description: 'half a sign: \ud83d' }],
  ['kind', { kind: null as unknown as string }],
])('a row whose %s would not come back is refused', async (field, change) => {
  const rows = [example[0]!, { ...example[1]!, ...change }]
  await expect(encodeDetailFile(rows)).rejects.toThrow(RangeError)
  await expect(encodeDetailFile(rows)).rejects.toThrow(new RegExp(`^row 2: ${field}: `))
})

test('rows in another order, the same row twice, none and too many are refused', async () => {
  const [first, second, third] = example as [ArchivedTransaction, ArchivedTransaction, ArchivedTransaction]
  await expect(encodeDetailFile([first, third, second])).rejects.toThrow(/^row 3: not behind/)
  await expect(encodeDetailFile([first, first])).rejects.toThrow(/^row 2: not behind/)
  // As numbers, not as text.
  const users = ['-5', '-1', '9', '10', '9007199254740993'].map((userId) => ({ ...first, userId }))
  expect((await decodeDetailFile(await encodeDetailFile(users))).length).toBe(5)
  await expect(encodeDetailFile([])).rejects.toThrow(RangeError)
  await expect(encodeDetailFile(Array(mostRows + 1).fill(first))).rejects.toThrow(RangeError)
})

describe('a file that is not as it was written', () => {
  test('is noticed, whichever byte was changed', async () => {
    const bytes = await encodeDetailFile(example)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 1 << (at % 8)
      await expectDamaged(changed, `byte ${at} of ${bytes.length}`)
    }
  })

  test('is noticed, wherever it ends, and whatever was put to it or taken from its middle', async () => {
    const bytes = await encodeDetailFile(example)
    for (let length = 0; length < bytes.length; length++) {
      await expectDamaged(bytes.slice(0, length), `${length} of ${bytes.length} bytes`)
      await expectDamaged(bytes.slice(bytes.length - length), `the last ${length} of ${bytes.length} bytes`)
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length - 1), fc.nat(40), async (from, cut, put) => {
        fc.pre(Math.min(cut, bytes.length - from) + put > 0)
        const changed = Buffer.concat([bytes.slice(0, from), Buffer.alloc(put, 7), bytes.slice(from + cut)])
        if (Buffer.compare(changed, bytes) !== 0) await expectDamaged(changed, `${from} ${cut} ${put}`)
      }),
    )
  })

  test('is noticed where it is a file of another kind', async () => {
    const foreign = parquetWriteBuffer({ columnData: [{ name: 'id', data: [1, 2, 3] }] })
    await expectDamaged(new Uint8Array(foreign), 'Parquet')
    await expectDamaged(new Uint8Array(Buffer.from('<html>Not found</html>')), 'HTML')
    await expectDamaged(new Uint8Array(), 'nothing')
    await expectDamaged(new Uint8Array(Buffer.from('PAR1\0\0\0\0PAR1')), 'an empty one')
  })

  async function expectDamaged(bytes: Uint8Array, what: string) {
    const outcome = await decodeDetailFile(bytes, 'the file x').catch((error) => error)
    expect(outcome, what).toBeInstanceOf(ArchiveDamagedError)
    expect(outcome.message, what).toMatch(/^the file x is damaged: .+; restore it from a copy$/)
  }
})

/** One object, and every range of it that was read. */
function storeOf(bytes: () => Uint8Array | undefined) {
  const reads: Required<ByteRange>[] = []
  const store: Pick<ArchiveStore, 'place' | 'get' | 'size'> = {
    place: 'memory',
    size: async () => bytes()?.length,
    get: async (key, { start, end } = { start: 0, end: Infinity }) => {
      const body = bytes()
      if (!body) throw new ArchiveMissingError(`memory has no ${key}`)
      reads.push({ start, end })
      return body.slice(start, end)
    },
  }
  return { store: store as ArchiveStore, reads }
}

describe('reading the rows of some users', () => {
  test('gives what reading all and leaving out the others gives', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.array(fc.nat(40), { maxLength: 4 }), async (rows, picks) => {
        const users = [...picks.map((pick) => rows[pick % rows.length]!.userId), '4', '-77']
        const { store } = storeOf(await fixed(rows))
        expect(await readUsers(store, 'x', users)).toEqual(
          rows.filter(({ userId }) => users.includes(userId)),
        )
      }),
    )
  })

  const rows = plainRows(50_000, 50)
  const fixed = async (given: ArchivedTransaction[]) => {
    const bytes = await encodeDetailFile(given)
    return () => bytes
  }

  test('reads the footer and the row groups that hold them', async () => {
    const file = await fixed(rows)
    const { store, reads } = storeOf(file)
    const wanted = ['1025', '1049']
    const found = await readUsers(store, 'x', wanted)
    expect(found.length).toBe(2_000)
    expect(new Set(found.map(({ userId }) => userId))).toEqual(new Set(wanted))
    expect(reads.length).toBe(3)
    const read = reads.reduce((sum, { start, end }) => sum + end - start, 0)
    expect(read).toBeLessThan(file().length / 2 + 32 * 1024)
    // A user whose rows lie in two row groups, which are read at once.
    const { store: across, reads: ranges } = storeOf(await fixed(plainRows(25_000, 4)))
    expect((await readUsers(across, 'x', ['1001'])).length).toBe(6_250)
    expect(ranges.length).toBe(2)
  })

  test('reads the footer alone where they are not in it', async () => {
    const { store, reads } = storeOf(await fixed(rows))
    expect(await readUsers(store, 'x', ['1', '9999'])).toEqual([])
    expect(await readUsers(store, 'x', [])).toEqual([])
    expect(reads.length).toBe(2)
  })

  test('notices a byte that was changed in what is read of it', async () => {
    const bytes = (await fixed(rows))()
    const { store: whole, reads } = storeOf(() => bytes)
    await readUsers(whole, 'x', ['1025'])
    const [footer, group] = reads as [ByteRange, ByteRange]
    const tail = Buffer.from(bytes).readUInt32LE(bytes.length - 8) + 8
    const places = [group.start, group.end - 1, Math.floor((group.start + group.end) / 2), footer.end - tail]
    for (const at of [...places, bytes.length - 1, bytes.length - 6, bytes.length - 40]) {
      const changed = bytes.slice()
      changed[at]! ^= 0x10
      const failed = await readUsers(storeOf(() => changed).store, 'x', ['1025']).catch((error) => error)
      expect(failed, `byte ${at}`).toBeInstanceOf(ArchiveDamagedError)
      expect(failed.message).toMatch(/^memory\/x is damaged: /)
    }
  })

  test('starts again where the file is replaced meanwhile', async () => {
    const before = (await fixed(rows))()
    const after = (await fixed(rows.slice(7_000)))()
    let asked = 0
    const { store } = storeOf(() => (asked++ < 2 ? before : after))
    expect((await readUsers(store, 'x', ['1025'])).length).toBe(1_000)
    expect(asked).toBeGreaterThan(3)
  })

  test('tells a missing and an empty one', async () => {
    await expect(readUsers(storeOf(() => undefined).store, 'x', ['1'])).rejects.toThrow(ArchiveMissingError)
    await expect(readUsers(storeOf(() => new Uint8Array()).store, 'x', ['1'])).rejects.toThrow(
      ArchiveDamagedError,
    )
  })
})
