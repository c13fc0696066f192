import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { operations as clientOperations } from '../../src/client/operations.ts'
import { createAccessTokens } from '../../src/http/access-token.ts'
import { hashApiKey } from '../../src/http/authenticate.ts'
import { allows, type Scope } from '../../src/http/caller.ts'
import type { Access } from '../../src/http/define-route.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type AskOptions, startApp, type TestApp } from '../setup/http.ts'
import { expectDocumented, type Operation, readDocument, readOperations } from '../setup/openapi.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

/**
 * Every route of the OpenAPI document against every kind of caller. A route that is in the document and not in
 * `requests` fails the suite: whoever adds one says here how it is asked.
 */

/** What is there of a user: ids of each kind. */
interface Ids {
  account: string
  manualAccount: string
  transaction: string
  manualTransaction: string
  fileSource: string
  source: string
  apiKey: string
  deadLetter: string
  /** A user of a platform-wide connection. */
  platformUser: string
}

/** Ids as they are given, of nothing. */
const missing: Ids = {
  account: '999999999',
  manualAccount: '999999998',
  transaction: randomUUID(),
  manualTransaction: randomUUID(),
  fileSource: '999999997',
  source: '999999996',
  apiKey: '999999995',
  deadLetter: '999999994',
  platformUser: 'nobody',
}

type Request = { path: string } & Pick<AskOptions, 'body' | 'headers'> & {
    /** Who may make it, as it was decided: the route and the document have to say the same. */
    access: Access
    /** Of the success, where it is asked by the owner; else that of the document. */
    status?: number
  }

/** A request to each operation that succeeds when the owner makes it, and the access that it needs. */
const requests: Record<string, (ids: Ids) => Request> = {
  getHealth: () => ({ access: 'public', path: '/healthz' }),
  getReadiness: () => ({ access: 'public', path: '/readyz' }),
  // Open to the machine itself, see test/cli/serve.test.ts.
  getMetrics: () => ({ access: 'public', path: '/metrics', status: 401 }),
  getNetWorth: () => ({ access: ['read'], path: '/v1/net-worth?by=account&interval=month' }),
  getBalance: ({ account }) => ({ access: ['read'], path: `/v1/balance?accountId=${account}` }),
  getFeed: () => ({ access: ['read'], path: '/v1/feed' }),
  listAccounts: () => ({ access: ['read'], path: '/v1/accounts' }),
  getAccount: ({ account }) => ({ access: ['read'], path: `/v1/accounts/${account}` }),
  createAccount: () => ({ access: ['write'], path: '/v1/accounts', body: { name: 'Purse', kind: 'cash' } }),
  updateAccount: ({ account }) => ({
    access: ['write'],
    path: `/v1/accounts/${account}`,
    body: { name: 'Renamed' },
  }),
  deleteAccount: ({ manualAccount }) => ({ access: ['write'], path: `/v1/accounts/${manualAccount}` }),
  putBalance: ({ manualAccount }) => ({
    access: ['write'],
    path: `/v1/accounts/${manualAccount}/balances/2024-06-01`,
    body: { amount: '12' },
  }),
  deleteBalance: ({ manualAccount }) => ({
    access: ['write'],
    path: `/v1/accounts/${manualAccount}/balances/2024-05-01?asset=EUR`,
  }),
  listTransactions: () => ({ access: ['read'], path: '/v1/transactions' }),
  getTransaction: ({ transaction }) => ({ access: ['read'], path: `/v1/transactions/${transaction}` }),
  exportTransactions: () => ({ access: ['read'], path: '/v1/transactions/export?format=json' }),
  createTransaction: ({ manualAccount }) => ({
    access: ['write'],
    path: '/v1/transactions',
    body: { accountId: manualAccount, amount: '-3.20' },
    headers: { 'idempotency-key': randomUUID() },
  }),
  updateTransaction: ({ transaction }) => ({
    access: ['write'],
    path: `/v1/transactions/${transaction}`,
    body: { note: 'mine' },
  }),
  deleteTransaction: ({ manualTransaction }) => ({
    access: ['write'],
    path: `/v1/transactions/${manualTransaction}`,
  }),
  createUser: () => ({
    access: 'public',
    path: '/v1/users',
    body: { email: `${randomUUID()}@example.org`, password: 'correct horse battery staple' },
  }),
  getMe: () => ({ access: ['read'], path: '/v1/users/me' }),
  updateMe: () => ({ access: ['admin'], path: '/v1/users/me', body: { baseCurrency: 'USD' } }),
  // The owner of this test has no password: see test/http/users.test.ts for what succeeds.
  changeMyPassword: () => ({
    access: ['admin'],
    path: '/v1/users/me/password',
    body: { currentPassword: 'correct horse battery staple', newPassword: 'another horse battery staple' },
    status: 400,
  }),
  createTokens: () => ({
    access: 'public',
    path: '/v1/tokens',
    body: { email: 'nobody@example.org', password: 'x' },
    status: 401,
  }),
  refreshTokens: () => ({
    access: 'public',
    path: '/v1/tokens/refresh',
    body: { refreshToken: 'tmr_none' },
    status: 401,
  }),
  deleteTokens: () => ({ access: 'public', path: '/v1/tokens', body: { refreshToken: 'tmr_none' } }),
  createApiKey: () => ({
    access: ['admin'],
    path: '/v1/api-keys',
    body: { name: 'script', scopes: ['read'] },
  }),
  listApiKeys: () => ({ access: ['admin'], path: '/v1/api-keys' }),
  deleteApiKey: ({ apiKey }) => ({ access: ['admin'], path: `/v1/api-keys/${apiKey}` }),
  createSecondFactor: () => ({
    access: ['admin'],
    path: '/v1/second-factor',
    body: { password: 'correct horse battery staple' },
    status: 400,
  }),
  confirmSecondFactor: () => ({
    access: ['admin'],
    path: '/v1/second-factor/confirm',
    body: { code: '000000' },
    status: 409,
  }),
  removeSecondFactor: () => ({
    access: ['admin'],
    path: '/v1/second-factor/remove',
    body: { password: 'correct horse battery staple', code: '000000' },
    status: 400,
  }),
  listSourceTypes: () => ({ access: ['read', 'service'], path: '/v1/source-types' }),
  listSources: () => ({ access: ['read', 'service'], path: '/v1/sources' }),
  getSource: ({ source }) => ({ access: ['read', 'service'], path: `/v1/sources/${source}` }),
  createSource: () => ({ access: ['admin', 'service'], path: '/v1/sources', body: { type: 'file' } }),
  updateSource: ({ source }) => ({
    access: ['write', 'service'],
    path: `/v1/sources/${source}`,
    body: { status: 'paused' },
  }),
  // No provider is asked here: see test/http/sources.test.ts for what succeeds.
  putSourceCredentials: ({ source }) => ({
    access: ['admin', 'service'],
    path: `/v1/sources/${source}/credentials`,
    body: { credentials: { accessUrl: 'https://user:secret@bridge.example/simplefin' } },
    status: 422,
  }),
  deleteSource: ({ source }) => ({ access: ['admin', 'service'], path: `/v1/sources/${source}` }),
  syncSource: ({ source }) => ({ access: ['write', 'service'], path: `/v1/sources/${source}/sync` }),
  listSourceRuns: ({ source }) => ({ access: ['read', 'service'], path: `/v1/sources/${source}/runs` }),
  uploadStatementFile: ({ fileSource }) => ({
    access: ['write'],
    path: `/v1/sources/${fileSource}/files?filename=a.csv`,
    body: 'account,date,amount\nA,2024-06-02,5\n',
    headers: { 'content-type': 'text/csv' },
  }),
  listDeadLetters: () => ({ access: ['read', 'service'], path: '/v1/dead-letters' }),
  getDeadLetter: ({ deadLetter }) => ({
    access: ['read', 'service'],
    path: `/v1/dead-letters/${deadLetter}`,
  }),
  retryDeadLetter: ({ deadLetter }) => ({
    access: ['write', 'service'],
    path: `/v1/dead-letters/${deadLetter}/retry`,
  }),
  discardDeadLetter: ({ deadLetter }) => ({
    access: ['write', 'service'],
    path: `/v1/dead-letters/${deadLetter}/discard`,
  }),
  getOperations: () => ({ access: ['service'], path: '/v1/operations' }),
  listRuns: () => ({ access: ['service'], path: '/v1/operations/runs' }),
  getPlatformUser: ({ platformUser }) => ({ access: ['service'], path: `/user/${platformUser}` }),
  getPlatformPayouts: ({ platformUser }) => ({ access: ['service'], path: `/user/${platformUser}/payouts` }),
  // Plaid is not configured here: see test/http/webhook-route.test.ts for what succeeds.
  postWebhook: () => ({ access: 'public', path: '/webhooks/plaid', body: {}, status: 404 }),
}

let db: TestDatabase
let http: TestApp
let operations: Operation[]
// biome-ignore lint/suspicious/noExplicitAny: a document as it is served
let document: any
let service: string

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db, {
    fetch: async () => {
      throw new TypeError('no provider is reached in this test')
    },
  })
  operations = await readOperations(http.app)
  document = await readDocument(http.app)
  service = await makeKey(null, ['service'])
})

async function makeKey(
  userId: string | null,
  scopes: Scope[],
  rest: { revoked?: boolean; expired?: boolean } = {},
) {
  const key = `tmk_${randomBytes(32).toString('base64url')}`
  const at = http.time.now.toISOString()
  await db.sql`
    INSERT INTO api_key (user_id, name, hash, hint, scopes, created_at, revoked_at, expires_at)
    VALUES (${userId}, 'test', ${hashApiKey(key)}, ${key.slice(0, 8)}, ${scopes}, ${at},
      ${rest.revoked ? at : null}, ${rest.expired ? at : null})`
  return key
}

/** Somebody who has one of everything, all of it named by their canary. */
async function makeOwner() {
  const { user, sourceId } = await newPerson(db)
  const canary = `canary-${randomUUID()}`
  const token = await http.tokenFor(user.id)
  const name = { counterparty: canary, description: canary }
  const [account] = await ingest(db, sourceId, [row('1', '2024-05-03', '100', name)])
  await db.sql`UPDATE account SET name = ${canary} WHERE id = ${account!.accountId}`
  const [own] = await db.sql`SELECT id FROM transaction WHERE user_id = ${user.id}`
  const made = await http.json('POST', '/v1/accounts', {
    token,
    body: { name: `${canary} cash`, kind: 'cash' },
  })
  const manualAccount = made.body.id as string
  const set = await http.json('PUT', `/v1/accounts/${manualAccount}/balances/2024-05-01`, {
    token,
    body: { amount: '7' },
  })
  expect(set.status).toBe(200)
  const entered = await http.json('POST', '/v1/transactions', {
    token,
    body: { accountId: manualAccount, amount: '1', description: canary },
    headers: { 'idempotency-key': randomUUID() },
  })
  const at = http.time.now.toISOString()
  await db.sql`INSERT INTO source_type (id, title) VALUES ('simplefin', 'SimpleFIN') ON CONFLICT DO NOTHING`
  const [source] = await db.sql`
    INSERT INTO user_source (user_id, source_type_id, name, next_sync_at, external_id)
    VALUES (${user.id}, 'simplefin', ${canary}, ${at}, ${canary}) RETURNING id`
  await db.sql`INSERT INTO sync_run (source_id, started_at, subject) VALUES (${source!.id}, ${at}, ${canary})`
  const [letter] = await db.sql`
    INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
    VALUES (${source!.id}, 'fetch', '{"mode":"incremental","window":{"from":"2024-06-01","to":"2024-06-02"},"cursor":null}',
      ${randomUUID()}, 'transient', ${canary}, 10, ${at}, ${at})
    RETURNING id`
  const key = await http.json('POST', '/v1/api-keys', { token, body: { name: canary, scopes: ['read'] } })
  await db.sql`INSERT INTO source_type (id, title) VALUES ('vendor', 'Vendor') ON CONFLICT DO NOTHING`
  const [platform] = await db.sql`
    INSERT INTO user_source (user_id, source_type_id, name, next_sync_at)
    VALUES (NULL, 'vendor', ${canary}, ${at}) RETURNING id`
  const platformUser = randomUUID()
  await db.sql`
    INSERT INTO platform_user (source_id, external_id, user_id) VALUES (${platform!.id}, ${platformUser}, ${user.id})`
  const ids: Ids = {
    account: account!.accountId,
    manualAccount,
    transaction: own!.id,
    manualTransaction: entered.body.id,
    fileSource: sourceId,
    source: source!.id,
    apiKey: key.body.id,
    deadLetter: letter!.id,
    platformUser,
  }
  return { user, token, ids, canary }
}

/** Asks, and sees that the answer's status and headers are those of the document. */
async function ask(operation: Operation, ids: Ids, token?: string) {
  const { path, body, headers = {} } = requests[operation.id]!(ids)
  const answer = await http.json(operation.method.toUpperCase(), path, { body, headers, token })
  expectDocumented(document, operation, answer)
  return answer
}

/** What is stored of a user, to see that nothing has changed. */
async function stateOf(userId: string): Promise<unknown> {
  const [state] = await db.sql`
    SELECT (SELECT md5(string_agg(t::text, '|' ORDER BY t.id)) FROM transaction t WHERE user_id = ${userId}) AS transactions,
      (SELECT md5(string_agg(a::text, '|' ORDER BY a.id)) FROM account a WHERE user_id = ${userId}) AS accounts,
      (SELECT md5(string_agg(s::text, '|' ORDER BY s.id)) FROM user_source s WHERE user_id = ${userId}) AS sources,
      (SELECT md5(string_agg(k::text, '|' ORDER BY k.id)) FROM api_key k WHERE user_id = ${userId}) AS keys,
      (SELECT md5(string_agg(n::text, '|' ORDER BY n.transaction_id)) FROM transaction_annotation n WHERE user_id = ${userId}) AS annotations,
      (SELECT md5(string_agg(r::text, '|' ORDER BY r.account_id, r.day)) FROM reconciliation r WHERE user_id = ${userId}) AS reports,
      (SELECT md5(string_agg(d::text, '|' ORDER BY d.id)) FROM dead_letter d JOIN user_source s ON s.id = d.source_id WHERE s.user_id = ${userId}) AS letters,
      (SELECT md5(u::text) FROM app_user u WHERE id = ${userId}) AS person`
  return { ...state }
}

/** Without what is another one in every answer. */
function plain({ status, body }: { status: number; body: unknown }) {
  const { requestId: _, ...rest } = (body ?? {}) as Record<string, unknown>
  return { status, body: rest }
}

test('the matrix, the document and the client have the same routes', () => {
  const inDocument = operations.map(({ id }) => id).sort()
  expect(Object.keys(requests).sort()).toEqual(inDocument)
  const ofClient = Object.entries(clientOperations).sort()
  expect(ofClient).toEqual(
    operations.map(({ id, method, path }) => [id, `${method.toUpperCase()} ${path}`]).sort(),
  )
})

test('every operation needs the access that was decided for it', () => {
  const decided = Object.entries(requests).map(([id, make]) => [id, make(missing).access] as const)
  expect(Object.fromEntries(operations.map(({ id, scopes }) => [id, scopes ?? 'public']))).toEqual(
    Object.fromEntries(decided),
  )
  for (const { id, method, scopes, security } of operations) {
    // Open to everybody is what asks for nothing, or lets who asks without a token through.
    const isOpen = security.length === 0 || security.some((each) => Object.keys(each).length === 0)
    expect(isOpen, id).toBe(scopes === undefined)
    if (method !== 'get' && scopes) expect(scopes, `${id} changes something`).not.toContain('read')
  }
})

test('whoever may not ask is refused, on every route', async () => {
  const { user, ids, token } = await makeOwner()
  const before = await stateOf(user.id)
  const claims = { sub: user.id, sid: randomUUID() }
  const earlier = createAccessTokens({
    keyring: http.parts.keyring,
    clock: () => new Date(http.time.now.getTime() - 306_000),
  })
  const [session] = await db.sql`SELECT id FROM session WHERE user_id = ${user.id}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const refused: Record<string, string> = {
    nonsense: 'nonsense',
    'an expired token': await earlier.issue({ userId: user.id, sessionId: session!.id }),
    'a refresh token': `tmr_${randomBytes(32).toString('base64url')}`,
    'a token of another maker': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey),
    'a token of a log-in that is none': await createAccessTokens(http.parts).issue({
      userId: user.id,
      sessionId: randomUUID(),
    }),
    'a revoked key': await makeKey(user.id, ['admin'], { revoked: true }),
    'an expired key': await makeKey(user.id, ['admin'], { expired: true }),
    'a key that is none': `tmk_${randomBytes(32).toString('base64url')}`,
  }
  const callers: [string, Scope[]][] = [
    [await makeKey(user.id, ['read']), ['read']],
    [await makeKey(user.id, ['write']), ['write']],
    [service, ['service']],
    [token, ['admin']],
  ]
  const state = await stateOf(user.id)
  expect(state).not.toEqual(before)
  for (const operation of operations.filter(({ scopes }) => scopes !== undefined)) {
    const none = await ask(operation, ids)
    expect(none.status, `${operation.id} without a token`).toBe(401)
    expect(none.headers.get('www-authenticate')).toBe('Bearer')
    for (const [kind, bad] of Object.entries(refused)) {
      const answer = await ask(operation, ids, bad)
      expect(answer.status, `${operation.id} with ${kind}`).toBe(401)
      expect(answer.body.type).toBe('urn:tidemark:problem:unauthenticated')
    }
    for (const [caller, granted] of callers) {
      if (operation.scopes!.some((needed) => allows(granted, needed as Scope))) continue
      const answer = await ask(operation, ids, caller)
      expect(answer.status, `${operation.id} with the scopes ${granted}`).toBe(403)
      expect(answer.body.type).toBe('urn:tidemark:problem:forbidden')
    }
  }
  expect(await stateOf(user.id)).toEqual(state)
})

test('what is another user’s is answered as if it were not there, and nothing of it is seen', async () => {
  const owner = await makeOwner()
  const other = await newPerson(db)
  const stranger = await http.tokenFor(other.user.id)
  const before = await stateOf(owner.user.id)
  let compared = 0
  for (const operation of operations) {
    const token = operation.scopes?.every((scope) => scope === 'service') ? undefined : stranger
    if (token === undefined) continue
    const there = requests[operation.id]!(owner.ids)
    const foreign = await ask(operation, owner.ids, token)
    expect(JSON.stringify(foreign.body ?? null), operation.id).not.toContain(owner.canary)
    if (there.path === requests[operation.id]!(missing).path && operation.id !== 'createTransaction') continue
    const absent = await ask(operation, missing, token)
    expect(plain(foreign), operation.id).toEqual(plain(absent))
    expect(foreign.status, operation.id).toBe(404)
    compared++
  }
  expect(compared).toBeGreaterThan(18)
  expect(await stateOf(owner.user.id)).toEqual(before)
})

describe('the owner gets what the document says', () => {
  test.each(Object.keys(requests))('%s', async (id) => {
    const operation = operations.find((each) => each.id === id)!
    const { ids, token } = await makeOwner()
    const onlyService = operation.scopes?.every((scope) => scope === 'service')
    const answer = await ask(operation, ids, operation.scopes ? (onlyService ? service : token) : undefined)
    const success = Object.keys(operation.responses).find((status) => status.startsWith('2'))!
    const expected = requests[id]!(ids).status ?? Number(success)
    expect(answer.status, JSON.stringify(answer.body)).toBe(expected)
    const content = operation.responses[expected]?.content
    const type = answer.headers.get('content-type')?.split(';')[0]
    if (type === undefined) {
      expect(content).toBeUndefined()
      return
    }
    expect(Object.keys(content ?? {})).toContain(type)
    const { schema } = content![type]!
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const validate = ajv.compile({ ...closed(schema), components: closed(document.components) })
    expect(validate(answer.body), JSON.stringify(validate.errors)).toBe(true)
    if (operation.responses[429])
      expect(answer.headers.get('ratelimit-policy')).toMatch(/^"caller";q=\d+;w=60$/)
  })
})

/** The same schema, in which objects have no fields but those it names. */
// biome-ignore lint/suspicious/noExplicitAny: any part of a document
function closed(schema: any): any {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]))
  if (
    schema.type === 'object' &&
    schema.properties &&
    schema.additionalProperties === undefined &&
    !('errors' in schema.properties)
  )
    copy.additionalProperties = false
  return copy
}
