import type { PlaidApi } from 'plaid'
import type { z } from 'zod'
import { RefusedError } from '../../errors.ts'
import { ConnectorBugError } from '../errors.ts'
import type { HttpClient, HttpResponse } from '../http-client.ts'
import { errorOfAnswer, readError } from './errors.ts'
import type { PlaidSettings } from './settings.ts'
import { accountsAnswer, exchangeAnswer, type SyncAnswer, syncAnswer, verificationKeyAnswer } from './wire.ts'

export interface PlaidClient {
  exchangePublicToken(publicToken: string): Promise<z.infer<typeof exchangeAnswer>>
  accounts(accessToken: string): Promise<z.infer<typeof accountsAnswer>>
  /** One page; from the first transaction of the Item where the cursor is null. */
  transactions(accessToken: string, cursor: string | null): Promise<SyncAnswer>
  /** Throws a RefusedError where Plaid knows no such key. */
  verificationKey(keyId: string): Promise<z.infer<typeof verificationKeyAnswer>['key']>
}

/** Transaction updates of one page; Plaid gives no more. */
const pageRows = 500
/** Days; Plaid gives no more. Only heeded where the Item was made without the Transactions product. */
const daysRequested = 730

/** Plaid's own SDK, each request of which goes through `http`. */
export function createPlaidClient({
  settings,
  http,
  clock,
}: {
  settings: PlaidSettings
  http: HttpClient
  clock: () => Date
}): PlaidClient {
  /**
   * Imported with the first request: the SDK is one file of 9.7 MB for all of Plaid's products, and costs 85 MB of
   * resident memory (30 MB of heap) and a third of a second (plaid 47.0.0, Node 20). A process that only needs the
   * manifest does not pay it.
   */
  async function connect(errorOf: (response: HttpResponse) => Error | undefined): Promise<PlaidApi> {
    const { Configuration, PlaidApi } = await import('plaid')
    return new PlaidApi(
      new Configuration({
        basePath: settings.baseUrl.replace(/\/+$/, ''),
        baseOptions: {
          headers: {
            'PLAID-CLIENT-ID': settings.clientId,
            'PLAID-SECRET': settings.secret,
            'Plaid-Version': '2020-09-14',
          },
          adapter: adaptAxios(http, errorOf),
          // The adapter has read the answer, with amounts as they were written.
          transformResponse: (data: unknown) => data,
        },
      }),
    )
  }
  const errorOf = (response: HttpResponse) => errorOfAnswer(response, { now: clock(), sentCursor: false })

  return {
    async exchangePublicToken(publicToken) {
      const api = await connect(errorOf)
      const { data } = await api.itemPublicTokenExchange({ public_token: publicToken })
      return read(exchangeAnswer, data)
    },
    async accounts(accessToken) {
      const api = await connect(errorOf)
      const { data } = await api.accountsGet({ access_token: accessToken })
      return read(accountsAnswer, data)
    },
    async transactions(accessToken, cursor) {
      const api = await connect((response) =>
        errorOfAnswer(response, { now: clock(), sentCursor: cursor !== null }),
      )
      const { data } = await api.transactionsSync({
        access_token: accessToken,
        count: pageRows,
        ...(cursor === null ? { options: { days_requested: daysRequested } } : { cursor }),
      })
      return read(syncAnswer, data)
    },
    async verificationKey(keyId) {
      const api = await connect((response) =>
        readError(response.text)?.error_code === 'INVALID_WEBHOOK_VERIFICATION_KEY_ID'
          ? new RefusedError('the key that the notification names is not one of Plaid’s')
          : errorOf(response),
      )
      const { data } = await api.webhookVerificationKeyGet({ key_id: keyId })
      return read(verificationKeyAnswer, data).key
    },
  }
}

/** As much of an axios request as an adapter needs (https://axios-http.com/docs/req_config). */
interface AxiosRequest {
  url: string
  method: string
  data?: string
  headers: { toJSON(): Record<string, unknown> }
}

/**
 * An axios adapter: limits, timeouts, the check of addresses and the typed errors of `http` hold for what the SDK
 * asks. Its errors carry no axios request, in which the platform's secret stands.
 */
function adaptAxios(http: HttpClient, errorOf: (response: HttpResponse) => Error | undefined) {
  return async (request: AxiosRequest) => {
    const headers = Object.entries(request.headers.toJSON()).map(([name, value]) => [name, String(value)])
    const response = await http.request(request.url, {
      method: request.method.toUpperCase(),
      headers: Object.fromEntries(headers),
      ...(request.data !== undefined && { body: request.data }),
      errorOf,
    })
    const { status } = response
    return { data: response.json(), status, statusText: '', headers: {}, config: request }
  }
}

/** The SDK's types are not what it hands out: nothing has checked them, and numbers are texts here. */
function read<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new ConnectorBugError(`Plaid's answer is not what its API says (${where || 'all of it'})`)
}
