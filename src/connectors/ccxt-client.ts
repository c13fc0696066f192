import { errorOfCcxt } from './ccxt-errors.ts'
import { createMarketCache } from './ccxt-markets.ts'
import { type CcxtExchange, type CcxtModule, loadCcxtExchange } from './ccxt-module.ts'
import { ConnectorBugError, RateLimitedError, ReauthError, TransientError } from './errors.ts'
import type { HttpClient, HttpResponse } from './http-client.ts'
import { decimalOfNumber, parseExactJson } from './json.ts'
import { retryAfter } from './retry-after.ts'

export interface CcxtOptions {
  /** ccxt's id of the exchange. */
  id: string
  /** A proxy or an emulator in place of the exchange's own hosts. */
  baseUrl?: string | undefined
  credentials?: { apiKey: string; secret: string; password?: string | undefined }
  http: HttpClient
  clock: () => Date
}

export interface CcxtClient {
  exchange: CcxtExchange
  /** One call after another, as the nonce demands. What it throws is one of our errors, without anything secret. */
  call<Answer>(ask: (exchange: CcxtExchange) => Promise<Answer>): Promise<Answer>
}

/** An answer that lists every market of an exchange; Binance's is some 20 MB. */
const maxBytes = 64 * 1024 * 1024

/**
 * Opens exchanges through ccxt, which signs and parses; every request goes through our own client with its limits.
 * Quantities are texts from the answer to the row. Markets and the last nonce are shared by all that one opener opens.
 */
export function createCcxtOpener(): (options: CcxtOptions) => Promise<CcxtClient> {
  const markets = createMarketCache()
  let lastNonce = 0

  return async ({ id, baseUrl, credentials, http, clock }) => {
    const module = await loadCcxtExchange(id)

    const open = (settings: object): CcxtClient => {
      const exchange = new module.Exchange({
        enableRateLimit: false,
        userAgent: 'Tidemark',
        // Ours is the HttpClient's; a request may wait long for its turn.
        timeout: 3_600_000,
        ...settings,
      })
      if (baseUrl !== undefined) exchange.urls.api = withBase(exchange.urls.api, baseUrl)
      // Of Binance, only the spot market; of each request, the longest validity there is, as it may wait for its turn.
      if (id === 'binance') Object.assign(exchange.options, { fetchMarkets: ['spot'], recvWindow: 60_000 })
      exchange.milliseconds = () => clock().getTime()
      exchange.seconds = () => Math.floor(clock().getTime() / 1000)
      if (id === 'kraken') {
        // A wrong secret, which ccxt does not know by name.
        exchange.exceptions.exact['EAPI:Invalid signature'] = module.errors.AuthenticationError
        const ownNonce = exchange.nonce.bind(exchange)
        // It has to rise within one millisecond, too, and when the clock is set back. Others' is only a time.
        exchange.nonce = () => {
          lastNonce = Math.max(lastNonce + 1, ownNonce())
          return lastNonce
        }
      }
      const ownSign = exchange.sign.bind(exchange)
      exchange.sign = (...request) => {
        try {
          return ownSign(...request)
        } catch (error) {
          if (error instanceof module.errors.BaseError) throw error
          throw new ReauthError(
            `the secret is none that ${exchange.name} gives: nothing can be signed with it`,
          )
        }
      }
      return { exchange, call: createCalls(exchange, module, http, clock) }
    }

    const client = open(credentials ?? {})
    Object.assign(client.exchange, exactNumbers)
    client.exchange.parseJson = (text) => wholeAnswer(text, parseExactJson, client.exchange)
    await markets.provide(client.exchange, `${id} ${baseUrl ?? ''}`, clock().getTime(), async () => {
      const source = open({})
      source.exchange.parseJson = (text) => wholeAnswer(text, parseMarkets, source.exchange)
      // Leaves out what would double the size of Binance's answer; other exchanges are not told of it.
      const params = id === 'binance' ? { showPermissionSets: 'false' } : {}
      await source.call((exchange) => exchange.loadMarkets(false, params))
      if (Object.keys(source.exchange.markets ?? {}).length === 0)
        throw new ConnectorBugError(`${source.exchange.name} lists no market at all`)
      return source.exchange
    })
    return client
  }
}

/** Every number of an answer stays the text that it was written as. ccxt's own parsing loses digits. */
const exactNumbers: Pick<CcxtExchange, 'number' | 'parseNumber'> = {
  number: String,
  parseNumber: (value, otherwise) =>
    value === undefined || value === null ? otherwise : (decimalOfNumber(String(value)) ?? String(value)),
}

function createCalls(
  exchange: CcxtExchange,
  module: CcxtModule,
  http: HttpClient,
  clock: () => Date,
): CcxtClient['call'] {
  /** What our own client threw inside of ccxt, which would wrap some of it. */
  let failures: unknown[] = []
  let turn: Promise<unknown> = Promise.resolve()
  const errorOf = (error: unknown) => errorOfCcxt(error, exchange.name, module.errors)

  exchange.fetchImplementation = async (url, { method, headers, body }) => {
    const host = new URL(url).host
    /** What the exchange writes into a failed answer tells more than its status. */
    const tell = (response: HttpResponse) => {
      const { status } = response
      const wait = retryAfter(response.headers.get('retry-after'), clock())
      // A firewall before the exchange, which lets one in again (Binance: "WAF limit", IP bans). The connector stands
      // for many exchanges: what one of them refuses holds for its own connections.
      const blocked = new RateLimitedError(`${host} answered ${status}`, wait, { scope: 'connection' })
      try {
        const parsed = parsedOrNot(response.text)
        exchange.handleErrors(status, '', url, method, {}, response.text, parsed, {}, undefined)
      } catch (error) {
        const told = errorOf(error)
        if (told instanceof RateLimitedError) return blocked
        // An error that nobody knows: its status says more.
        return status >= 500 && told.name === 'ConnectorBugError' ? undefined : told
      }
      return status === 403 || status === 418 || status === 429 ? blocked : undefined
    }
    try {
      const response = await http.request(url, {
        method,
        headers,
        ...(body !== undefined && { body }),
        maxBytes,
        errorOf: tell,
      })
      const { status, text } = response
      return { status, statusText: '', headers: response.headers, text: async () => text }
    } catch (error) {
      failures.push(error)
      throw error
    }
  }

  return (ask) => {
    const run = async () => {
      failures = []
      // Binance's "invalid key" would be taken for a rate limit after the first call that went well.
      exchange.options.hasAlreadyAuthenticatedSuccessfully = false
      try {
        return await ask(exchange)
      } catch (error) {
        throw failures.length > 0 ? failures[0] : errorOf(error)
      }
    }
    const answer = turn.then(run)
    turn = answer.catch(() => {})
    return answer
  }
}

/** The rules for orders, which hold no lists themselves, are most of what Binance tells of a market. */
function parseMarkets(text: string): unknown {
  return JSON.parse(text.replace(/"filters":\[[^[\]]*\]/g, '"filters":[]'))
}

/** ccxt itself takes half of an answer, or one without its parts, for an empty one. */
function wholeAnswer(text: string, parse: (text: string) => unknown, { id, name }: CcxtExchange): unknown {
  let answer: unknown
  try {
    answer = parse(text)
  } catch {
    throw new TransientError(`the answer of ${name} is not whole JSON`)
  }
  const parts = answer as { error?: unknown; result?: unknown } | null
  // Every answer of Kraken's is errors or a result (https://docs.kraken.com/api/docs/guides/spot-rest-intro).
  if (
    id === 'kraken' &&
    parts?.result === undefined &&
    !(Array.isArray(parts?.error) && parts.error.length > 0)
  )
    throw new ConnectorBugError(`the answer of ${name} has neither a result nor an error`)
  return answer
}

function parsedOrNot(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** ccxt's addresses are texts in a tree by kind of API; their paths stay. */
function withBase(urls: unknown, base: string): unknown {
  if (typeof urls === 'string') return urls.replace(/^https?:\/\/[^/]+/, base.replace(/\/+$/, ''))
  if (urls === null || typeof urls !== 'object') return urls
  return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, withBase(value, base)]))
}
