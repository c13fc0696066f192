import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerMalformed } from '../../src/http/malformed.ts'

const server = createServer((_, response) => response.end('never'))
server.on('clientError', answerMalformed)

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => server.close(resolve)))

async function send(bytes: string) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(bytes)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = new Headers(lines.map((line) => line.split(': ') as [string, string]))
  return { status, headers, body: JSON.parse(body) }
}

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'invalid-request'],
  ['too much of a header', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'header-too-large'],
])('%s is told as a problem, with an id of its own', async (_, bytes, status, type) => {
  const answer = await send(bytes)
  expect(answer.status).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(answer.body).toMatchObject({
    type: `urn:tidemark:problem:${type}`,
    status,
    requestId: answer.headers.get('x-request-id'),
  })
  expect((await send(bytes)).body.requestId).not.toBe(answer.body.requestId)
})
