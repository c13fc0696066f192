import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { type ProblemType, problemTypes } from '../../src/http/problem.ts'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { type Operation, readOperations, type Schema } from '../setup/openapi.ts'
import { ingest, newPerson, row } from '../setup/people.ts'
import { propertyRuns } from '../setup/property-runs.ts'

/** Requests that are made up; more where it is asked for. */
const runs = propertyRuns(800, 2500, 'TIDEMARK_BAD_REQUESTS')

let db: TestDatabase
let http: TestApp
let operations: Operation[]
let userId: string
let token: string
let service: string
/** Ids that are there. */
let known: string[]

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db, {
    // No provider is asked: what reaches that far is told that it could not be reached.
    fetch: async () => {
      throw new TypeError('no provider is reached in this test')
    },
  })
  operations = await readOperations(http.app)
  const { user, sourceId } = await newPerson(db)
  userId = user.id
  token = await http.tokenFor(userId)
  service = await apiKey(db, null, 'service')
  const [account] = await ingest(db, sourceId, [row('1', '2024-06-01', '10')])
  const [transaction] = await db.sql`SELECT id FROM transaction WHERE user_id = ${user.id}`
  known = [account!.accountId, sourceId, transaction!.id]
})

/** A request as it goes out: the body is text or bytes already. */
interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** By a service, where none but a service may ask. */
  byService?: boolean
}

/** Asks, and sees that what is refused is told as a problem. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
async function ask(sent: Sent): Promise<{ status: number; body: any }> {
  const response = await http.app.request(sent.path, {
    method: sent.method,
    headers: { authorization: `Bearer ${sent.byService ? service : token}`, ...sent.headers },
    ...(sent.body !== undefined && { body: sent.body as string }),
  })
  const text = await response.text()
  const told = `${sent.method} ${sent.path} -> ${response.status} ${text.slice(0, 300)}`
  if (response.status < 400) return { status: response.status, body: text }
  const body = JSON.parse(text)
  if (response.status >= 500) expect(body.type, told).toBe('urn:tidemark:problem:provider-unavailable')
  expect(response.headers.get('content-type'), told).toBe('application/problem+json')
  expect(body.status, told).toBe(response.status)
  expect(body.type, told).toMatch(/^urn:tidemark:problem:[a-z-]+$/)
  expect(typeof body.title, told).toBe('string')
  expect(body.requestId, told).toBe(response.headers.get('x-request-id'))
  expect(text, told).not.toMatch(/\.ts\b|node_modules|\bat [\w.<>]+ \(|SQLSTATE|syntax error|relation "/)
  // Zod's own words, which name types of a programming language.
  expect(text, told).not.toMatch(/Invalid input|Invalid option|expected \w+, received/)
  return { status: response.status, body }
}

const nastyTexts = [
  '',
  ' ',
  '\t',
  '0',
  '-0',
  '-1',
  '1e309',
  '1E5',
  'NaN',
  'Infinity',
  '-Infinity',
  '0x10',
  '1_000',
  '١٢٣',
  '1,5',
  '+',
  '.',
  '--1',
  '9'.repeat(41),
  '0.'.padEnd(33, '1'),
  '9'.repeat(5000),
  '9223372036854775808',
  '18446744073709551616',
  '1.0000000000000000000000000000000001',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  '[object Object]',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "'; DROP TABLE account; --",
  '%',
  '_',
  '\\',
  '%00',
  '../../etc/passwd',
  '<script>',
  '\u0000',
  'a\u0000b',
  '\u202e',
  '\ufeff',
  '🧮',
  'é'.repeat(300),
  '2024-02-30',
  '2024-13-01',
  '0000-00-00',
  '0001-01-01',
  '9999-12-31',
  '10000-01-01',
  '-2024-01-01',
  '2024-1-1',
  '20240101',
  '2024-06-15T00:00:00Z',
  'infinity',
  '-infinity',
  'today',
  'EUR',
  'eur',
  'E U R',
  'X'.repeat(33),
  'UTC',
  'Mars/Olympus',
  '00000000-0000-0000-0000-000000000000',
  'zzzzzzzz-0000-0000-0000-000000000000',
  'eyJhbGciOiJub25lIn0.e30.',
  'AAAA',
  'e30',
  'bnVsbA',
  'W10',
] as const
const nastyText = fc.oneof(
  fc.constantFrom(...nastyTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
)

/** Texts of JSON, some of which no JSON.stringify would write. */
const nastyJson = fc.oneof(
  nastyText.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1e309',
    '-1e309',
    '1e-400',
    '123456789012345678901234567890',
    '0.1',
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '""',
    '"\\ud800"',
    '"\\udc00x"',
    '"\\u0000"',
    '{"__proto__":{"admin":true}}',
    '{"constructor":{"prototype":{}}}',
    '["a","a"]',
    '['.repeat(2000) + ']'.repeat(2000),
    `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
  ),
  fc.json({ maxDepth: 3 }),
)

function sample(schema: Schema | undefined): fc.Arbitrary<string> {
  if (!schema) return nastyJson
  const branch = schema.anyOf ?? schema.oneOf
  if (branch) return fc.oneof(...branch.map(sample))
  if (schema.enum) return fc.constantFrom(...schema.enum.map((each) => JSON.stringify(each)))
  const type = [schema.type ?? 'string'].flat()[0]
  if (type === 'object') return objectText(schema, 0.5)
  if (type === 'array')
    return fc.array(sample(schema.items), { maxLength: 3 }).map((items) => `[${items.join(',')}]`)
  if (type === 'boolean') return fc.constantFrom('true', 'false')
  if (type === 'integer' || type === 'number') return fc.integer().map(String)
  if (schema.format === 'date') return fc.constant('"2024-06-01"')
  return fc.constantFrom(
    '"12.5"',
    '"Groceries"',
    '"EUR"',
    '"UTC"',
    '"2024-06-01T10:00:00Z"',
    '"me@example.org"',
    '"correct horse battery"',
  )
}

/** An object of the schema in which about so many of the fields are wrong, missing or too many. */
function objectText(schema: Schema, wrong: number): fc.Arbitrary<string> {
  const names = Object.keys(schema.properties ?? {})
  const fields = names.map((name) =>
    fc
      .tuple(fc.double({ min: 0, max: 1, noNaN: true }), sample(schema.properties![name]), nastyJson)
      .map(([chance, good, bad]) => {
        if (chance < wrong / 4) return []
        return [`${JSON.stringify(name)}:${chance < wrong ? bad : good}`]
      }),
  )
  const extra = fc.option(fc.tuple(nastyText, nastyJson), { freq: 3, nil: undefined })
  return fc.tuple(fc.tuple(...fields), extra).map(([given, more]) => {
    const parts = given.flat()
    if (more) parts.push(`${JSON.stringify(more[0])}:${more[1]}`)
    return `{${parts.join(',')}}`
  })
}

function requestTo(operation: Operation): fc.Arbitrary<Sent> {
  const pathParts = operation.parameters
    .filter((each) => each.in === 'path')
    .map(({ name }) =>
      fc.tuple(fc.constant(name), fc.oneof(nastyText, fc.constantFrom('1', '999999999', 'known'))),
    )
  const queryParts = operation.parameters
    .filter((each) => each.in === 'query')
    .map(({ name }) => fc.option(fc.tuple(fc.constant(name), nastyText), { freq: 2, nil: undefined }))
  const extra = fc.option(fc.tuple(nastyText, nastyText), { freq: 4, nil: undefined })
  const schema = operation.body
  const body: fc.Arbitrary<string | Uint8Array | undefined> = schema
    ? fc.oneof(
        { weight: 6, arbitrary: objectText(schema, 0.4) },
        { weight: 2, arbitrary: nastyJson },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      )
    : fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined })
  const contentType = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'text/plain',
        'application/xml',
        'multipart/form-data',
        'multipart/form-data; boundary=x',
        'application/octet-stream',
        '',
      ),
    },
  )
  const idempotencyKey = fc.option(fc.constantFrom('k', 'a b', '', 'x'.repeat(300), '"quoted"', 'é'), {
    nil: undefined,
  })
  return fc
    .tuple(
      fc.tuple(...pathParts),
      fc.tuple(...queryParts),
      extra,
      body,
      contentType,
      idempotencyKey,
      fc.nat(),
    )
    .map(([path, query, more, content, type, key, pick]) => {
      const params = new Map(path)
      const filled = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = params.get(name)!
        return (
          encodeURIComponent(value === 'known' ? known[pick % known.length]! : value.toWellFormed()) || '%20'
        )
      })
      const search = [...query, more]
        .filter((each) => each !== undefined)
        .map(
          ([name, value]) =>
            `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
        )
      const sendsBody = operation.method !== 'get' && content !== undefined
      return {
        method: operation.method.toUpperCase(),
        path: `${filled}${search.length > 0 ? `?${search.join('&')}` : ''}`,
        headers: {
          ...(sendsBody && type !== '' && { 'content-type': type }),
          ...(key !== undefined && /^[\x20-\x7e]*$/.test(key) && { 'idempotency-key': key }),
        },
        ...(sendsBody && { body: content }),
        byService: operation.scopes?.every((scope) => scope === 'service') ?? false,
      }
    })
}

test(`${runs} bad requests, made from the document: a problem each, and never the server's fault`, async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.nat().chain((at) => requestTo(operations[at % operations.length]!)),
      async (sent) => {
        const { status } = await ask(sent)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        // Some log out: what follows is to be refused for what it says, and not for its token.
        if (/^\/v1\/tokens\b/.test(sent.path)) token = await http.tokenFor(userId)
        else if (sent.path.startsWith('/v1/')) expect(status, `${sent.method} ${sent.path}`).not.toBe(401)
      },
    ),
    { numRuns: runs },
  )
  const refused = [...statuses].filter(([status]) => status >= 400).reduce((sum, [, count]) => sum + count, 0)
  // Chance makes some of them good; most are not.
  expect(refused / runs).toBeGreaterThan(0.5)
})

/** What a bad request has to be told: the problem, and the fields at fault where there are some. */
type Told = [type: string, ...fields: string[]]
const invalid = (...fields: string[]): Told => ['invalid-request', ...fields]

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
const handMade: [string, Sent, Told][] = [
  ['a reversed range', get('/v1/net-worth?from=2024-02-01&to=2024-01-01'), ['refused']],
  ['an endless range', get('/v1/net-worth?from=1900-01-01&to=2199-12-31&interval=day'), ['refused']],
  [
    'a range beyond the calendar',
    get('/v1/net-worth?from=0001-01-01&to=9999-12-31&interval=day'),
    invalid('from', 'to'),
  ],
  [
    'the whole calendar by year',
    get('/v1/net-worth?from=0001-01-01&to=9999-12-31&interval=year'),
    invalid('from', 'to'),
  ],
  ['a day that is none', get('/v1/net-worth?to=2023-02-29'), invalid('to')],
  ['a field twice', get('/v1/net-worth?to=2024-01-01&to=2024-01-02'), invalid('to')],
  ['a field that is not known', get('/v1/net-worth?zz=1'), invalid('zz')],
  ['a field where there is none', get('/v1/accounts?zz=1'), invalid('zz')],
  ['a field with NUL', get('/v1/transactions?q=%00'), invalid('q')],
  ['a broken escape', get('/v1/transactions?q=%E0%A4%A'), ['invalid-request']],
  ['half a surrogate', get('/v1/transactions?q=%ED%A0%80'), ['invalid-request']],
  ['a cursor that is none', get('/v1/transactions?cursor=e30'), invalid('cursor')],
  ['a limit of none', get('/v1/transactions?limit=0'), invalid('limit')],
  ['a limit of all', get('/v1/transactions?limit=1e9'), invalid('limit')],
  ['an amount that is none', get('/v1/transactions?min=NaN'), invalid('min')],
  ['an amount in exponents', get('/v1/transactions?max=1e309'), invalid('max')],
  ['__proto__ in the query', get('/v1/transactions?__proto__=1'), invalid('__proto__')],
  ['__proto__[x] in the query', get('/v1/transactions?__proto__%5Bx%5D=1'), invalid('__proto__[x]')],
  ['a path with NUL', get('/v1/accounts/%00'), invalid('id')],
  ['an id beyond bigint', get('/v1/accounts/99999999999999999999'), invalid('id')],
  ['no route', get('/v1/nothing'), ['not-found']],
  ['no route, with dots', get('/v1/../../etc/passwd'), ['not-found']],
  ['the wrong method', { method: 'DELETE', path: '/v1/net-worth', headers: {} }, ['method-not-allowed']],
  ['no JSON', post('/v1/accounts', '{'), ['invalid-request']],
  ['an empty body', post('/v1/accounts', ''), ['invalid-request']],
  [
    'a body of another type',
    { ...post('/v1/accounts', '{"name":"a","kind":"cash"}'), headers: { 'content-type': 'text/plain' } },
    ['unsupported-media-type'],
  ],
  ['deep nesting', post('/v1/accounts', `{"name":${deep},"kind":"cash"}`), invalid('name')],
  [
    'too large a body',
    post('/v1/accounts', `{"name":"${'x'.repeat(100_000)}","kind":"cash"}`),
    ['content-too-large'],
  ],
  ['a list for a body', post('/v1/accounts', '[]'), invalid('body')],
  ['lone surrogates', post('/v1/accounts', '{"name":"\\ud800","kind":"cash"}'), invalid('name')],
  ['NUL', post('/v1/accounts', '{"name":"a\\u0000b","kind":"cash"}'), invalid('name')],
  ['__proto__', post('/v1/accounts', '{"name":"a","kind":"cash","__proto__":{"x":1}}'), invalid('__proto__')],
  ['a number for money', withKey('{"accountId":"1","amount":-0}'), invalid('amount')],
  ['an amount without end', withKey('{"accountId":"1","amount":"1e309"}'), invalid('amount')],
  ['a time that is none', withKey('{"accountId":"1","amount":"1","time":"noon"}'), invalid('time')],
  [
    'a time beyond the calendar',
    withKey('{"accountId":"1","amount":"1","time":"1800-01-01T00:00:00Z"}'),
    invalid('time'),
  ],
  ['an invalid byte', post('/v1/accounts', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)), ['invalid-request']],
  ['no key', post('/v1/transactions', '{"accountId":"1","amount":"1"}'), ['idempotency-key-missing']],
  ['a key that is none', withKey('{"accountId":"1","amount":"1"}', 'a b'), ['refused']],
]

test.each(handMade)('%s is refused', async (_, sent, [type, ...fields]) => {
  const { status, body } = await ask(sent)
  const told = JSON.stringify(body)
  expect(body.type, told).toBe(`urn:tidemark:problem:${type}`)
  expect(status, told).toBe(problemTypes[type as ProblemType].status)
  const named = (body.errors ?? []).map((each: { field: string }) => each.field)
  if (fields.length > 0) expect(named, told).toEqual(fields)
})

test('the endless range is refused for its length', async () => {
  const { body } = await ask(get('/v1/net-worth?from=1900-01-01&to=2199-12-31&interval=day'))
  expect(body.detail).toMatch(/5,?000/)
})

const sentences: [string, Sent, Record<string, string>][] = [
  [
    'a field given twice',
    get('/v1/net-worth?to=2024-01-01&to=2024-01-02&interval=day&interval=week'),
    { to: 'must be given once, as one value', interval: 'must be given once, as one value' },
  ],
  [
    'one of several words',
    get('/v1/net-worth?by=x'),
    { by: expect.stringMatching(/^must be one of account, /) },
  ],
  ['what is left out', post('/v1/accounts', '{}'), { name: 'is needed', kind: 'is needed' }],
  [
    'other kinds of values',
    post('/v1/accounts', '{"name":1,"kind":null}'),
    { name: 'must be a text', kind: 'must not be null' },
  ],
  ['a body that is no object', post('/v1/accounts', '"x"'), { body: 'must be an object' }],
  ['a list that is none', withKey('{"accountId":"1","amount":"1","tags":"x"}'), { tags: 'must be a list' }],
]

test.each(sentences)('%s: told in a sentence that says what to change', async (_, sent, faults) => {
  const { body } = await ask(sent)
  const told = body.errors.map(({ field, message }: Record<string, string>) => [field, message])
  expect(Object.fromEntries(told)).toEqual(faults)
})

function get(path: string): Sent {
  return { method: 'GET', path, headers: {} }
}

function post(path: string, body: string | Uint8Array): Sent {
  return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body }
}

function withKey(body: string, key = 'k'): Sent {
  const { headers, ...sent } = post('/v1/transactions', body)
  return { ...sent, headers: { ...headers, 'idempotency-key': key } }
}
