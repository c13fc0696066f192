/** A priority queue: what has the smallest key comes first; of equal keys, what was put first. */
export interface Heap<Value> {
  put(key: number, value: Value): void
  first(): { key: number; value: Value } | undefined
  take(): { key: number; value: Value } | undefined
}

interface Entry<Value> {
  key: number
  order: number
  value: Value
}

export function createHeap<Value>(): Heap<Value> {
  const entries: Entry<Value>[] = []
  let puts = 0
  const isBefore = (a: number, b: number) => {
    const [one, other] = [entries[a]!, entries[b]!]
    return one.key < other.key || (one.key === other.key && one.order < other.order)
  }
  const swap = (a: number, b: number) => {
    const kept = entries[a]!
    entries[a] = entries[b]!
    entries[b] = kept
  }
  return {
    put(key, value) {
      entries.push({ key, order: puts++, value })
      for (let at = entries.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1
        if (!isBefore(at, parent)) break
        swap(at, parent)
        at = parent
      }
    },
    first: () => entries[0],
    take() {
      const taken = entries[0]
      const last = entries.pop()
      if (entries.length > 0) {
        entries[0] = last!
        for (let at = 0; ; ) {
          let least = at
          for (const child of [2 * at + 1, 2 * at + 2]) {
            if (child < entries.length && isBefore(child, least)) least = child
          }
          if (least === at) break
          swap(at, least)
          at = least
        }
      }
      return taken
    },
  }
}
