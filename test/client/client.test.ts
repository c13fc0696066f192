import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { ApiProblem, type Client, createClient } from '../../src/client/client.ts'

/** What arrived of a call. */
interface Arrived {
  method: string
  url: URL
  headers: Headers
  body: string
}

/** A client of a server that answers everything in one way, and what arrives there. */
function clientOf(answer: () => Response, baseUrl = 'http://127.0.0.1:8080') {
  const arrived: Arrived[] = []
  const app = new Hono()
  app.all('*', async (c) => {
    const { method, url, headers } = c.req.raw
    arrived.push({ method, url: new URL(url), headers, body: await c.req.text() })
    return answer()
  })
  const client = createClient({
    baseUrl,
    token: async () => 'a-token',
    fetch: (url, init) => app.request(url, init),
  })
  return { client, arrived }
}

const ok = () => Response.json({})

async function refusalOf(call: Promise<unknown>): Promise<ApiProblem> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ApiProblem)) throw new Error(`no problem was thrown, but ${error}`)
  return error
}

test('a call is a request with the token, the fields of the query and a body of JSON', async () => {
  const { client, arrived } = clientOf(ok, 'http://127.0.0.1:8080/api/')
  await client.listTransactions({ query: { limit: 10, q: 'a&b=ü', kind: undefined as never } })
  await client.createTransaction({ body: { accountId: '1', amount: '-3.20' }, idempotencyKey: 'k-1' })
  const [list, create] = arrived as [Arrived, Arrived]
  expect([list.method, list.url.pathname]).toEqual(['GET', '/api/v1/transactions'])
  expect(Object.fromEntries(list.url.searchParams)).toEqual({ limit: '10', q: 'a&b=ü' })
  expect(list.headers.get('authorization')).toBe('Bearer a-token')
  expect(list.headers.get('content-type')).toBeNull()
  expect([create.method, create.url.pathname]).toEqual(['POST', '/api/v1/transactions'])
  expect(create.headers.get('content-type')).toBe('application/json')
  expect(create.headers.get('idempotency-key')).toBe('k-1')
  expect(JSON.parse(create.body)).toEqual({ accountId: '1', amount: '-3.20' })
})

test('a file goes out as it is, under the type that is given', async () => {
  const { client, arrived } = clientOf(ok)
  const body = 'account,date,amount\nA,2024-06-02,5\n'
  await client.uploadStatementFile({
    params: { id: '7' },
    query: { skipBad: true },
    body,
    contentType: 'text/csv',
  })
  expect(arrived[0]!.body).toBe(body)
  expect(arrived[0]!.headers.get('content-type')).toBe('text/csv')
  expect(arrived[0]!.url.search).toBe('?skipBad=true')
})

test('a parameter stays one part of the path', async () => {
  const { client, arrived } = clientOf(ok)
  for (const id of ['a/b', '../x', '%2e', 'ä?#'] as const) await client.getPlatformUser({ params: { id } })
  expect(arrived.map(({ url }) => url.pathname)).toEqual([
    '/user/a%2Fb',
    '/user/..%2Fx',
    '/user/%252e',
    '/user/%C3%A4%3F%23',
  ])
  for (const id of ['', '.', '..'])
    await expect(client.getPlatformUser({ params: { id } })).rejects.toThrow(TypeError)
  expect(arrived).toHaveLength(4)
})

test('a refusal is thrown, with its type, its status, and how long to wait', async () => {
  const members = {
    type: 'urn:tidemark:problem:too-many-requests',
    title: 'Too many requests',
    status: 429,
    detail: 'at most 600 requests a minute are answered',
    requestId: 'r-1',
  }
  const headers = { 'content-type': 'application/problem+json', 'retry-after': '42' }
  const { client } = clientOf(() => new Response(JSON.stringify(members), { status: 429, headers }))
  const refusal = await refusalOf(client.getMe())
  expect(refusal).toMatchObject({ type: members.type, status: 429, retryAfter: 42, members })
  expect(refusal.message).toBe(members.detail)
})

test('what is no success and no problem is thrown, too, without a type', async () => {
  const notReady = { status: 'not-ready', checks: { database: 'away' } }
  const { client } = clientOf(() => Response.json(notReady, { status: 503 }))
  const refusal = await refusalOf(client.getReadiness())
  expect(refusal).toMatchObject({ type: undefined, status: 503, members: notReady, retryAfter: undefined })
  const proxy = clientOf(() => new Response('<h1>Bad Gateway</h1>', { status: 502 }))
  expect(await refusalOf(proxy.client.getMe())).toMatchObject({ type: undefined, status: 502, members: {} })
})

test('nothing for 204; the Response itself for what is no JSON, or a file', async () => {
  const gone = clientOf(() => new Response(null, { status: 204 }))
  expect(await gone.client.deleteAccount({ params: { id: '1' } })).toBeUndefined()
  const headers = {
    'content-type': 'application/json',
    'content-disposition': 'attachment; filename="a.json"',
  }
  const file = clientOf(() => new Response('{"transactions":[]}', { headers }))
  const exported = await file.client.exportTransactions({ query: { format: 'json' } })
  expect(exported).toBeInstanceOf(Response)
  expect(await exported.text()).toBe('{"transactions":[]}')
})

/** Compiled, and never run: what the types let through, and what they refuse. */
function typesOf(client: Client): unknown[] {
  const body = { accountId: '1', amount: '1' }
  return [
    client.listTransactions({ query: { limit: 10, status: 'posted' } }),
    client.listTransactions({ query: { limit: '10' } }),
    client.getMe(),
    client.createAccount({ body: { name: 'Purse', kind: 'cash' } }),
    client.createAccount({ body: { name: 'Purse', kind: 'cash' }, idempotencyKey: 'k' }),
    client.createTransaction({ body, idempotencyKey: 'k' }),
    client.uploadStatementFile({ params: { id: '1' }, query: { skipBad: true }, body: 'x' }),
    client.updateTransaction({ params: { id: 'x' }, body: { category: null, tags: null } }),
    // @ts-expect-error: two equal ones may be meant as two
    client.createTransaction({ body }),
    // @ts-expect-error: nothing heeds it there
    client.getMe({ idempotencyKey: 'k' }),
    // @ts-expect-error: a list has so many, not a date
    client.listTransactions({ query: { limit: new Date() } }),
    // @ts-expect-error: no such field
    client.listTransactions({ query: { zz: '1' } }),
    // @ts-expect-error: no such kind
    client.createAccount({ body: { name: 'Purse', kind: 'purse' } }),
    // @ts-expect-error: amounts are decimal strings
    client.createTransaction({ body: { ...body, amount: 1 }, idempotencyKey: 'k' }),
    // @ts-expect-error: it has to be said which
    client.getAccount(),
  ]
}
void typesOf
