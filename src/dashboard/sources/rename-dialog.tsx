import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import type { Source } from '../queries.ts'
import { Field } from '../ui/field.tsx'
import { FormDialog } from '../ui/form-dialog.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import { keepSource } from './source-queries.ts'

export function RenameDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const [name, setName] = useState(source.name)
  const submit = useSubmit(
    async () => keepSource(await api.updateSource({ params: { id: source.id }, body: { name } })),
    onClose,
  )
  return (
    <FormDialog title="Rename the source" action="Rename" submit={submit} onClose={onClose}>
      <Field
        label="Name"
        required
        maxLength={100}
        autofocus
        value={name}
        fault={submit.faults.get('name')}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
    </FormDialog>
  )
}
