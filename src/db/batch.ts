import { withDeadline } from '../deadline.ts'

/**
 * Looks up by key, many callers with one query: while a query is on its way, keys gather for the next one. A key is
 * always looked up by a query that begins after it was asked for, so that no answer is older than its question. A query
 * that takes longer than `longest` milliseconds is given up with a BusyError.
 */
export function createBatch<Key, Value>(
  load: (keys: Key[]) => Promise<Map<Key, Value>>,
  {
    largest = 200,
    atOnce = 2,
    longest = 10_000,
  }: { largest?: number; atOnce?: number; longest?: number } = {},
): (key: Key) => Promise<Value | undefined> {
  interface Waiting {
    key: Key
    resolve: (value: Value | undefined) => void
    reject: (reason: unknown) => void
  }
  const waiting: Waiting[] = []
  let running = 0

  async function run(): Promise<void> {
    running++
    const asked = waiting.splice(0, largest)
    try {
      const found = await withDeadline(longest, () => load([...new Set(asked.map(({ key }) => key))]))
      for (const { key, resolve } of asked) resolve(found.get(key))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    } finally {
      running--
      if (waiting.length > 0) void run()
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      if (running < atOnce) void run()
    })
}
