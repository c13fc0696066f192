import { effect, signal } from '@preact/signals'

/** What was chosen on this device. */
export interface Preferences {
  theme: 'system' | 'light' | 'dark'
  /** Amounts are not shown. */
  privacy: boolean
  range: string
  interval: 'auto' | 'day' | 'week' | 'month' | 'quarter' | 'year'
  by: 'none' | 'kind' | 'account' | 'asset' | 'source'
  /** The axis of the chart begins at zero. */
  fromZero: boolean
}

const key = 'tidemark.preferences'
const usual: Preferences = {
  theme: 'system',
  privacy: false,
  range: '1Y',
  interval: 'auto',
  by: 'none',
  fromZero: false,
}

export const preferences = signal<Preferences>(read())

export function prefer(chosen: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...chosen }
}

effect(() => {
  const { theme } = preferences.value
  localStorage.setItem(key, JSON.stringify(preferences.value))
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
})

/** What no version of the page would write counts as not chosen. */
function read(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return usual
    const known = Object.entries(usual).map(([name, value]) => {
      const chosen = (kept as Record<string, unknown>)[name]
      return [name, typeof chosen === typeof value ? chosen : value]
    })
    return Object.fromEntries(known)
  } catch {
    return usual
  }
}
