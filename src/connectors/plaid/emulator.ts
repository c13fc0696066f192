import { type Context, Hono } from 'hono'
import { stringify } from 'lossless-json'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import type { WebhookRequest } from '../connector.ts'
import { createFaults } from '../emulator/faults.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld } from '../emulator/world.ts'
import { errorBody, type PlaidErrorCode } from './emulator-errors.ts'
import { decodeCursor, encodeCursor, readFeed } from './emulator-feed.ts'
import { renderAccount, renderItem, renderTransaction, typeOf } from './emulator-render.ts'
import { createSigner } from './emulator-signer.ts'

export interface PlaidEmulator extends EmulatedProvider {
  /** What Plaid Link hands out when an owner has signed in: good for one exchange. */
  createPublicToken(owner?: number): string
  /** A notification as Plaid sends it, signed at `at`, which is now unless told. */
  notify(notification: object, at?: Date): Promise<WebhookRequest>
  /** From now on notifications are signed with another key, and the one before is no longer in use. */
  retireKey(): void
}

interface Body {
  access_token?: string
  public_token?: string
  key_id?: string
  cursor?: string
  count?: number
}

/**
 * Plaid, API version 2020-09-14: what of it the connector speaks. Every Item sees the one world. Access tokens are
 * `access-sandbox-<owner>`, Items `item-<owner>`.
 */
export function createEmulator({ clock, pageSize = 500, limits = true }: EmulatorOptions): PlaidEmulator {
  const world = createWorld()
  const faults = createFaults()
  const traffic = countTraffic({
    clock,
    // Of /transactions/sync and an Item, which is met long before that of the client.
    limits: limits ? [{ max: 50, per: 60_000, kind: 'sliding' }] : [],
    scopeOf: async (request) => ((await request.clone().json()) as Body).access_token ?? '',
  })
  const settings = { clientId: 'emulated-client-id', secret: 'emulated-secret' }
  const publicTokens = new Map<string, number>()
  const signers = [createSigner(clock())]
  let acceptsCredentials = true

  let requests = 0
  const answer = (context: Context, body: object, status = 200) =>
    context.body(stringify({ ...body, request_id: `request${++requests}` })!, status as 200, {
      'content-type': 'application/json',
    })
  const refuse = (context: Context, code: PlaidErrorCode, status = 400) =>
    answer(context, errorBody(code), status)

  const app = new Hono<{ Variables: { reached: boolean } }>()
  app.use(async (context, next) => {
    await next()
    if (context.get('reached')) return
    // The limits' own answer, in Plaid's words.
    const { headers } = context.res
    context.res = undefined
    context.res = await refuse(context, 'TRANSACTIONS_LIMIT', 429)
    context.res.headers.set('retry-after', headers.get('retry-after') ?? '60')
  })
  app.use(traffic.middleware)
  app.use(async (context, next) => {
    context.set('reached', true)
    await next()
  })
  app.use(faults.middleware)

  app.use(async (context, next) => {
    const isKnown =
      context.req.header('plaid-client-id') === settings.clientId &&
      context.req.header('plaid-secret') === settings.secret
    if (!isKnown) return refuse(context, 'INVALID_API_KEYS')
    await next()
  })
  /** Answers for the Item whose access token the request bears. */
  const forItem = (path: string, respond: (context: Context, item: string, body: Body) => Response) =>
    app.post(path, async (context) => {
      const body = await context.req.json<Body>()
      const owner = /^access-sandbox-(\d+)$/.exec(body.access_token ?? '')?.[1]
      if (owner === undefined) return refuse(context, 'INVALID_ACCESS_TOKEN')
      if (!acceptsCredentials) return refuse(context, 'ITEM_LOGIN_REQUIRED')
      return respond(context, `item-${owner}`, body)
    })

  forItem('/accounts/get', (context, item) =>
    answer(context, {
      accounts: world.accounts().map((account) => renderAccount(world, account)),
      item: renderItem(item),
    }),
  )

  forItem('/transactions/sync', (context, item, { cursor = '', count = 100 }) => {
    if (!Number.isInteger(count) || count < 1 || count > 500) return refuse(context, 'INVALID_FIELD')
    const start = cursor === '' ? { item, from: 0 } : decodeCursor(cursor, item)
    if (!start) return refuse(context, 'INVALID_FIELD')
    const accounts = new Map(
      world
        .accounts()
        .filter(({ kind }) => typeOf(kind).type !== 'investment')
        .map((account) => [account.id, account]),
    )
    const events = world.events()
    const page = readFeed(events, start, Math.min(count, pageSize))
    if (!page) return refuse(context, 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION')
    const withTransactions = new Set(events.map(({ row }) => row.account))
    const supported = page.updates.filter(({ row }) => accounts.has(row.account))
    const render = (kind: string) =>
      supported
        .filter((update) => update.kind === kind)
        .map(({ row }) => renderTransaction(accounts.get(row.account)!, row))
    return answer(context, {
      transactions_update_status: 'HISTORICAL_UPDATE_COMPLETE',
      accounts: [...accounts.values()]
        .filter(({ id }) => withTransactions.has(id))
        .map((account) => renderAccount(world, account)),
      added: render('added'),
      modified: render('modified'),
      removed: supported
        .filter((update) => update.kind === 'removed')
        .map(({ row }) => ({ account_id: row.account, transaction_id: row.id })),
      next_cursor: encodeCursor(page.next),
      has_more: page.hasMore,
    })
  })

  app.post('/item/public_token/exchange', async (context) => {
    const { public_token = '' } = await context.req.json<Body>()
    const owner = publicTokens.get(public_token)
    if (owner === undefined) return refuse(context, 'INVALID_PUBLIC_TOKEN')
    publicTokens.delete(public_token)
    return answer(context, { access_token: `access-sandbox-${owner}`, item_id: `item-${owner}` })
  })

  app.post('/webhook_verification_key/get', async (context) => {
    const { key_id } = await context.req.json<Body>()
    const signer = signers.find(({ keyId }) => keyId === key_id)
    if (!signer) return refuse(context, 'INVALID_WEBHOOK_VERIFICATION_KEY_ID')
    return answer(context, { key: signer.publicKey() })
  })

  return {
    app: app as unknown as Hono,
    world,
    traffic,
    faults,
    connection: (url, owner = 0) => ({
      credentials: { accessToken: `access-sandbox-${owner}` },
      config: {},
      settings: { ...settings, baseUrl: url },
    }),
    refuseCredentials: () => {
      acceptsCredentials = false
    },
    // An account is in one currency, and what was only asked for (a payment request) is not told.
    rowFor: (row, account) => ({
      ...row,
      asset: account.asset,
      ...(row.status === 'requested' && { status: 'pending' }),
    }),
    createPublicToken(owner = 0) {
      const token = `public-sandbox-${publicTokens.size}-${owner}`
      publicTokens.set(token, owner)
      return token
    },
    notify: (notification, at = clock()) => signers.at(-1)!.sign(JSON.stringify(notification), at),
    retireKey() {
      signers.at(-1)!.retire(clock())
      signers.push(createSigner(clock()))
    },
  }
}
