import { endedBecause } from '../session/session.ts'
import { Notice } from '../ui/notice.tsx'
import { Gate } from './gate.tsx'
import { KeyForm } from './key-form.tsx'

/** For the page of operations, instead of a log-in. */
export function OperatorKeyForm({ onBack }: { onBack: () => void }) {
  return (
    <Gate title="Operations">
      {endedBecause.value && <Notice kind="warning">{endedBecause.value}</Notice>}
      <KeyForm />
      <button type="button" class="button small" onClick={onBack}>
        Log in instead
      </button>
    </Gate>
  )
}
