import {
  ConnectorBugError,
  PaymentError,
  RateLimitedError,
  ReauthError,
  RevokedError,
  TransientError,
} from './errors.ts'
import { parseExactJson } from './json.ts'
import { retryAfter } from './retry-after.ts'

/** Milliseconds after which a request without an answer is given up. */
export const requestTimeout = 30_000
/**
 * Milliseconds that a slot under way counts as used beyond its request's timeout, whether or not its process lives: the
 * request has to begin within them.
 */
export const longestStart = 5_000

export interface HttpRequest {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Counts against limits of scope `account`. */
  account?: string
  /** Bytes of the body beyond which the answer is refused; 32 MiB unless told. */
  maxBytes?: number
  /** Tells a failed answer by what the provider writes into it; undefined leaves it to its status. */
  errorOf?: (response: HttpResponse) => Error | undefined
}

export interface HttpResponse {
  status: number
  headers: Headers
  text: string
  /** Numbers are the texts that they were written as. Throws a TransientError where the body is not whole JSON. */
  json(): unknown
}

/**
 * How connectors reach their provider. Each request waits for its turn in the provider's limits. Resolves with a
 * successful answer, read to its end; throws a typed error for any other: no answer, 429, 401, 5xx, a body too large.
 */
export interface HttpClient {
  request(url: string | URL, request?: HttpRequest): Promise<HttpResponse>
}

/** The way into the provider's limits. */
export interface RequestGate {
  /**
   * Resolves when the request may be made, to what tells that it was answered. Its slot counts from then on, since
   * nobody knows when in between the provider counted it.
   */
  enter(account: string | undefined): Promise<(outcome: RequestOutcome) => Promise<void>>
}

export interface RequestOutcome {
  rateLimited: boolean
  pausedUntil?: Date | undefined
  /** What was limited, where the provider told. */
  scope?: 'client' | 'connection' | undefined
}

export interface HttpClientOptions {
  /** From src/connectors/transport.ts, which refuses private addresses. */
  fetch: typeof globalThis.fetch
  gate: RequestGate
  clock: () => Date
  signal: AbortSignal
  /** Milliseconds for the whole of an answer; `requestTimeout` unless told. */
  timeout?: number
}

export function createHttpClient({
  fetch,
  gate,
  clock,
  signal,
  timeout = requestTimeout,
}: HttpClientOptions): HttpClient {
  async function ask(url: URL, request: HttpRequest): Promise<HttpResponse> {
    const deadline = AbortSignal.timeout(timeout)
    try {
      const response = await fetch(url, {
        method: request.method ?? 'GET',
        headers: request.headers ?? {},
        ...(request.body !== undefined && { body: request.body }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, deadline]),
      })
      const text = await readBody(response, request.maxBytes ?? 32 * 1024 * 1024).catch((error) => {
        // Of a failed answer the status says what it means, also where its text broke off.
        if (response.ok || signal.aborted) throw error
        return ''
      })
      return { status: response.status, headers: response.headers, text, json: () => asJson(text, url) }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof TidemarkFault) throw error.fault
      if (deadline.aborted)
        throw new TransientError(`${url.host} did not answer within ${timeout / 1000} s`, { cause: error })
      throw networkFault(url, error)
    }
  }

  return {
    async request(address, request = {}) {
      const url = addressOf(address)
      signal.throwIfAborted()
      const leave = await gate.enter(request.account)
      let limited: RateLimitedError | undefined
      try {
        const response = await ask(url, request)
        if (response.status >= 200 && response.status < 300) return response
        const error = request.errorOf?.(response) ?? errorOf(response, url, clock())
        if (error instanceof RateLimitedError) limited = error
        throw error
      } finally {
        await leave({
          rateLimited: limited !== undefined,
          pausedUntil: limited?.retryAt,
          ...(limited?.scope && { scope: limited.scope }),
        })
      }
    },
  }
}

/** Neither what is wrong with an address nor its cause may tell it: both are logged. */
function addressOf(address: string | URL): URL {
  if (!URL.canParse(String(address))) throw new ConnectorBugError('the address of the provider is none')
  const url = new URL(address)
  if (url.username !== '' || url.password !== '')
    throw new ConnectorBugError(`the address of ${url.host} carries credentials, which belong into a header`)
  return url
}

/** What an answer means by its status alone. The address is told without its path and query, which may be secret. */
export function errorOf(response: Pick<HttpResponse, 'status' | 'headers'>, url: URL, now: Date): Error {
  const { status, headers } = response
  const said = `${url.host} answered ${status}`
  if (status === 429) return new RateLimitedError(said, retryAfter(headers.get('retry-after'), now))
  if (status === 401) return new ReauthError(`${said}: the credentials are not accepted`)
  if (status === 402) return new PaymentError(`${said}: it wants to be paid`)
  if (status === 403) return new RevokedError(`${said}: it refuses access`)
  if (status === 503) {
    const until = retryAfter(headers.get('retry-after'), now)
    return until ? new RateLimitedError(said, until) : new TransientError(said)
  }
  if (status === 408 || status === 425 || status >= 500) return new TransientError(said)
  return new ConnectorBugError(`${said}, which the connector does not expect`)
}

/** Passes the catch-all of a request. */
class TidemarkFault extends Error {
  readonly fault: Error
  constructor(fault: Error) {
    super(fault.message)
    this.fault = fault
  }
}

async function readBody(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes)
      throw new TidemarkFault(new ConnectorBugError(`the answer is larger than ${maxBytes} bytes`))
    chunks.push(chunk)
  }
  // Leaves a byte order mark out, which no JSON parser takes.
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function asJson(text: string, url: URL): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    throw new TransientError(`the answer of ${url.host} is not whole JSON`, { cause: error })
  }
}

function networkFault(url: URL, error: unknown): Error {
  // fetch hides the fault behind a TypeError; our own refusals lie there, too.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof ConnectorBugError) return cause
  // Of a header that HTTP does not take, the message tells the value.
  if (cause instanceof TypeError && !('code' in cause))
    return new ConnectorBugError(`the request to ${url.host} is none that can be sent`)
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return new TransientError(
    `${url.host} could not be reached or broke off${code === '' ? '' : ` (${code})`}`,
    { cause: error },
  )
}
