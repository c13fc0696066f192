import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isDay } from '../../../src/calendar.ts'
import { isAsset } from '../../../src/connectors/statements/asset.ts'
import { readStatement } from '../../../src/connectors/statements/reader.ts'
import { parseDecimal } from '../../../src/decimal.ts'
import { StatementError } from '../../../src/errors.ts'
import type { StatementEvent } from '../../../src/statement.ts'

const folder = process.env.TIDEMARK_SAMPLE_STATEMENTS

describe.skipIf(!folder)('real files (skipped unless TIDEMARK_SAMPLE_STATEMENTS names a folder)', () => {
  const files = folder
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
        statSync(join(folder, name)).isFile(),
      )
    : ['none']

  test.each(files)('%s is read whole, or refused with a sentence', async (name) => {
    const events: StatementEvent[] = []
    const open = () => createReadStream(join(folder!, name))
    try {
      for await (const event of readStatement(open, { timeZone: 'Europe/Berlin', defaultAsset: 'XXX' })) {
        events.push(event)
      }
    } catch (error) {
      expect(error).toBeInstanceOf(StatementError)
      return
    }
    expect(events.some(({ type }) => type === 'statement')).toBe(true)
    for (const event of events) {
      expect(event.line).toBeGreaterThan(0)
      if (event.type !== 'entry' && event.type !== 'balance') continue
      expect(parseDecimal(event.amount)).toBe(event.amount)
      expect(isAsset(event.asset)).toBe(true)
      expect(isDay(event.type === 'entry' ? event.bookedOn : event.day)).toBe(true)
    }
  })
})
