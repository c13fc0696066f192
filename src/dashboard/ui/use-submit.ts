import { useEffect, useRef, useState } from 'preact/hooks'
import { type FieldFault, faultsOf } from '../problem-text.ts'
import { refreshEverything } from '../queries.ts'
import { tellLateFault } from './late-fault.tsx'

export interface Submit<Given> {
  /** Resolves to whether it succeeded. One at a time: a second call while one is under way does nothing. */
  send(given: Given): Promise<boolean>
  pending: boolean
  /** What went wrong the last time; undefined where nothing did. */
  error: unknown
  /** What is wrong with which field, by its name. */
  faults: Map<FieldFault['field'], string>
  reset(): void
}

/** A write: sent once, everything on the page read again behind it, its faults told beside the fields. */
export function useSubmit<Given = void>(
  write: (given: Given) => Promise<unknown>,
  onDone?: () => void,
): Submit<Given> {
  const [state, setState] = useState<{ pending: boolean; error: unknown }>({
    pending: false,
    error: undefined,
  })
  const busy = useRef(false)
  const isGone = useRef(false)
  useEffect(
    () => () => {
      isGone.current = true
    },
    [],
  )
  return {
    ...state,
    faults: faultsOf(state.error),
    reset: () => setState({ pending: false, error: undefined }),
    async send(given) {
      if (busy.current) return false
      busy.current = true
      setState({ pending: true, error: undefined })
      try {
        await write(given)
        setState({ pending: false, error: undefined })
        // Whoever closed it meanwhile is somewhere else, and stays there.
        if (!isGone.current) onDone?.()
        // Once the page is without what was removed: nothing asks for that again.
        setTimeout(refreshEverything)
        return true
      } catch (error) {
        setState({ pending: false, error })
        if (isGone.current) tellLateFault(error)
        return false
      } finally {
        busy.current = false
      }
    },
  }
}
