import { deviceStorage } from '../device-storage.ts'

const name = 'tidemark.refresh'
/** Milliseconds: after so long, whoever had the turn is gone. */
const longest = 40_000

let waiting: Promise<unknown> = Promise.resolve()

/** One at a time, across all tabs. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if ('locks' in navigator) return navigator.locks.request(name, work) as Promise<T>
  const turn = waiting.then(() => withLease(work))
  waiting = turn.catch(() => {})
  return turn
}

/**
 * Tells whoever has the turn next that a token is spent. Turns are in one order for all tabs, and so are locks; what is
 * written to localStorage is seen a little later elsewhere, but in the order in which it was written, a lease included.
 */
export async function markSpent(token: string): Promise<void> {
  if (!('locks' in navigator)) return
  await new Promise<void>((taken) => {
    const keep = () => {
      taken()
      return passed(longest)
    }
    void navigator.locks.request(spent(token), { mode: 'shared' }, keep)
  })
}

export async function isSpent(token: string): Promise<boolean> {
  if (!('locks' in navigator)) return false
  const { held = [] } = await navigator.locks.query()
  return held.some((lock) => lock.name === spent(token))
}

function spent(token: string): string {
  return `${name} spent ${token}`
}

/** Browsers have locks on https and on this machine alone; over http in a home's network this takes their place. */
async function withLease<T>(work: () => Promise<T>): Promise<T> {
  const own = `${Math.random()}`
  while (!(await takeLease(own))) await passed(100)
  try {
    return await work()
  } finally {
    if (readLease()?.own === own) deviceStorage.removeItem(name)
  }
}

async function takeLease(own: string): Promise<boolean> {
  const held = readLease()
  const now = Date.now()
  // One that ends later than any can was made by another clock than the present one.
  if (held && held.until > now && held.until <= now + longest) return false
  deviceStorage.setItem(name, JSON.stringify({ own, until: now + longest }))
  // Of two tabs that found it free at the same moment, the one that wrote last has it.
  await passed(50)
  return readLease()?.own === own
}

function readLease(): { own: string; until: number } | undefined {
  return JSON.parse(deviceStorage.getItem(name) ?? 'null') ?? undefined
}

export function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
