import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { ConnectorBugError } from './errors.ts'

export interface Transport {
  fetch: typeof globalThis.fetch
  close(): Promise<void>
}

/**
 * The fetch that connectors use. A user may give the address of a provider, so an address inside the own network is
 * refused: by what the name resolves to, at the moment of connecting, which no second answer of a name server can
 * get around. `allowedHosts`: `host:port` of those that may be private all the same (an emulator, a proxy).
 */
export function createTransport({ allowedHosts = [] }: { allowedHosts?: string[] } = {}): Transport {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  const agent = new Agent({ connect: { lookup: lookupPublic }, keepAliveTimeout: 5_000 })
  const open = new Agent({ keepAliveTimeout: 5_000 })

  const checkedFetch = async (address: string | URL | Request, options?: RequestInit) => {
    const url = new URL(address instanceof Request ? address.url : address)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new ConnectorBugError(`${url.protocol}// is not an address that a provider has`)
    const port = url.port || (url.protocol === 'https:' ? '443' : '80')
    const isAllowed = allowed.has(`${url.hostname.toLowerCase()}:${port}`)
    if (!isAllowed) {
      const literal = url.hostname.replace(/^\[|\]$/g, '')
      if (isIP(literal) !== 0 && isPrivateAddress(literal)) throw privateAddress(url.hostname)
      if (url.protocol !== 'https:')
        throw new ConnectorBugError(
          `${url.hostname} is asked over http, which everyone on the way can read: use https`,
        )
    }
    const response = await fetch(url, { ...(options as object), dispatcher: isAllowed ? open : agent })
    return response as unknown as Response
  }
  return {
    fetch: checkedFetch as typeof globalThis.fetch,
    close: async () => {
      await Promise.all([agent.destroy(), open.destroy()])
    },
  }
}

const lookupPublic: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, '')
    const found = addresses.find(({ address }) => isPrivateAddress(address))
    if (found) return done(privateAddress(hostname) as NodeJS.ErrnoException, '')
    if (options.all) return done(null, addresses)
    done(null, addresses[0]!.address, addresses[0]!.family)
  })
}

function privateAddress(host: string): ConnectorBugError {
  return new ConnectorBugError(`${host} is an address inside a private network, where no provider is asked`)
}

/** Loopback, private, link-local, multicast and reserved ranges (https://www.iana.org/assignments/iana-ipv4-special-registry). */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return true
  return notPublic.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

const notPublic = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  // Other spellings of IPv4 addresses: none is how a provider is reached.
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  notPublic.addSubnet(network, prefix, 'ipv6')
