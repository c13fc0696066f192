import { useEffect, useRef, useState } from 'preact/hooks'

/** Milliseconds without a keystroke after which what was typed counts. */
const pause = 300

/**
 * What is typed into a field whose value lives elsewhere: committed after a pause, on Enter or when the field is left.
 * Where the value changes by other ways (back, a chip that is removed), the field follows it.
 */
export function useDraft(
  value: string,
  commit: (typed: string) => string,
  show: (value: string) => string = (same) => same,
) {
  const [draft, setDraft] = useState(show(value))
  const committed = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>()
  const latest = useRef({ draft, commit })
  latest.current = { draft, commit }
  useEffect(() => {
    if (value === committed.current) return
    clearTimeout(timer.current)
    timer.current = undefined
    committed.current = value
    setDraft(show(value))
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  function flush() {
    if (timer.current === undefined) return
    clearTimeout(timer.current)
    timer.current = undefined
    committed.current = latest.current.commit(latest.current.draft)
  }
  return {
    value: draft,
    onInput({ currentTarget }: { currentTarget: HTMLInputElement }) {
      latest.current.draft = currentTarget.value
      setDraft(currentTarget.value)
      clearTimeout(timer.current)
      timer.current = setTimeout(flush, pause)
    },
    onBlur: flush,
    onKeyDown: ({ key }: KeyboardEvent) => key === 'Enter' && flush(),
  }
}
