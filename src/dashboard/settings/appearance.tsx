import { prefer, preferences } from '../preferences.ts'
import { Segmented } from '../ui/segmented.tsx'

export const themes = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const

/** Of this device alone. */
export function Appearance() {
  const { theme, privacy } = preferences.value
  return (
    <section class="card">
      <h2>On this device</h2>
      <div class="stack">
        <div>
          <Segmented
            label="Light or dark"
            options={themes}
            value={theme}
            onChange={(chosen) => prefer({ theme: chosen })}
          />
        </div>
        <div class="field">
          <label class="check">
            <input
              type="checkbox"
              checked={privacy}
              aria-describedby="privacy-hint"
              onChange={({ currentTarget }) => prefer({ privacy: currentTarget.checked })}
            />
            Hide amounts
          </label>
          <p class="hint" id="privacy-hint">
            Dots stand in the place of every amount, for when somebody looks over your shoulder.
          </p>
        </div>
      </div>
    </section>
  )
}
