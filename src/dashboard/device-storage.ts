type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Until it is closed on the device, as far as the browser lets the page keep anything; else until it is left. */
export const deviceStorage = guarded(() => localStorage)
export const tabStorage = guarded(() => sessionStorage)

/** A browser may refuse storage altogether, or be full: what it does not take is kept in memory. */
function guarded(open: () => Storage): Kept {
  const memory = new Map<string, string>()
  const tried = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(open())
    } catch {
      return undefined
    }
  }
  return {
    getItem: (key) => memory.get(key) ?? tried((storage) => storage.getItem(key)) ?? null,
    setItem: (key, value) => {
      const isKept = tried((storage) => {
        storage.setItem(key, value)
        return true
      })
      if (isKept) memory.delete(key)
      else memory.set(key, value)
    },
    removeItem: (key) => {
      memory.delete(key)
      tried((storage) => storage.removeItem(key))
    },
  }
}
