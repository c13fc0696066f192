import type { LookupFunction } from 'node:net'
import fc from 'fast-check'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { type ListeningEmulator, listen } from '../../src/connectors/emulator/listen.ts'
import { ConnectorBugError } from '../../src/connectors/errors.ts'
import { createTransport, isPrivateAddress, type Transport } from '../../src/connectors/transport.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close()
})

function transport(options?: Parameters<typeof createTransport>[0]): Transport {
  const created = createTransport(options)
  opened.push(created)
  return created
}

async function serve(app: Hono): Promise<ListeningEmulator> {
  const server = await listen(app)
  opened.push(server)
  return server
}

/** What a fetch was refused with: our own errors come bare, or behind the fault that fetch makes of them. */
async function refusal(fetched: Promise<Response>): Promise<unknown> {
  const error = await fetched.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof ConnectorBugError ? error : (error as Error | undefined)?.cause
}

/** Answers every name with these addresses, and keeps the names. */
function resolver(...addresses: string[]): { lookup: LookupFunction; names: string[] } {
  const names: string[] = []
  return {
    names,
    lookup: (name, _options, done) => {
      names.push(name)
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    },
  }
}

describe('isPrivateAddress', () => {
  test.each([
    ['0.0.0.0', '0.255.255.255'],
    ['10.0.0.0', '10.255.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['127.0.0.0', '127.255.255.255'],
    ['169.254.0.0', '169.254.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.0.0.0', '192.0.0.255'],
    ['192.0.2.0', '192.0.2.255'],
    ['192.88.99.0', '192.88.99.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['198.18.0.0', '198.19.255.255'],
    ['198.51.100.0', '198.51.100.255'],
    ['203.0.113.0', '203.0.113.255'],
    ['224.0.0.0', '255.255.255.255'],
    ['::', '::1'],
    ['::ffff:0.0.0.0', '::ffff:255.255.255.255'],
    ['::7f00:1', '::255.255.255.255'],
    ['64:ff9b::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['100::', '100::ffff:ffff:ffff:ffff'],
    ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s to %s', (first, last) => {
    expect([isPrivateAddress(first), isPrivateAddress(last)]).toEqual([true, true])
  })

  test.each([
    '1.0.0.0',
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2001:200::',
    '2001:4860:4860::8888',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('%s is public', (address) => {
    expect(isPrivateAddress(address)).toBe(false)
  })

  test('what is no address is not taken for a public one', () => {
    for (const text of ['', 'localhost', '127.1', '0x7f.1', '1.2.3', '[::1]'])
      expect(isPrivateAddress(text)).toBe(true)
  })

  test('an IPv4 address is refused in whatever way IPv6 writes it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPrivateAddress(`::ffff:${address}`)).toBe(true)
        expect(isPrivateAddress(`::${address}`)).toBe(true)
        expect(isPrivateAddress(`64:ff9b::${address}`)).toBe(true)
      }),
    )
  })
})

describe('the address of a request', () => {
  test.each([
    'https://127.0.0.1/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://127.1/',
    'https://127.0.0.1./',
    'https://%31%32%37.0.0.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://0/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::127.0.0.1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
  ])('%s is inside a private network', async (address) => {
    const { lookup, names } = resolver('8.8.8.8')
    const error = await refusal(transport({ lookup }).fetch(address))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(String(error)).toContain('private network')
    expect(names).toEqual([])
  })

  test.each(['http://provider.example/', 'http://8.8.8.8/', 'http://[2606:4700::1111]/'])(
    '%s is public, and http is not for it',
    async (address) => {
      const { lookup, names } = resolver('8.8.8.8')
      const error = await refusal(transport({ lookup }).fetch(address))
      expect(error).toBeInstanceOf(ConnectorBugError)
      expect(String(error)).toContain('use https')
      expect(names).toEqual([])
    },
  )

  test.each(['ftp://provider.example/', 'file:///etc/passwd', 'data:text/plain,1', 'unix:/run/x'])(
    '%s is not the web',
    async (address) => {
      expect(await refusal(transport().fetch(address))).toBeInstanceOf(ConnectorBugError)
    },
  )

  test.each(['https://user:hunter2@provider.example/', 'https://hunter2@provider.example/'])(
    '%s carries credentials, which are not told',
    async (address) => {
      const error = await refusal(transport().fetch(address))
      expect(error).toBeInstanceOf(ConnectorBugError)
      expect(String(error)).not.toContain('hunter2')
    },
  )
})

describe('the name of a request', () => {
  test.each([
    [['127.0.0.1']],
    [['10.0.0.7']],
    [['::1']],
    [['fd12::1']],
    [['::ffff:192.168.0.1']],
    // One private address among public ones is enough.
    [['8.8.8.8', '192.168.1.1']],
    [['2606:4700::1111', '169.254.169.254']],
  ])('that resolves to %j is refused', async (addresses) => {
    const { lookup, names } = resolver(...addresses)
    const error = await refusal(transport({ lookup }).fetch('https://provider.example/'))
    expect(error).toBeInstanceOf(ConnectorBugError)
    expect(String(error)).toContain('provider.example')
    // Asked once, at the moment of connecting: no second answer can be another one.
    expect(names).toEqual(['provider.example'])
  })

  test('localhost is resolved by the system, and refused', async () => {
    expect(await refusal(transport().fetch('https://LocalHost/'))).toBeInstanceOf(ConnectorBugError)
  })

  test('that does not resolve is a fault of the network', async () => {
    const lookup: LookupFunction = (_name, _options, done) =>
      done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
    const error = await refusal(transport({ lookup }).fetch('https://provider.example/'))
    expect(error).not.toBeInstanceOf(ConnectorBugError)
    expect(error).toMatchObject({ code: 'ENOTFOUND' })
  })
})

describe('allowed hosts', () => {
  const app = new Hono().all('/', async (context) =>
    context.text(`${context.req.method} ${context.req.header('x-key') ?? '-'} ${await context.req.text()}`),
  )

  test('are asked over http, inside the own network', async () => {
    const { url, host } = await serve(app)
    const { fetch } = transport({ allowedHosts: [host] })
    const response = await fetch(url, { method: 'POST', body: 'some', headers: { 'x-key': 'k' } })
    expect(await response.text()).toBe('POST k some')
  })

  test('may be asked with a Request, too', async () => {
    const { url, host } = await serve(app)
    const { fetch } = transport({ allowedHosts: [host] })
    const request = new Request(url, { method: 'PUT', body: 'some', headers: { 'x-key': 'k' } })
    expect(await (await fetch(request)).text()).toBe('PUT k some')
  })

  test('are one host and one port, however they are written', async () => {
    const { host } = await serve(app)
    const port = Number(host.split(':')[1])
    const { fetch } = transport({ allowedHosts: [host.toUpperCase()] })
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    expect((await fetch(`http://0x7f.1:${port}/`)).status).toBe(200)
    for (const other of [
      `http://localhost:${port}/`,
      `http://127.0.0.2:${port}/`,
      `http://127.0.0.1:${port - 1}/`,
      `https://127.0.0.1/`,
      'http://127.0.0.1/',
    ])
      expect(await refusal(fetch(other)), other).toBeInstanceOf(ConnectorBugError)
  })

  test('without a port in the address have the one of its protocol', async () => {
    const { fetch } = transport({ allowedHosts: ['127.0.0.1:443'] })
    expect(await refusal(fetch('http://127.0.0.1/'))).toBeInstanceOf(ConnectorBugError)
    // Allowed, and so only refused by the machine itself, where nothing listens on that port.
    expect(await refusal(fetch('https://127.0.0.1/'))).not.toBeInstanceOf(ConnectorBugError)
  })
})

test('a redirect is never followed, not even when it is asked for', async () => {
  const asked: string[] = []
  const inside = await serve(
    new Hono().get('/', (context) => {
      asked.push('inside')
      return context.text('secret')
    }),
  )
  const outside = await serve(new Hono().get('/', (context) => context.redirect(inside.url)))
  const { fetch } = transport({ allowedHosts: [outside.host] })
  const response = await fetch(outside.url, { redirect: 'follow' })
  expect(response.status).toBe(302)
  expect(asked).toEqual([])
})
