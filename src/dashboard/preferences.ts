import { effect, signal } from '@preact/signals'
import { deviceStorage } from './device-storage.ts'

/** What can be chosen on a device, from the usual on. */
const choices = {
  theme: ['system', 'light', 'dark'],
  interval: ['auto', 'day', 'week', 'month', 'quarter', 'year'],
  by: ['none', 'kind', 'account', 'asset', 'source'],
} as const
type Choices = { [Name in keyof typeof choices]: (typeof choices)[Name][number] }

/** What was chosen on this device. */
export interface Preferences extends Choices {
  /** Amounts are not shown. */
  privacy: boolean
  /** Of the chart: see net-worth/ranges.ts. */
  range: string
  /** The axis of the chart begins at zero. */
  fromZero: boolean
}

const key = 'tidemark.preferences'

export const preferences = signal<Preferences>(read())

/** Over what is on the device now: another tab may have chosen something a moment ago. */
export function prefer(chosen: Partial<Preferences>): void {
  preferences.value = { ...read(), ...chosen }
  deviceStorage.setItem(key, JSON.stringify(preferences.value))
}

/** Another tab chose something. */
addEventListener('storage', (event) => {
  if (event.key === key || event.key === null) preferences.value = read()
})

effect(() => {
  const { theme } = preferences.value
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
})

/** What no version of the page would write counts as not chosen. */
function read(): Preferences {
  const kept = readKept()
  const choice = <Name extends keyof Choices>(name: Name) =>
    ((choices[name] as readonly unknown[]).includes(kept[name])
      ? kept[name]
      : choices[name][0]) as Choices[Name]
  return {
    theme: choice('theme'),
    interval: choice('interval'),
    by: choice('by'),
    privacy: kept.privacy === true,
    fromZero: kept.fromZero === true,
    range: typeof kept.range === 'string' ? kept.range : '1Y',
  }
}

function readKept(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(deviceStorage.getItem(key) ?? '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
