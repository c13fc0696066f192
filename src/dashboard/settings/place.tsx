import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { formatInstant } from '../format/dates.ts'
import type { Me } from '../queries.ts'
import { CurrencyField, TimeZoneField } from '../ui/choice-fields.tsx'
import { Notice, Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'

/** Where the user reckons: in which currency, and in the days of which time zone. */
export function Place({ me }: { me: Me }) {
  const [baseCurrency, setBaseCurrency] = useState(me.baseCurrency)
  const [timeZone, setTimeZone] = useState(me.timeZone)
  const [saved, setSaved] = useState(false)
  const { send, pending, error, faults } = useSubmit(
    () => api.updateMe({ body: { baseCurrency, timeZone } }),
    () => setSaved(true),
  )
  const isChanged = baseCurrency !== me.baseCurrency || timeZone !== me.timeZone
  return (
    <section class="card">
      <h2>Currency and time zone</h2>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <CurrencyField
          label="Base currency"
          hint="What net worth and totals are told in. What is stored stays in its own currency."
          value={baseCurrency}
          fault={faults.get('baseCurrency')}
          onChange={(value) => {
            setBaseCurrency(value)
            setSaved(false)
          }}
        />
        <TimeZoneField
          label="Time zone"
          hint={`Decides on which day a transaction falls, and how times are shown. Transactions that are there keep their days; those that arrive from then on fall into days of the new zone.${timeIn(timeZone)}`}
          value={timeZone}
          fault={faults.get('timeZone')}
          onChange={(value) => {
            setTimeZone(value)
            setSaved(false)
          }}
        />
        {faults.size === 0 && <Problem error={error} />}
        {saved && !isChanged && <Notice kind="good">Saved.</Notice>}
        <div class="actions">
          <button type="submit" class="button primary" disabled={pending || !isChanged}>
            Save
          </button>
        </div>
      </form>
    </section>
  )
}

/** While it is typed it is the name of no zone. */
function timeIn(timeZone: string): string {
  try {
    return ` There it is ${formatInstant(new Date().toISOString(), timeZone)} now.`
  } catch {
    return ''
  }
}
