import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadMapping } from '../../../src/connectors/statements/csv-mapping.ts'
import { readStatement } from '../../../src/connectors/statements/reader.ts'
import type { StatementEvent } from '../../../src/statement.ts'
import { readEvents } from './read-events.ts'
import { camt, mt940, ofxSgml, qif, tidemarkCsv } from './samples.ts'

const mapping = loadMapping({
  columns: { date: 'date', amount: 'amount', asset: 'asset', description: 'description' },
})

test.each([
  ['tidemark-csv', tidemarkCsv, {}],
  ['tidemark-csv with CR LF', tidemarkCsv.replaceAll('\n', '\r\n'), {}],
  ['mapped csv', tidemarkCsv, { mapping, format: 'csv' as const }],
  ['camt053', camt, {}],
  ['mt940', mt940, {}],
  ['mt940 in Windows-1252', Buffer.from(mt940, 'latin1'), {}],
  ['ofx', ofxSgml, {}],
  ['qif', qif, { defaultAsset: 'USD' }],
])('%s: cutting the bytes anywhere gives the same events', async (_name, content, options) => {
  const bytes = Buffer.from(content)
  const whole = await readEvents(bytes, options)
  expect(whole.length).toBeGreaterThan(2)
  expect(await readEvents(bytes, options, 1)).toEqual(whole)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const events: StatementEvent[] = []
      const open = async function* () {
        for (let n = 1; n < at.length; n++) yield bytes.subarray(at[n - 1], at[n])
      }
      for await (const event of readStatement(open, { timeZone: 'Europe/Berlin', ...options }))
        events.push(event)
      expect(events).toEqual(whole)
    }),
  )
})
