import { randomBytes } from 'node:crypto'

/** Every secret that `canary` made in this process, and what it stands for. */
const made = new Map<string, string>()

/** A secret like no other, to be put where a secret belongs; `expectNoCanary` then finds where else it went. */
export function canary(name = 'secret'): string {
  const secret = randomBytes(24).toString('base64url')
  made.set(secret, name)
  return secret
}

/** Fails where a secret that `canary` made stands in one of the texts, as it is or as it is commonly encoded. */
export function expectNoCanary(texts: string | Uint8Array | Iterable<string | Uint8Array>): void {
  const list = typeof texts === 'string' || texts instanceof Uint8Array ? [texts] : [...texts]
  const found: string[] = []
  for (const each of list) {
    const text = typeof each === 'string' ? each : Buffer.from(each).toString('latin1')
    for (const [secret, name] of made) {
      for (const [encoding, needle] of encodings(secret)) {
        const at = text.indexOf(needle)
        if (at !== -1)
          found.push(
            `${name} (${encoding}) in: …${text.slice(Math.max(0, at - 60), at + needle.length + 20)}…`,
          )
      }
    }
  }
  if (found.length > 0) throw new Error(`secrets went astray:\n${found.join('\n')}`)
}

function encodings(secret: string): [string, string][] {
  const bytes = Buffer.from(secret)
  // Base64 depends on where in the bytes the secret begins; the middle is the same whatever stands around it.
  const base64 = [0, 1, 2].flatMap((offset): [string, string][] => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
    const middle = (text: string) => text.slice(offset === 0 ? 0 : 4, Math.floor(padded.length / 3) * 4)
    return [
      ['base64', middle(padded.toString('base64'))],
      ['base64url', middle(padded.toString('base64url'))],
    ]
  })
  return [
    ['as it is', secret],
    ['reversed', [...secret].reverse().join('')],
    ['hex', bytes.toString('hex')],
    ...base64,
  ]
}
