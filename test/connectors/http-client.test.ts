import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  ConnectorBugError,
  PaymentError,
  RateLimitedError,
  ReauthError,
  RevokedError,
  TransientError,
} from '../../src/connectors/errors.ts'
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  type RequestGate,
} from '../../src/connectors/http-client.ts'
import { createTransport } from '../../src/connectors/transport.ts'

const now = new Date('2026-03-04T05:06:07Z')
const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Bench {
  url: string
  client: HttpClient
  /** What the gate saw: each entry with its account, and each way out with what came of it. */
  gate: { entered: (string | undefined)[]; left: Parameters<Leave>[0][] }
}
type Leave = Awaited<ReturnType<RequestGate['enter']>>

async function bench(handler: Handler, options: Partial<HttpClientOptions> = {}): Promise<Bench> {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const transport = createTransport({ allowedHosts: [host] })
  opened.push(async () => {
    await transport.close()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  const gate: Bench['gate'] = { entered: [], left: [] }
  const client = createHttpClient({
    fetch: transport.fetch,
    gate: {
      enter: async (account) => {
        gate.entered.push(account)
        return async (outcome) => {
          gate.left.push(outcome)
        }
      },
    },
    clock: () => now,
    signal: new AbortController().signal,
    ...options,
  })
  return { url: `http://${host}`, client, gate }
}

/** Answers everything alike. */
function answering(status: number, headers: Record<string, string> = {}, body = ''): Handler {
  return (_request, response) => {
    response.writeHead(status, headers).end(body)
  }
}

async function failure(asked: Promise<unknown>): Promise<Error> {
  return asked.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  )
}

test('what was limited goes on to the gate, where the connector knows', async () => {
  const { url, client, gate } = await bench(answering(429))
  const errorOf = () => new RateLimitedError('slow down', now, { scope: 'connection' })
  expect(await failure(client.request(url, { errorOf }))).toMatchObject({ scope: 'connection' })
  expect(await failure(client.request(url))).toMatchObject({ scope: undefined })
  expect(gate.left).toEqual([
    { rateLimited: true, pausedUntil: now, scope: 'connection' },
    { rateLimited: true, pausedUntil: undefined },
  ])
})

describe('a successful answer', () => {
  test('comes whole: status, headers, text', async () => {
    const { url, client, gate } = await bench((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(201, { 'x-seen': `${request.method} ${request.headers['x-key']} ${request.url}` })
        response.end(`<${body}>é`)
      })
    })
    const response = await client.request(`${url}/a?b=c`, {
      method: 'POST',
      headers: { 'x-key': 'k' },
      body: 'sent',
      account: 'checking',
    })
    expect([response.status, response.headers.get('x-seen'), response.text]).toEqual([
      201,
      'POST k /a?b=c',
      '<sent>é',
    ])
    expect(gate).toEqual({
      entered: ['checking'],
      left: [{ rateLimited: false, pausedUntil: undefined }],
    })
  })

  test('of JSON keeps the digits of its numbers', async () => {
    const { url, client } = await bench(
      answering(200, {}, '{"n":123456789012345678.123456789012,"t":"1.50"}'),
    )
    const response = await client.request(url)
    expect(response.json()).toEqual({ n: '123456789012345678.123456789012', t: '1.50' })
  })

  test('of JSON may begin with a byte order mark', async () => {
    const { url, client } = await bench(answering(200, {}, '\ufeff[1]'))
    expect((await client.request(url)).json()).toEqual(['1'])
  })

  test('that is no whole JSON is transient, and does not tell its text', async () => {
    const { url, client } = await bench(answering(200, {}, '{"token":"hunter2"'))
    const response = await client.request(url)
    expect(() => response.json()).toThrow(TransientError)
    expect(() => response.json()).not.toThrow('hunter2')
  })

  test('without a body is an empty text', async () => {
    const { url, client } = await bench(answering(204))
    expect((await client.request(url)).text).toBe('')
  })
})

describe('a failed answer', () => {
  test.each([
    [400, ConnectorBugError],
    [401, ReauthError],
    [402, PaymentError],
    [403, RevokedError],
    [404, ConnectorBugError],
    [408, TransientError],
    [422, ConnectorBugError],
    [425, TransientError],
    [429, RateLimitedError],
    [500, TransientError],
    [502, TransientError],
    [503, TransientError],
    [504, TransientError],
    [599, TransientError],
  ])('%i', async (status, type) => {
    const { url, client, gate } = await bench(answering(status, {}, 'why'))
    const error = await failure(client.request(url))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(String(status))
    expect(gate.left).toEqual([{ rateLimited: status === 429, pausedUntil: undefined }])
  })

  test.each([301, 302, 303, 307, 308])('%i: a redirect is not followed', async (status) => {
    const asked: (string | undefined)[] = []
    const { url, client, gate } = await bench((request, response) => {
      asked.push(request.url)
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    const error = await failure(client.request(`${url}/here`))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(error.message).not.toContain('elsewhere')
    expect(asked).toEqual(['/here'])
    expect(gate.left).toHaveLength(1)
  })

  test('is what the provider says in it, where the connector knows', async () => {
    const { url, client, gate } = await bench(answering(400, {}, '{"error":"slow down"}'))
    const until = new Date(now.getTime() + 5_000)
    const asked = client.request(url, {
      errorOf: (response) =>
        response.text.includes('slow down') ? new RateLimitedError('slower', until) : undefined,
    })
    expect((await failure(asked)).message).toBe('slower')
    expect(gate.left).toEqual([{ rateLimited: true, pausedUntil: until }])
    expect(await failure(client.request(url, { errorOf: () => undefined }))).toBeInstanceOf(ConnectorBugError)
  })

  test('is told by its status where its text breaks off or is too large', async () => {
    const { url, client, gate } = await bench((request, response) => {
      if (request.url === '/broken') {
        response.writeHead(429, { 'retry-after': '7', 'content-length': '100' }).write('{')
        setImmediate(() => response.destroy())
      } else response.writeHead(401).end('x'.repeat(100))
    })
    const limited = await failure(client.request(`${url}/broken`))
    expect(limited).toBeInstanceOf(RateLimitedError)
    expect(gate.left).toEqual([{ rateLimited: true, pausedUntil: new Date(now.getTime() + 7_000) }])
    expect(await failure(client.request(url, { maxBytes: 10 }))).toBeInstanceOf(ReauthError)
  })
})

describe('Retry-After', () => {
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
  const day = 86_400

  test.each<[string, Date | undefined]>([
    ['0', now],
    ['1', later(1)],
    ['120', later(120)],
    [' 30 ', later(30)],
    ['0.5', later(0.5)],
    ['86400', later(day)],
    ['86401', later(day)],
    ['999999999', later(day)],
    ['99999999999999999999', later(day)],
    ['-1', undefined],
    ['-99999', undefined],
    ['+5', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['5 seconds', undefined],
    ['Wed, 04 Mar 2026 05:07:07 GMT', later(60)],
    ['Wed, 04 Mar 2026 05:06:00 GMT', now],
    ['Thu, 01 Jan 1970 00:00:00 GMT', now],
    ['Fri, 31 Dec 2100 23:59:59 GMT', later(day)],
    ['Wed, 99 Foo 2026 05:07:07 GMT', undefined],
    ['2026-03-04T05:07:07Z', undefined],
    ['Wednesday', undefined],
  ])('"%s"', async (header, until) => {
    const { url, client, gate } = await bench(answering(429, { 'retry-after': header }))
    const error = await failure(client.request(url))
    expect(error).toBeInstanceOf(RateLimitedError)
    expect((error as RateLimitedError).retryAt).toEqual(until)
    expect(gate.left).toEqual([{ rateLimited: true, pausedUntil: until }])
  })

  test('on a 503 is a limit, too', async () => {
    const { url, client, gate } = await bench(answering(503, { 'retry-after': '9' }))
    expect(await failure(client.request(url))).toBeInstanceOf(RateLimitedError)
    expect(gate.left).toEqual([{ rateLimited: true, pausedUntil: later(9) }])
  })

  test('on a 503 that nobody can read is none', async () => {
    const { url, client, gate } = await bench(answering(503, { 'retry-after': 'later' }))
    expect(await failure(client.request(url))).toBeInstanceOf(TransientError)
    expect(gate.left).toEqual([{ rateLimited: false, pausedUntil: undefined }])
  })
})

describe('no answer', () => {
  const transient = async ({ url, client, gate }: Bench) => {
    const error = await failure(client.request(url))
    expect(error).toBeInstanceOf(TransientError)
    expect(gate.left).toEqual([{ rateLimited: false, pausedUntil: undefined }])
    return error
  }

  test('in time', async () => {
    const error = await transient(await bench(() => {}, { timeout: 30 }))
    expect(error.message).toContain('did not answer within 0.03 s')
  })

  test('in time behind its first half', async () => {
    const started = await bench((_request, response) => void response.writeHead(200).write('{"a":'), {
      timeout: 60,
    })
    expect((await transient(started)).message).toContain('did not answer within')
  })

  test('but a reset', async () => {
    await transient(await bench((request) => void request.socket.destroy()))
  })

  test('but half of one, and a reset', async () => {
    const error = await transient(
      await bench((_request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"a":')
        setImmediate(() => response.destroy())
      }),
    )
    expect(error.message).toContain('broke off')
  })

  test('but something that is no HTTP', async () => {
    await transient(await bench((request) => void request.socket.end('hello\r\n\r\n')))
  })

  test('since nobody listens', async () => {
    const { client, gate, url } = await bench(answering(200))
    await opened.pop()!()
    const transport = createTransport({ allowedHosts: [new URL(url).host] })
    opened.push(() => transport.close())
    const other = createHttpClient({
      fetch: transport.fetch,
      gate: { enter: async () => async (outcome) => void gate.left.push(outcome) },
      clock: () => now,
      signal: new AbortController().signal,
    })
    void client
    const error = await transient({ url, client: other, gate })
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('an answer that is too large', () => {
  test('is a bug, and is not read to its end', async () => {
    let written = 0
    const { url, client, gate } = await bench((_request, response) => {
      const more = (): void => {
        if (response.destroyed || written > 64 * 1024 * 1024) return void response.end()
        written += 65_536
        if (response.write('x'.repeat(65_536))) setImmediate(more)
        else response.once('drain', more)
      }
      response.writeHead(200)
      more()
    })
    const error = await failure(client.request(url, { maxBytes: 100_000 }))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(error.message).toContain('100000 bytes')
    expect(written).toBeLessThan(64 * 1024 * 1024)
    expect(gate.left).toEqual([{ rateLimited: false, pausedUntil: undefined }])
  })

  test('the bound itself is allowed', async () => {
    const { url, client } = await bench(answering(200, {}, 'x'.repeat(1_000)))
    expect((await client.request(url, { maxBytes: 1_000 })).text).toHaveLength(1_000)
    expect(await failure(client.request(url, { maxBytes: 999 }))).toBeInstanceOf(ConnectorBugError)
  })

  test('counts bytes as they are unpacked', async () => {
    const { gzipSync } = await import('node:zlib')
    const packed = gzipSync('x'.repeat(1_000_000))
    const { url, client } = await bench((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    })
    expect(packed.length).toBeLessThan(10_000)
    expect(await failure(client.request(url, { maxBytes: 10_000 }))).toBeInstanceOf(ConnectorBugError)
  })
})

describe('an abort', () => {
  const reason = new Error('the lease was lost')

  test('before the request leaves the gate alone', async () => {
    const { url, client, gate } = await bench(answering(200), { signal: AbortSignal.abort(reason) })
    expect(await failure(client.request(url))).toBe(reason)
    expect(gate).toEqual({ entered: [], left: [] })
  })

  test('while the request waits for its turn is the gate’s', async () => {
    const { url, client } = await bench(answering(200), {
      gate: { enter: () => Promise.reject(reason) },
    })
    expect(await failure(client.request(url))).toBe(reason)
  })

  test('right behind the gate, before the provider is asked', async () => {
    const controller = new AbortController()
    const left: unknown[] = []
    const asked: unknown[] = []
    const { url, client } = await bench(
      (request, response) => {
        asked.push(request.url)
        response.end()
      },
      {
        signal: controller.signal,
        gate: {
          enter: async () => {
            controller.abort(reason)
            return async (outcome) => void left.push(outcome)
          },
        },
      },
    )
    expect(await failure(client.request(url))).toBe(reason)
    expect(left).toEqual([{ rateLimited: false, pausedUntil: undefined }])
    expect(asked).toEqual([])
  })

  test.each(['nothing', 'half'])(
    'when %s was answered is itself, and no transient error',
    async (answered) => {
      const controller = new AbortController()
      const { url, client, gate } = await bench(
        (_request, response) => {
          if (answered === 'half') response.writeHead(200).write('{')
          setTimeout(() => controller.abort(reason), 20)
        },
        { signal: controller.signal },
      )
      expect(await failure(client.request(url))).toBe(reason)
      expect(gate.left).toEqual([{ rateLimited: false, pausedUntil: undefined }])
    },
  )

  test('in the middle of a failed answer is itself, too', async () => {
    const controller = new AbortController()
    const { url, client, gate } = await bench(
      (_request, response) => {
        response.writeHead(500).write('{')
        setTimeout(() => controller.abort(reason), 20)
      },
      { signal: controller.signal },
    )
    expect(await failure(client.request(url))).toBe(reason)
    expect(gate.left).toHaveLength(1)
  })
})

describe('what is told of a request', () => {
  const told = (error: unknown): string => {
    const parts: string[] = []
    for (let each = error; each instanceof Error; each = each.cause)
      parts.push(each.message, String(each.stack), JSON.stringify(each))
    return parts.join('\n')
  }

  test.each([
    ...[301, 400, 401, 402, 403, 404, 429, 500, 503].map((status): [string, Handler] => [
      `${status}`,
      answering(status, {}, 'the body says hunter2'),
    ]),
    ['a timeout', () => {}],
    ['a reset', (request) => void request.socket.destroy()],
  ] as [string, Handler][])('%s: neither path nor query nor header nor body', async (_name, handler) => {
    const { url, client } = await bench(handler, { timeout: 200 })
    const error = await failure(
      client.request(`${url}/hunter2?token=hunter2`, {
        method: 'POST',
        headers: { authorization: 'Bearer hunter2' },
        body: 'hunter2',
      }),
    )
    expect(told(error)).not.toContain('hunter2')
    expect(error.message).toContain(new URL(url).host)
  })

  test('nor userinfo, which is not sent either', async () => {
    const asked: unknown[] = []
    const { url, client, gate } = await bench((request, response) => {
      asked.push(request.url)
      response.end()
    })
    const error = await failure(client.request(url.replace('//', '//user:hunter2@')))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(told(error)).not.toContain('hunter2')
    expect(asked).toEqual([])
    expect(gate).toEqual({ entered: [], left: [] })
  })

  test.each(['hunter2', 'https://', 'https://hunter2:99999/', 'https://user:hunter2@[::/'])(
    'nor of an address that is none: %s',
    async (address) => {
      const { client } = await bench(answering(200))
      const error = await failure(client.request(address))
      expect(error).toBeInstanceOf(ConnectorBugError)
      expect(told(error)).not.toContain('hunter2')
    },
  )

  test('nor a header that cannot be sent', async () => {
    const { url, client, gate } = await bench(answering(200))
    const error = await failure(client.request(url, { headers: { authorization: 'Bearer hunter2\nx: y' } }))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(told(error)).not.toContain('hunter2')
    expect(gate.left).toHaveLength(1)
  })

  test('a refused address is the transport’s own error', async () => {
    const { client, gate } = await bench(answering(200))
    const error = await failure(client.request('https://[::1]/hunter2'))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(error.message).toContain('private network')
    expect(gate.left).toHaveLength(1)
  })
})
