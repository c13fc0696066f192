/**
 * Counts how often each 52-bit key was seen, in 12 bytes a key where a Map would take a hundred: identical rows of a
 * file without ids are told apart by their ordinal, and a file may have millions. Open addressing with linear
 * probing; keys are hashes already.
 */
export function createOccurrenceCounter(): { count(key: number): number } {
  let capacity = 1 << 12
  let keys = new Float64Array(capacity).fill(-1)
  let counts = new Uint32Array(capacity)
  let used = 0

  const slotOf = (table: Float64Array, key: number): number => {
    const mask = table.length - 1
    let slot = key % table.length
    while (table[slot] !== -1 && table[slot] !== key) slot = (slot + 1) & mask
    return slot
  }

  function grow(): void {
    const largerKeys = new Float64Array(capacity * 2).fill(-1)
    const largerCounts = new Uint32Array(capacity * 2)
    for (let slot = 0; slot < capacity; slot++) {
      if (keys[slot] === -1) continue
      const target = slotOf(largerKeys, keys[slot]!)
      largerKeys[target] = keys[slot]!
      largerCounts[target] = counts[slot]!
    }
    capacity *= 2
    keys = largerKeys
    counts = largerCounts
  }

  return {
    /** How often the key was counted before this call. Keys are integers from 0 to 2^52 - 1. */
    count(key) {
      const slot = slotOf(keys, key)
      if (keys[slot] === key) return counts[slot]!++
      keys[slot] = key
      counts[slot] = 1
      if (++used > capacity * 0.7) grow()
      return 0
    },
  }
}
