import { type ColumnData, type DecodedArray, parquetRead } from 'hyparquet'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import { columns, toRows } from './detail-columns.ts'
import { damaged, type Footer, type RowGroupAbout } from './footer.ts'
import { loadZstd } from './zstd.ts'

/** A text may begin with a byte order mark, which is a part of it. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const parsers = {
  timestampFromMicroseconds: (microseconds: bigint) => microseconds,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes),
}

/** The rows of a row group, whose bytes were checked. */
export async function readRowGroup(
  { metadata, about }: Footer,
  rowGroup: RowGroupAbout,
  bytes: Uint8Array,
  name: string,
): Promise<ArchivedTransaction[]> {
  const zstd = await loadZstd()
  const parts = new Map<string, DecodedArray[]>(columns.map((column) => [column.name, []]))
  const { firstRow } = rowGroup
  try {
    await parquetRead({
      file: {
        byteLength: rowGroup.end,
        slice: (start, end = rowGroup.end) =>
          // A copy, which a slice of a Buffer would not be.
          new Uint8Array(bytes.subarray(start - rowGroup.start, end - rowGroup.start)).buffer,
      },
      metadata,
      rowStart: firstRow,
      rowEnd: firstRow + rowGroup.rows,
      compressors: { ZSTD: zstd.decompress },
      parsers,
      geoparquet: false,
      onChunk: ({ columnName, columnData }: ColumnData) => parts.get(columnName)!.push(columnData),
    })
    const values = columns.map((column) => joined(parts.get(column.name)!))
    if (values.some(({ length }) => length !== rowGroup.rows))
      throw new RangeError('columns differ in length')
    const rows = toRows(values, rowGroup.rows)
    if (!rows.every(({ bookedOn }) => bookedOn.startsWith(about.month)))
      throw new RangeError('a row is of another month')
    return rows
  } catch (error) {
    throw damaged(name, 'what its footer says of its rows does not fit them', error)
  }
}

function joined(chunks: DecodedArray[]): ArrayLike<unknown> {
  return chunks.length === 1 ? chunks[0]! : chunks.flatMap((chunk) => Array.from(chunk as ArrayLike<unknown>))
}
