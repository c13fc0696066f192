import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact, redactMessage } from '../src/redact.ts'
import { redactText } from '../src/redact-text.ts'
import { canary, expectNoCanary } from './setup/canary.ts'

const secret = canary()

describe('by name, at any depth', () => {
  test.each([
    ...['credentials', 'secret', 'token', 'accessToken', 'access_token', 'access-token', 'apiKey', 'api_key'],
    ...[
      'X-API-KEY',
      'password',
      'Password',
      'authorization',
      'Proxy-Authorization',
      'key',
      'oldKeys',
      'keys',
    ],
    ...['setupToken', 'accessUrl', 'refreshToken', 'clientSecret', 'client_secret', 'privateKey', 'cookie'],
    ...['Set-Cookie', 'passphrase', 'otp', 'pin', 'TIDEMARK_KEY', 'plaidSecret', 'sessionToken', 'auth'],
  ])('%s', (name) => {
    const shapes = [
      { [name]: secret },
      { a: [{ b: { [name]: { deep: secret } } }] },
      { a: new Map([[name, secret]]) },
      { rawHeaders: ['Accept', '*/*', name, secret] },
      { headers: [[name, secret]] },
      { headers: [{ name, value: secret }] },
      { toJSON: () => ({ [name]: secret }) },
    ]
    for (const shape of shapes) {
      const text = JSON.stringify(redact(shape))
      expectNoCanary(text)
      expect(text).toContain('[redacted]')
    }
  })

  test('Headers and URLSearchParams', () => {
    const headers = new Headers({ authorization: `Bearer ${secret}`, accept: 'text/html' })
    expect(redact({ headers, search: new URLSearchParams({ token: secret, page: '2' }) })).toEqual({
      headers: { accept: 'text/html', authorization: '[redacted]' },
      search: { token: '[redacted]', page: '2' },
    })
  })

  test('names that only look so stay, as does that there is nothing', () => {
    const plain = {
      keyId: 'ab12',
      primaryKey: 'id',
      idempotencyKey: 'x',
      monkeys: 3,
      job: 'rollups',
      token: null,
      password: undefined,
      hasToken: false,
    }
    expect(redact(plain)).toEqual({ ...plain, monkeys: '[redacted]' })
  })
})

describe('in texts', () => {
  test.each([
    [`https://user:${secret}@bank.example/a/b?x=1#y`, 'https://[redacted]@bank.example/a/b?[redacted]'],
    [`https://${secret}@bank.example`, 'https://[redacted]@bank.example'],
    [
      `GET https://bank.example:8443/a?token=${secret} failed`,
      'GET https://bank.example:8443/a?[redacted] failed',
    ],
    [`(https://bank.example/a#${secret})`, '(https://bank.example/a#[redacted]'],
    [`postgres://u:p/${secret}@db.example:5432/x`, 'postgres://[redacted]@db.example:5432/x'],
    [`postgres://u:p#${secret}@db.example/x`, 'postgres://[redacted]@db.example/x'],
    [`postgres://u:p?${secret}@db.example/x`, 'postgres://[redacted]@db.example/x'],
    [`postgres://u:${secret}`, 'postgres://[redacted]'],
    [
      `two: http://a:${secret}@b/ and http://c:${secret}@d/`,
      'two: http://[redacted]@b/ and http://[redacted]@d/',
    ],
    [
      'https://beta.example/simplefin/claim/A1b2C3d4E5f6G7h8J9k0L1m2',
      'https://beta.example/simplefin/claim/[redacted]',
    ],
    [`Authorization: Basic ${Buffer.from(`user:${secret}`).toString('base64')}`, 'Authorization: [redacted]'],
    [`sent Bearer ${secret}, got 401`, 'sent Bearer [redacted], got 401'],
    [`Cookie: session=${secret}; theme=dark`, 'Cookie: [redacted]'],
    [`{"access_token":"${secret}","page":2}`, '{"access_token":[redacted],"page":2}'],
    [`"body": "{\\"access_token\\":\\"${secret}\\"}"`, '"body": "{\\"access_token\\":[redacted]}"'],
    [`{ accessToken: '${secret}' }`, '{ accessToken: [redacted] }'],
    [`/v1/x?api_key=${secret}&page=2`, '/v1/x?api_key=[redacted]&page=2'],
    [`password=${secret} host=x`, 'password=[redacted] host=x'],
    [`api-key: 0${secret}`, 'api-key: [redacted]'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected)
    expectNoCanary(redactText(text))
    expect(redactText(redactText(text))).toBe(expected)
  })

  test.each([
    'bank.example answered 401: the credentials are not accepted',
    'sealed under a key that is not here (0123456789abcdef): put it into TIDEMARK_OLD_KEYS',
    'TIDEMARK_KEY: must be 32 bytes in base64 (openssl rand -base64 32)',
    'unknown key: take another one',
    'Basic authentication failed; a Bearer is asked for',
    'listening on http://127.0.0.1:8080',
    'see https://www.postgresql.org/docs/15/errcodes-appendix.html.',
    'see (https://bank.example:8080), or https://[::1]:8080/x',
    'https://bank.example/accounts/0190c0de-0000-7000-8000-000000000001/transactions',
    'at pull (file:///srv/tidemark/src/connectors/simplefin/index.ts:10:5)',
    'line 12: "1,5" is not an amount',
  ])('nothing is taken out of: %s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test('a text that is known to be a secret goes wherever it stands, also encoded', () => {
    const credentials = { user: 'ann', token: `${secret}/+ ä`, nested: [{ pin: '123456' }] }
    const said = `no account for ${secret}/+ ä or ${encodeURIComponent(`${secret}/+ ä`)}, pin 123456, ann`
    expect(redactMessage(new Error(said), credentials)).toBe(
      'no account for [redacted] or [redacted], pin [redacted], ann',
    )
  })

  test('whatever userinfo and query are, they do not stay', () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab09:%=&;,.!*()[]~-_+$') })
    fc.assert(
      fc.property(part, part, (before, after) => {
        expectNoCanary(redactText(`x https://${before}${secret}${after}@bank.example/a`))
        expectNoCanary(redactText(`x https://bank.example/a?${before}${secret}${after} y`))
      }),
    )
  })
})

describe('errors', () => {
  test('keep type, stack and fields, without secrets; so do their causes', () => {
    const url = `https://ann:${secret}@bank.example/?t=${secret}`
    const cause = Object.assign(new TypeError(`fetch of ${url} failed`), {
      code: 'ECONNRESET',
      url,
      token: secret,
    })
    const error = new Error(`could not sync ${url}`, { cause: new Error('between', { cause }) })
    const clean = redact({ err: error }) as { err: Record<string, unknown> }
    expect(clean.err).toMatchObject({
      type: 'Error',
      message: 'could not sync https://[redacted]@bank.example/?[redacted]',
      stack: expect.stringMatching(
        /^Error: could not sync https:\/\/\[redacted\]@.*\n {4}at .*redact\.test\.ts/,
      ),
      cause: {
        message: 'between',
        cause: {
          type: 'TypeError',
          code: 'ECONNRESET',
          token: '[redacted]',
          url: 'https://[redacted]@bank.example/?[redacted]',
        },
      },
    })
    expectNoCanary(JSON.stringify(clean))
  })

  test('of an AggregateError', () => {
    const error = new AggregateError([new Error(`token=${secret}`), `https://x:${secret}@y/`])
    expectNoCanary(JSON.stringify(redact(error)))
    expect(redact(error)).toMatchObject({
      errors: [{ message: 'token=[redacted]' }, 'https://[redacted]@y/'],
    })
  })

  test('in a sentence', () => {
    const cause = new Error(`connect ECONNREFUSED https://a:${secret}@b/`)
    expect(redactMessage(new Error('fetch failed', { cause }))).toBe(
      'fetch failed: connect ECONNREFUSED https://[redacted]@b/',
    )
    expect(redactMessage(new Error('outer: inner', { cause: new Error('inner') }))).toBe('outer: inner')
    expect(redactMessage('a text')).toBe('a text')
    expect(redactMessage(undefined)).toBe('')
  })
})

describe('data that is no tree of texts', () => {
  test('is bounded, and never throws', () => {
    const circle: Record<string, unknown> = { name: 'circle' }
    circle.self = circle
    const wide = Array.from({ length: 100_000 }, () => ({ a: [{ b: {} }] }))
    let deep: unknown = secret
    for (let depth = 0; depth < 1000; depth++) deep = { deep }
    const hostile = {
      get broken() {
        throw new Error('no')
      },
    }
    const cyclicCause = new Error('a')
    cyclicCause.cause = cyclicCause
    const clean = redact({ circle, wide, deep, hostile, cyclicCause }) as Record<string, unknown>
    expect(clean.circle).toEqual({ name: 'circle', self: '[circular]' })
    expect(clean.hostile).toBe('[unreadable]')
    expect(clean.cyclicCause).toMatchObject({ cause: '[circular]' })
    expect((clean.wide as unknown[]).length).toBe(1000)
    expectNoCanary(JSON.stringify(clean))
  })

  test('an object that stands twice is no circle', () => {
    const same = { a: 1 }
    expect(redact([same, same])).toEqual([same, same])
  })

  test('bytes are told by their number, dates and large numbers as they are', () => {
    expect(
      redact({ raw: Buffer.from(secret), at: new Date('2024-06-15T12:00:00Z'), n: 12n, on: true, f() {} }),
    ).toEqual({ raw: '[32 bytes]', at: '2024-06-15T12:00:00.000Z', n: '12', on: true, f: undefined })
  })

  test('addresses as keys and as URL objects', () => {
    const url = new URL(`https://a:${secret}@b.example/c?d=${secret}`)
    expect(redact({ url, [url.href]: 1 })).toEqual({
      url: 'https://[redacted]@b.example/c?[redacted]',
      'https://[redacted]@b.example/c?[redacted]': 1,
    })
  })
})
