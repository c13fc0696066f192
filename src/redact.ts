import { censored, isSecretName, redactText } from './redact-text.ts'

/**
 * Takes secrets out of what is logged, stored or shown: by the names they stand under, out of addresses, and where a
 * text says what they are. It does not know a secret that stands alone: tell it with `known`.
 */

const deepest = 8
const longest = 1000
const mostObjects = 5000

/**
 * A copy that is plain data. Errors become objects with their causes. `known`: secrets as they are, or data with
 * nothing but secrets in it (credentials); wherever one of their texts stands, it is taken out.
 */
export function redact(value: unknown, known?: unknown): unknown {
  const secrets = textsIn(known)
  return copy(value, { text: (text) => redactText(text, secrets), left: mostObjects, above: [] })
}

/** A message without secrets, to store or to show: that of an error, with those of its causes. */
export function redactMessage(error: unknown, known?: unknown): string {
  const messages: string[] = []
  for (let each = error; each !== undefined && each !== null && messages.length < deepest; ) {
    const message = each instanceof Error ? each.message : String(each)
    if (message !== '' && !messages.some((said) => said.includes(message))) messages.push(message)
    each = each instanceof Error ? each.cause : undefined
  }
  return redactText(messages.join(': '), textsIn(known))
}

interface Copying {
  text: (text: string) => string
  /** Values that may still be looked at: a socket that was logged holds half of the process. */
  left: number
  /** The objects that the present one lies in. */
  above: object[]
}

function copy(value: unknown, copying: Copying): unknown {
  if (typeof value === 'string') return copying.text(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (copying.above.includes(value)) return '[circular]'
  if (copying.above.length === deepest || --copying.left < 0) return '[more]'
  copying.above.push(value)
  try {
    return copyObject(value, copying)
  } catch {
    // A getter or toJSON that throws must not take the log line with it.
    return '[unreadable]'
  } finally {
    copying.above.pop()
  }
}

function copyObject(value: object, copying: Copying): unknown {
  if (value instanceof Error) return copyError(value, copying)
  if (value instanceof URL) return copying.text(value.href)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (Array.isArray(value) || value instanceof Set) return copyList([...value], copying)
  if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
    const entries = [...value] as [unknown, unknown][]
    return copyEntries(
      entries.map(([name, entry]) => [String(name), entry]),
      copying,
    )
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), copying)
  return copyEntries(Object.entries(value), copying)
}

function copyEntries(entries: [string, unknown][], copying: Copying): Record<string, unknown> {
  // { name: 'authorization', value: '…' }
  const named = entries.some(
    ([name, value]) =>
      /^(name|key|header|field)$/i.test(name) && typeof value === 'string' && isSecretName(value),
  )
  return Object.fromEntries(
    entries.slice(0, longest).map(([name, value]) => {
      const secret = isSecretName(name) || (named && name.toLowerCase() === 'value')
      return [copying.text(name), secret ? censor(value) : copy(value, copying)]
    }),
  )
}

/** Lists of headers alternate names and values, or hold pairs of them. */
function copyList(values: unknown[], copying: Copying): unknown[] {
  return values.slice(0, longest).map((value, index) => {
    const before = index > 0 ? values[index - 1] : undefined
    return typeof before === 'string' && isSecretName(before) ? censor(value) : copy(value, copying)
  })
}

function censor(value: unknown): unknown {
  return value === undefined || value === null || typeof value === 'boolean' ? value : censored
}

function copyError(error: Error, copying: Copying): Record<string, unknown> {
  const { message, stack, cause } = error
  const own = Object.entries(error).filter(
    ([name]) => !['message', 'stack', 'cause', 'errors'].includes(name),
  )
  return {
    type: error.constructor.name,
    message: copying.text(String(message)),
    ...(stack !== undefined && { stack: copying.text(String(stack)) }),
    ...copyEntries(own, copying),
    ...(cause !== undefined && { cause: copy(cause, copying) }),
    ...(error instanceof AggregateError && { errors: copy(error.errors, copying) }),
  }
}

/** The texts that are long enough not to be met by chance; the longest first, as one may hold another. */
function textsIn(known: unknown): string[] {
  const texts = new Set<string>()
  const look = (value: unknown, depth: number): void => {
    if (typeof value === 'string' && value.length >= 6) texts.add(value).add(encodeURIComponent(value))
    else if (typeof value === 'object' && value !== null && depth < deepest)
      for (const each of Object.values(value)) look(each, depth + 1)
  }
  look(known, 0)
  return [...texts].sort((a, b) => b.length - a.length)
}
