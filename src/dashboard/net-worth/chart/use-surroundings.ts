import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** The element's width in CSS pixels, 0 before it is known. */
export function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    if (element.current) observer.observe(element.current.parentElement!)
    return () => observer.disconnect()
  }, [element])
  return width
}

/** Whether the system prefers dark, now. */
export function useDarkScheme(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [matches, setMatches] = useState(query.matches)
  useEffect(() => {
    const change = () => setMatches(query.matches)
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [query])
  return matches
}
