import { useRef } from 'preact/hooks'
import { idempotencyKey } from '../idempotency-key.ts'

/** Keys for requests that may be sent again (Idempotency-Key): the same content has the same one. */
export function useRequestKey(): (content: unknown) => string {
  const last = useRef({ text: '', key: '' })
  return (content) => {
    const text = JSON.stringify(content)
    if (last.current.text !== text) last.current = { text, key: idempotencyKey() }
    return last.current.key
  }
}
