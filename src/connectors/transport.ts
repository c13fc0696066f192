import { lookup as resolveName } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { ConnectorBugError } from './errors.ts'

export interface Transport {
  fetch: typeof globalThis.fetch
  close(): Promise<void>
}

export interface TransportOptions {
  /** `host:port` of those that may be private, or asked over http, all the same (an emulator, a proxy). */
  allowedHosts?: string[]
  /** Resolves the names of all other hosts; the system's resolver unless told. */
  lookup?: LookupFunction
}

/**
 * The fetch that connectors use. A user may give the address of a provider, so an address inside the own network is
 * refused: by what the name resolves to, at the moment of connecting, which no second answer of a name server can
 * get around. Redirects are never followed: they would lead past these checks.
 */
export function createTransport({
  allowedHosts = [],
  lookup = resolveName as LookupFunction,
}: TransportOptions = {}): Transport {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  const agent = new Agent({ connect: { lookup: publicOnly(lookup) }, keepAliveTimeout: 5_000 })
  const open = new Agent({ keepAliveTimeout: 5_000 })

  const checkedFetch = async (address: string | URL | Request, options?: RequestInit) => {
    const url = new URL(address instanceof Request ? address.url : address)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new ConnectorBugError(`${url.protocol}// is not an address that a provider has`)
    if (url.username !== '' || url.password !== '')
      throw new ConnectorBugError(
        `the address of ${url.host} carries credentials, which belong into a header`,
      )
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
    const response = await fetch(url, {
      ...(address instanceof Request && partsOf(address)),
      ...(options as object),
      redirect: 'manual',
      dispatcher: isAllowed ? open : agent,
    })
    return response as unknown as Response
  }
  return {
    fetch: checkedFetch as typeof globalThis.fetch,
    close: async () => {
      await Promise.all([agent.destroy(), open.destroy()])
    },
  }
}

/** A Request of the global fetch is none of undici's, which takes its parts. */
function partsOf(request: Request): object {
  const { method, headers, body, signal } = request
  return { method, headers: [...headers], signal, ...(body && { body, duplex: 'half' }) }
}

function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : []
      if (error) return done(error, [])
      if (addresses.some(({ address }) => isPrivateAddress(address)))
        return done(privateAddress(hostname) as NodeJS.ErrnoException, [])
      if (options.all) return done(null, addresses)
      done(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

function privateAddress(host: string): ConnectorBugError {
  return new ConnectorBugError(`${host} is an address inside a private network, where no provider is asked`)
}

/** True for all but global unicast addresses (https://www.iana.org/assignments/iana-ipv4-special-registry). */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return true
  return family === 4 ? notPublic4.check(address, 'ipv4') : notPublic6.check(address, 'ipv6')
}

// One list for each family: a rule for IPv4-mapped addresses would match every IPv4 address, too.
const notPublic4 = new BlockList()
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
  notPublic4.addSubnet(network, prefix, 'ipv4')

const notPublic6 = new BlockList()
for (const [network, prefix] of [
  // All but 2000::/3: loopback, unique local, link-local, multicast, and other spellings of IPv4 addresses (mapped,
  // compatible, translated), none of which is how a provider is reached.
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  // Within it: protocol assignments (Teredo among them), documentation, 6to4.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  notPublic6.addSubnet(network, prefix, 'ipv6')
