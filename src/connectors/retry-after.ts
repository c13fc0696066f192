/**
 * When a provider wants to be asked again: the Retry-After header, seconds or an HTTP date
 * (https://www.rfc-editor.org/rfc/rfc9110#name-retry-after). Undefined where there is none that can be read. No
 * earlier than `now` and no later than a day behind it, whatever the provider's clock says.
 */
export function retryAfter(header: string | null, now: Date): Date | undefined {
  const text = header?.trim() ?? ''
  // Whole seconds by the standard; some send fractions.
  const at = /^\d+(\.\d+)?$/.test(text) ? now.getTime() + Math.ceil(Number(text) * 1000) : httpDate(text)
  if (at === undefined) return undefined
  return new Date(Math.min(Math.max(at, now.getTime()), now.getTime() + 86_400_000))
}

function httpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
