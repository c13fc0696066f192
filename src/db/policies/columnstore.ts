import { addDays, dayInZone } from '../../calendar.ts'
import { isContention, type Sql, sqlState } from '../client.ts'
import { definePolicy } from './policy.ts'
import { wholeNumber } from './setting.ts'

export const columnstore = definePolicy({
  name: 'columnstore',
  about: 'move chunks of transactions that have become old into the columnstore, and late rows after them',
  engines: ['timescale'],
  settings: {
    afterDays: wholeNumber({
      about: 'days behind the last day of a chunk',
      default: 90,
      lowest: 1,
      highest: 36_500,
    }),
  },
  schedule: () => ({ at: '03:40' }),
  jobs: ({ afterDays }) => ({ columnstoreAfterDays: afterDays }),
  async run({ sql, now, settings: { afterDays }, signal, progress }) {
    const chunks = await chunksToMove(sql, addDays(dayInZone(now, 'UTC'), -afterDays))
    let [moved, busy] = [0, 0]
    for (const chunk of chunks) {
      if (signal.aborted) break
      try {
        await sql`SELECT move_to_columnstore(${chunk})`
        moved++
      } catch (error) {
        // Writers hold the chunk: it is taken another time.
        if (!isContention(error) && !isMovedAlready(error)) throw error
        busy++
      }
      progress(moved + busy, chunks.length)
    }
    const left = chunks.length - moved
    return {
      message:
        chunks.length === 0
          ? 'no chunk had rows to move'
          : `${moved} ${moved === 1 ? 'chunk' : 'chunks'} moved${busy > 0 ? `, ${busy} in use` : ''}`,
      again: left > 0,
    }
  },
})

/** TimescaleDB's own job was faster: duplicate_object. Whether rows came behind it is seen the next time. */
function isMovedAlready(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === sqlState.duplicateObject
}

/** Those that end before a day and are not in the columnstore, wholly; the oldest first. */
async function chunksToMove(sql: Sql, before: string): Promise<string[]> {
  const chunks = await sql<{ chunk: string }[]>`
    SELECT chunk FROM (
      SELECT format('%I.%I', chunk_schema, chunk_name) AS chunk, range_end, is_compressed
      FROM timescaledb_information.chunks
      WHERE hypertable_schema = current_schema() AND hypertable_name = 'transaction' AND range_end::date <= ${before}::date
    ) AS old
    -- Rows that came after the conversion lie beside it: bit 8 of the status. Bit 4: nothing may change any more.
    WHERE NOT is_compressed OR _timescaledb_functions.chunk_status(chunk::regclass) & 12 = 8
    ORDER BY range_end`
  return chunks.map(({ chunk }) => chunk)
}
