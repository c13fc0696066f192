/** Takes secrets out of a text, told by where they stand. */
export const censored = '[redacted]'

/** Names are compared without case, hyphens and underscores. */
const secretName =
  /password|passwd|passphrase|secret|token|credential|authorization|bearer|cookie|mnemonic|accessurl|claimurl|signature|^(?!public|primary|foreign|idempotency).*keys?$|^(auth|jwt|otp|pin|sig|tan)$/

export function isSecretName(name: string): boolean {
  return name.length <= 100 && secretName.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''))
}

// Repetitions are bounded or end at the first sign of another kind, so that a long text is read once.
const address = /\b([a-z][a-z0-9+.-]{0,31}):\/\/([^\s"'<>`\\]+)/gi
const header = /\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)[^\r\n"'\\]+/gi
const scheme =
  /\b([Bb]earer\s+|(?:[Bb]asic|[Dd]igest|[Tt]oken)\s+(?=[^\s,;"']*[A-Z0-9=]))[A-Za-z0-9_+/=.~-]{8,}/g
const assigned = /((?:\\{0,8}["'])?)\b([A-Za-z][\w-]{1,99})\1(\s*[:=]\s*)/g
const assignedValue = /\\+"[^"\\]*\\+"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"'\\(){}[\]]+/y

/** Texts without secrets: userinfo and query of addresses, what a header carries, what is assigned to a secret's name. */
export function redactText(text: string, known: string[] = []): string {
  let clean = text
  for (const secret of known) clean = clean.replaceAll(secret, censored)
  // Most texts have nothing to look at.
  if (!/[:=]|bearer|basic|digest|token/i.test(clean)) return clean
  clean = clean
    .replace(address, (_, name: string, rest: string) => `${name}://${redactAddress(name, rest)}`)
    .replace(header, `$1$2${censored}`)
    .replace(scheme, (_, name: string) => `${name.trim()} ${censored}`)
  return redactAssigned(clean)
}

/** `token=abc`, `"token":"abc"`, `token: 'abc'` and `token: a1b2c3d4`, but not the prose of `unknown key: take another`. */
function redactAssigned(text: string): string {
  let clean = ''
  let end = 0
  // Up to here, what was looked at is prose: it is not read again for each name in it.
  let prose = 0
  // What is assigned to another name is looked at, too: it may hold assignments itself.
  for (const { 0: whole, 1: quote, 2: name, 3: sign, index } of text.matchAll(assigned)) {
    const start = index + whole.length
    const told = quote !== '' || sign!.includes('=')
    if (start < end || (start < prose && !told) || !isSecretName(name!)) continue
    assignedValue.lastIndex = start
    const value = assignedValue.exec(text)?.[0]
    if (value === undefined) continue
    if (!told && !/^\\*["']|^(?=.*\d).{8,}$/.test(value)) {
      prose = start + value.length
      continue
    }
    clean += text.slice(end, start) + censored
    end = start + value.length
  }
  return clean + text.slice(end)
}

function redactAddress(name: string, rest: string): string {
  const end = rest.search(/[?#]/)
  let authority = /^[^/?#]*/.exec(rest)![0]
  let path = rest.slice(authority.length, end === -1 ? undefined : Math.max(end, authority.length))
  let user = ''
  if (authority.includes('@')) {
    authority = authority.slice(authority.lastIndexOf('@') + 1)
    user = `${censored}@`
  } else if (!/^(\[[^\]]*\]|[^:]*)(:\d{0,5})?$/.test(authority.replace(/[),.;:]{1,9}$/, ''))) {
    // No host reads so: a password with a sign in it that ends a host.
    const at = rest.lastIndexOf('@')
    return at === -1 ? censored : `${censored}@${redactAddress(name, rest.slice(at + 1))}`
  }
  // A long segment of letters and digits is a secret as often as not (a bot's token, a claim's).
  if (name.toLowerCase() !== 'file')
    path = path.replace(/(?<=\/)(?=[^/]*\d)(?=[^/]*[A-Za-z])[^/]{24,}/g, (segment) =>
      /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(segment) ? segment : censored,
    )
  return `${user}${authority}${path}${end === -1 ? '' : `${rest[end]}${censored}`}`
}
