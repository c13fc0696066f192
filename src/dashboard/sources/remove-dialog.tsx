import { useState } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import { api } from '../api.ts'
import type { Source } from '../queries.ts'
import { Confirm } from '../ui/confirm.tsx'
import { forgetSource } from './source-queries.ts'
import { isOwn, nameOf } from './source-state.ts'

/** Removal, with what it brought or without. What has no connection to end can only go with what it holds. */
export function RemoveDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const [, go] = useLocation()
  const [history, setHistory] = useState<'keep' | 'remove'>(isOwn(source) ? 'remove' : 'keep')
  return (
    <Confirm
      title={`Remove ${nameOf(source)}`}
      action={history === 'keep' ? 'Remove the connection' : 'Remove it with its history'}
      onClose={onClose}
      run={async () => {
        await api.deleteSource({ params: { id: source.id }, query: { history } })
        go('/sources')
        forgetSource(source.id)
      }}
    >
      {isOwn(source) ? (
        <p>
          Its accounts go with all their transactions, from your net worth of the past, too. This cannot be
          taken back.
        </p>
      ) : (
        <fieldset class="source-choice">
          <legend class="visually-hidden">What becomes of its history</legend>
          <Choice
            label="Keep its history"
            hint="It is synced no more and its credentials are deleted. Its accounts and transactions stay, and count in your net worth as they are now."
            checked={history === 'keep'}
            onChoose={() => setHistory('keep')}
          />
          <Choice
            label="Remove its history, too"
            hint="Its accounts go with all their transactions, from your net worth of the past, too. This cannot be taken back."
            checked={history === 'remove'}
            onChoose={() => setHistory('remove')}
          />
        </fieldset>
      )}
    </Confirm>
  )
}

function Choice({
  label,
  hint,
  checked,
  onChoose,
}: {
  label: string
  hint: string
  checked: boolean
  onChoose: () => void
}) {
  return (
    <label>
      <input type="radio" name="history" checked={checked} onChange={onChoose} />
      <span>{label}</span>
      <span class="hint">{hint}</span>
    </label>
  )
}
