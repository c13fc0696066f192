import { useRef } from 'preact/hooks'

/** Keys for requests that may be sent again (Idempotency-Key): the same content has the same one. */
export function useRequestKey(): (content: unknown) => string {
  const last = useRef({ text: '', key: '' })
  return (content) => {
    const text = JSON.stringify(content)
    if (last.current.text !== text) last.current = { text, key: randomKey() }
    return last.current.key
  }
}

/** crypto.randomUUID is there on https and on this machine alone. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-')
}
