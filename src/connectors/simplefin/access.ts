/** Where a SimpleFIN server is, and what it knows its client by. */
export interface Access {
  /** Without credentials, query and a slash at its end. */
  base: string
  /** The Authorization header. */
  authorization?: string
}

/**
 * The parts of an access URL, whose user name and password go into a header: an address is logged on the way.
 * Undefined where the text is no web address.
 */
export function accessOf(address: string): Access | undefined {
  if (!URL.canParse(address.trim())) return undefined
  const url = new URL(address.trim())
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  if (url.username === '' && url.password === '') return { base }
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  return { base, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** The claim URL in a setup token, which is its base64; undefined where it is none. */
export function claimUrlOf(setupToken: string): string | undefined {
  const compact = setupToken.replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(compact)) return undefined
  return accessOf(Buffer.from(compact, 'base64').toString('utf8'))?.base
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A percent sign that stands for itself.
    return part
  }
}
