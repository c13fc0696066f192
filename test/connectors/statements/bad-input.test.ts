import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStatement } from '../../../src/connectors/statements/reader.ts'
import { StatementError } from '../../../src/errors.ts'
import { entriesOf, faultsOf, fileOf, readEvents } from './read-events.ts'
import { camt, mt940, ofxSgml, qif, tidemarkCsv } from './samples.ts'

test('bytes that are not UTF-8 are refused with their line', async () => {
  const latin = Buffer.from(tidemarkCsv, 'latin1')
  await expect(readEvents(latin)).rejects.toThrow(/^line 3: not valid UTF-8;/)
  await expect(readEvents(latin, {}, 7)).rejects.toThrow(/^line 3: not valid UTF-8;/)
})

test('a truncated character at the end is refused', async () => {
  await expect(readEvents(Buffer.from([...Buffer.from(tidemarkCsv), 0xc3]))).rejects.toThrow(
    /not valid UTF-8/,
  )
})

test('UTF-16 with a byte order mark is read', async () => {
  const events = await readEvents(Buffer.from(`\ufeff${tidemarkCsv}`, 'utf16le'), {}, 5)
  expect(events).toEqual(await readEvents(tidemarkCsv))
})

test.each([0.3, 0.6, 0.9, 0.99])('camt.053 cut at %d of its length is refused', async (share) => {
  const cut = camt.trim().slice(0, Math.floor(camt.trim().length * share))
  await expect(readEvents(cut)).rejects.toThrow(/not well-formed XML/)
})

test('OFX that is cut off is refused', async () => {
  await expect(readEvents(ofxSgml.slice(0, -20))).rejects.toThrow(/the document ends before <\/OFX>/)
})

test('a row of a million columns is a fault or refused by its length, never held', async () => {
  const short = await readEvents(`${tidemarkCsv}${','.repeat(999_999)}\n`)
  expect(faultsOf(short)).toEqual(['5: 1000000 columns where the header has 10'])
  await expect(readEvents(`${tidemarkCsv}${'x,'.repeat(1_000_000)}\n`)).rejects.toThrow(
    'line 5: the line or its quoted field is longer than 1 MiB',
  )
})

test('a line, a quoted field, a text node and a tag without end are given up after 1 MiB', async () => {
  const endless = (head: string) => {
    let served = 0
    const file = async function* () {
      yield Buffer.from(head)
      // A gigabyte, of which no more than a few pieces may be asked for.
      for (; served < 16_384; served++) yield Buffer.alloc(65_536, 'x')
    }
    return { file, served: () => served }
  }
  for (const head of [
    tidemarkCsv,
    `${tidemarkCsv}A,"`,
    `${camt.slice(0, camt.indexOf('REF-1'))}`,
    `${camt.slice(0, camt.indexOf('<AcctSvcrRef'))}<`,
    `${camt.slice(0, camt.indexOf('<AcctSvcrRef'))}<!--`,
    `${ofxSgml.slice(0, ofxSgml.indexOf('Interest'))}`,
    `${ofxSgml.slice(0, ofxSgml.indexOf('Interest'))}<!--`,
    ':20:X\n:25:1\n:60F:C240101EUR1,00\n:86:',
    '!Type:Bank\nP',
  ]) {
    const { file, served } = endless(head)
    const read = async () => {
      for await (const event of readStatement(file, { timeZone: 'UTC' })) void event
    }
    await expect(read()).rejects.toThrow(/longer than 1 MiB/)
    expect(served()).toBeLessThan(200)
  }
})

test('a batch of any number of details is one entry', async () => {
  const detail = '<TxDtls><RmtInf><Ustrd>part of a batch</Ustrd></RmtInf></TxDtls>'
  const events = await readEvents(
    camt.replace('<TxDtls><Amt Ccy="EUR">20</Amt></TxDtls>', detail.repeat(50_000)),
  )
  expect(entriesOf(events)).toHaveLength(3)
})

test('external and nested entities of a document type are not expanded', async () => {
  const bomb = camt
    .replace('?>', '?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>')
    .replace('Invoice 17', '&b;')
  await expect(readEvents(bomb)).rejects.toThrow(/not well-formed XML/)
})

test('the file is closed when reading ends early', async () => {
  let closed = 0
  const open = async function* () {
    try {
      yield* fileOf('no statement at all')()
    } finally {
      closed++
    }
  }
  await expect(async () => {
    for await (const event of readStatement(open, { timeZone: 'UTC' })) void event
  }).rejects.toThrow()
  expect(closed).toBe(1)
})

test('damaged files give faults or a StatementError, nothing else', async () => {
  const samples = [tidemarkCsv, camt, mt940, ofxSgml, qif].map((text) => Buffer.from(text))
  const damage = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 }))
  const cases = fc.tuple(
    fc.constantFrom(...samples),
    fc.array(damage, { maxLength: 8 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ([sample, damages, kept]) => {
      const bytes = Buffer.from(sample.subarray(0, Math.ceil(sample.length * (kept < 0.5 ? 1 : kept))))
      for (const [share, byte] of damages) bytes[Math.floor(share * bytes.length)] = byte
      try {
        await readEvents(bytes, { defaultAsset: 'USD' })
      } catch (error) {
        expect(error).toBeInstanceOf(StatementError)
      }
    }),
    { numRuns: 1_000 },
  )
})
