/** Pseudo-random numbers from a seed: the same seed gives the same numbers on every machine. */
export interface Random {
  /** At least 0 and below 1. */
  next(): number
  /** An integer between both bounds, these included. */
  integer(low: number, high: number): number
  /** As `integer`, low values being the more frequent ones, as prices of purchases are. */
  skewed(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** Mean 0, standard deviation 1, never beyond 3.5. */
  bell(): number
  /** Another generator whose numbers depend on the seed and the name alone. */
  fork(name: string): Random
}

export function createRandom(seed: string): Random {
  let state = hash(seed)
  // mulberry32 (Tommy Ettinger, public domain): 32 bits of state are enough for a few thousand draws a stream.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const scale = (low: number, high: number, share: number) => low + Math.floor(share * (high - low + 1))
  return {
    next,
    integer: (low, high) => scale(low, high, next()),
    skewed: (low, high) => scale(low, high, next() * next()),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)]!,
    // The sum of four uniform numbers has a variance of 4/12; no logarithm whose last bit differs by platform.
    bell: () => (next() + next() + next() + next() - 2) * Math.sqrt(3),
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}

/** FNV-1a with a final avalanche (murmur3's), so that near seeds give far states. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return value ^ (value >>> 16)
}
