import type { ReadOptions } from '../../../src/connectors/statements/format.ts'
import { readStatement } from '../../../src/connectors/statements/reader.ts'
import type { StatementEvent } from '../../../src/statement.ts'

/** A file of the given content, delivered in pieces of `size` bytes. */
export function fileOf(content: string | Uint8Array, size = 65_536): () => AsyncIterable<Uint8Array> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
}

export async function readEvents(
  content: string | Uint8Array,
  options: Partial<ReadOptions> = {},
  size?: number,
): Promise<StatementEvent[]> {
  const events: StatementEvent[] = []
  const file = fileOf(content, size)
  for await (const event of readStatement(file, { timeZone: 'Europe/Berlin', ...options })) events.push(event)
  return events
}

export const entriesOf = (events: StatementEvent[]) => events.filter((event) => event.type === 'entry')
export const balancesOf = (events: StatementEvent[]) => events.filter((event) => event.type === 'balance')
export const statementsOf = (events: StatementEvent[]) => events.filter((event) => event.type === 'statement')
export const faultsOf = (events: StatementEvent[]) =>
  events.filter((event) => event.type === 'fault').map(({ line, reason }) => `${line}: ${reason}`)
