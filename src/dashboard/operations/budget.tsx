import { counted, formatCount, formatSpan } from '../format/counts.ts'
import type { Provider } from './queries.ts'

/** What is used of the requests that a provider allows in a window. */
export function Budget({ used, max, per }: Provider['budgets'][number]) {
  const isUsedUp = used >= max
  return (
    <li>
      <span>
        {formatCount(used)} of {counted(max, 'request')} in {formatSpan(per)}
        {isUsedUp && <strong class="ops-used-up"> used up</strong>}
      </span>
      <span class="ops-bar" aria-hidden="true">
        <span
          class={isUsedUp ? 'ops-full' : undefined}
          style={{ width: `${Math.min(100, (used / max) * 100)}%` }}
        />
      </span>
    </li>
  )
}
