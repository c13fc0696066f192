import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import type { Source } from '../queries.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { keepSource } from './source-queries.ts'

export function RenameDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const [name, setName] = useState(source.name)
  const { send, pending, error, faults } = useSubmit(
    async () => keepSource(await api.updateSource({ params: { id: source.id }, body: { name } })),
    onClose,
  )
  return (
    <Dialog title="Rename the source" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field
          label="Name"
          required
          maxLength={100}
          autofocus
          value={name}
          fault={faults.get('name')}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
        {faults.size === 0 && <Problem error={error} />}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" aria-disabled={pending}>
            Rename
          </button>
        </div>
      </form>
    </Dialog>
  )
}
