import { LRUCache } from 'lru-cache'
import PQueue from 'p-queue'
import type { ArchivedTransaction } from '../archived-transaction.ts'
import type { ArchivePart } from '../db/archive-detail.ts'
import { readParts } from './bring-back.ts'
import { compareListed } from './list-order.ts'
import type { ArchiveStore } from './store.ts'

/** Bytes of decoded rows that a process keeps, about. */
const mostBytes = 32 * 1024 * 1024
/** Of a row without its texts. */
const rowBytes = 400
/** Parts that a process fetches and decodes at once for lists: each may be tens of MB until it is read. */
const atOnce = 3

interface Kept {
  parts: LRUCache<string, readonly ArchivedTransaction[]>
  underWay: Map<string, Promise<readonly ArchivedTransaction[]>>
  queue: PQueue
}

const kept = new WeakMap<ArchiveStore, Kept>()

/**
 * The transactions of each part, in the order of lists. Those of the last reads are kept: whoever goes through a month
 * page by page fetches it once. A file never changes under its key, and whether the database still names it is asked
 * with every page.
 */
export async function readKeptParts(
  store: ArchiveStore,
  parts: readonly ArchivePart[],
): Promise<(readonly ArchivedTransaction[])[]> {
  return Promise.all(parts.map((part) => readKept(keptOf(store), store, part)))
}

function readKept(
  { parts, underWay, queue }: Kept,
  store: ArchiveStore,
  part: ArchivePart,
): Promise<readonly ArchivedTransaction[]> {
  const name = `${part.file.key} ${part.file.sha256} ${part.userId} ${part.transactions}`
  const found = parts.get(name)
  if (found) return Promise.resolve(found)
  const others = underWay.get(name)
  if (others) return others
  const reading = queue
    .add(async () => (await readParts(store, [part])).sort(compareListed))
    .then((rows) => {
      parts.set(name, rows)
      return rows
    })
    .finally(() => underWay.delete(name))
  underWay.set(name, reading)
  return reading
}

function keptOf(store: ArchiveStore): Kept {
  const known = kept.get(store)
  if (known) return known
  const made: Kept = {
    parts: new LRUCache({ maxSize: mostBytes, sizeCalculation: bytesOf }),
    underWay: new Map(),
    queue: new PQueue({ concurrency: atOnce }),
  }
  kept.set(store, made)
  return made
}

function bytesOf(rows: readonly ArchivedTransaction[]): number {
  let bytes = rowBytes
  for (const { amount, description, counterparty, category } of rows)
    bytes += rowBytes + 2 * (amount.length + [description, counterparty, category].join('').length)
  return bytes
}
