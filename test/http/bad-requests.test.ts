import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { startApp, type TestApp } from '../setup/http.ts'
import { type Operation, readOperations, type Schema } from '../setup/openapi.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

/** Requests that are made up; more where it is asked for. */
const runs = Number(process.env.TIDEMARK_BAD_REQUESTS ?? 2500)

let db: TestDatabase
let http: TestApp
let operations: Operation[]
let token: string
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
  token = await http.tokenFor(user.id)
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
}

async function expectProblemOrSuccess(sent: Sent): Promise<number> {
  const response = await http.app.request(sent.path, {
    method: sent.method,
    headers: { authorization: `Bearer ${token}`, ...sent.headers },
    ...(sent.body !== undefined && { body: sent.body as string }),
  })
  const text = await response.text()
  const told = `${sent.method} ${sent.path} -> ${response.status} ${text.slice(0, 300)}`
  if (response.status < 400) return response.status
  const body = JSON.parse(text)
  if (response.status >= 500) expect(body.type, told).toBe('urn:tidemark:problem:provider-unavailable')
  expect(response.headers.get('content-type'), told).toBe('application/problem+json')
  expect(body.status, told).toBe(response.status)
  expect(body.type, told).toMatch(/^urn:tidemark:problem:[a-z-]+$/)
  expect(typeof body.title, told).toBe('string')
  expect(body.requestId, told).toBe(response.headers.get('x-request-id'))
  expect(text, told).not.toMatch(/\.ts\b|node_modules|\bat [\w.<>]+ \(|SQLSTATE|syntax error|relation "/)
  return response.status
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
    '{"a":'.repeat(500) + '1' + '}'.repeat(500),
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
      }
    })
}

test(`${runs} bad requests, made from the document: a problem each, and never the server's fault`, async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.nat().chain((at) => requestTo(operations[at % operations.length]!)),
      async (sent) => {
        const status = await expectProblemOrSuccess(sent)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      },
    ),
    { numRuns: runs },
  )
  const refused = [...statuses].filter(([status]) => status >= 400).reduce((sum, [, count]) => sum + count, 0)
  // Chance makes some of them good; most are not.
  expect(refused / runs).toBeGreaterThan(0.5)
})

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
const handMade: [string, Sent][] = [
  ['a reversed range', get('/v1/net-worth?from=2024-02-01&to=2024-01-01')],
  ['an endless range', get('/v1/net-worth?from=0001-01-01&to=9999-12-31&interval=day')],
  ['the whole calendar by year', get('/v1/net-worth?from=0001-01-01&to=9999-12-31&interval=year')],
  ['a day that is none', get('/v1/net-worth?to=2023-02-29')],
  ['a field twice', get('/v1/net-worth?to=2024-01-01&to=2024-01-02')],
  ['a field with NUL', get('/v1/transactions?q=%00')],
  ['a broken escape', get('/v1/transactions?q=%E0%A4%A')],
  ['half a surrogate', get('/v1/transactions?q=%ED%A0%80')],
  ['a cursor that is none', get('/v1/transactions?cursor=e30')],
  ['a limit of none', get('/v1/transactions?limit=0')],
  ['a limit of all', get('/v1/transactions?limit=1e9')],
  ['amounts that are none', get('/v1/transactions?min=NaN&max=1e309')],
  ['__proto__ in the query', get('/v1/transactions?__proto__=1')],
  ['__proto__[x] in the query', get('/v1/transactions?__proto__%5Bx%5D=1')],
  ['a path with NUL', get('/v1/accounts/%00')],
  ['an id beyond bigint', get('/v1/accounts/99999999999999999999')],
  ['no route', get('/v1/nothing')],
  ['no route, with dots', get('/v1/../../etc/passwd')],
  ['the wrong method', { method: 'DELETE', path: '/v1/net-worth', headers: {} }],
  ['no JSON', post('/v1/accounts', '{')],
  ['an empty body', post('/v1/accounts', '')],
  [
    'a body of another type',
    { ...post('/v1/accounts', '{"name":"a","kind":"cash"}'), headers: { 'content-type': 'text/plain' } },
  ],
  ['deep nesting', post('/v1/accounts', `{"name":${deep},"kind":"cash"}`)],
  ['too large a body', post('/v1/accounts', `{"name":"${'x'.repeat(100_000)}","kind":"cash"}`)],
  ['lone surrogates', post('/v1/accounts', '{"name":"\\ud800","kind":"cash"}')],
  ['NUL', post('/v1/accounts', '{"name":"a\\u0000b","kind":"cash"}')],
  ['__proto__', post('/v1/accounts', '{"name":"a","kind":"cash","__proto__":{"x":1}}')],
  ['a number for money', post('/v1/transactions', '{"accountId":"1","amount":-0}')],
  ['an amount without end', post('/v1/transactions', `{"accountId":"1","amount":"1e309"}`)],
  ['an invalid byte', post('/v1/accounts', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d))],
  ['no key', post('/v1/transactions', '{"accountId":"1","amount":"1"}')],
]

test.each(handMade)('%s is refused', async (_, sent) => {
  const status = await expectProblemOrSuccess(sent)
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(500)
})

function get(path: string): Sent {
  return { method: 'GET', path, headers: {} }
}

function post(path: string, body: string | Uint8Array): Sent {
  return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body }
}
