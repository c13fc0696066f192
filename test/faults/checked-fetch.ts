import { type Counts, createCounts } from './tell.ts'

/** Milliseconds after which an answer is taken to never come. */
const longestAnswer = 30_000

export interface CheckedFetch {
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** What was answered that no server may answer, whatever has gone wrong behind it. */
  breaches: string[]
  /** Refusals by their type, answers that did not come by their name. */
  problems: Counts
  /** Milliseconds of the slowest answer. */
  slowest(): number
}

/** fetch, which holds every refusal against the contract: a typed problem, with Retry-After where it says "later". */
export function createCheckedFetch(): CheckedFetch {
  const breaches: string[] = []
  const problems = createCounts()
  let slowest = 0
  return {
    breaches,
    problems,
    slowest: () => slowest,
    async fetch(url, init) {
      const begin = performance.now()
      const asked = `${init.method} ${new URL(url).pathname}`
      try {
        const response = await fetch(url, { ...init, signal: AbortSignal.timeout(longestAnswer) })
        const { status, headers } = response
        if (status >= 400) {
          const text = await response.clone().text()
          const type = typeOf(text)
          problems.add(type ?? `untyped ${status}`)
          const told = `${asked}: ${status} ${text.slice(0, 200)}`
          if (type === undefined || headers.get('content-type') !== 'application/problem+json')
            breaches.push(`no problem: ${told}`)
          if (status >= 500 && status !== 503) breaches.push(`a fault of the server’s own: ${told}`)
          if (status === 503 && !(Number(headers.get('retry-after')) > 0))
            breaches.push(`no Retry-After: ${told}`)
        }
        return response
      } catch (error) {
        const { name } = error as Error
        problems.add(name)
        breaches.push(
          `${name === 'TimeoutError' ? 'no answer' : 'broken off'}: ${asked}: ${(error as Error).message} ` +
            String((error as Error).cause ?? ''),
        )
        throw error
      } finally {
        slowest = Math.max(slowest, performance.now() - begin)
      }
    },
  }
}

function typeOf(text: string): string | undefined {
  try {
    return /^urn:tidemark:problem:(.+)$/.exec(JSON.parse(text).type)?.[1]
  } catch {
    return undefined
  }
}
