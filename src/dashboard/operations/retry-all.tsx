import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { counted, formatCount } from '../format/counts.ts'
import { isProblem } from '../problem-text.ts'
import { Problem } from '../ui/notice.tsx'
import { useSubmit } from '../ui/use-submit.ts'
import type { DeadLetter } from './queries.ts'

/** One after the other: each is a request of its own, and the first that fails ends it. */
export function RetryAll({
  letters,
  onSettled,
}: {
  letters: DeadLetter[]
  onSettled: (sentence: string) => void
}) {
  const [progress, setProgress] = useState('')
  const { send, pending, error } = useSubmit(async () => {
    let queued = 0
    for (const [index, { id }] of letters.entries()) {
      setProgress(`${formatCount(index + 1)} of ${formatCount(letters.length)}`)
      queued += await retry(id)
    }
    onSettled(`${counted(queued, 'dead letter is', 'dead letters are')} queued: a worker runs them again.`)
  })
  // What is said of a retry that broke off stays, though the list is shorter by then.
  if (letters.length < 2 && !pending && !error) return null
  return (
    <>
      <button type="button" class="button small" disabled={pending} onClick={() => send()}>
        {pending ? `Queueing ${progress}` : `Retry all ${formatCount(letters.length)} shown`}
      </button>
      <Problem error={error} />
    </>
  )
}

/** How many were queued: none where somebody else settled it meanwhile. */
async function retry(id: string): Promise<number> {
  try {
    await api.retryDeadLetter({ params: { id } })
    return 1
  } catch (error) {
    if (isProblem(error, 'conflict') || isProblem(error, 'not-found')) return 0
    throw error
  }
}
