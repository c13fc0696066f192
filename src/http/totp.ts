import { Secret, TOTP } from 'otpauth'

/** Seconds for which a code is shown, and steps before and after the present one whose codes are taken. */
const period = 30
const window = 1

const settings = { issuer: 'Tidemark', algorithm: 'SHA1', digits: 6, period } as const

/** Codes by time, RFC 6238, as every authenticator makes them. 160 bits of secret: RFC 4226, section 4. */
export function makeTotp(label: string): { secret: string; uri: string } {
  const secret = new Secret({ size: 20 })
  return { secret: secret.base32, uri: new TOTP({ ...settings, label, secret }).toString() }
}

/** The time step of a code, counted from 1970; undefined where it is not one of the present ones. `secret` in base32. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const timestamp = now.getTime()
  const totp = new TOTP({ ...settings, secret: Secret.fromBase32(secret) })
  const delta = totp.validate({ token: code, timestamp, window })
  return delta === null ? undefined : totp.counter({ timestamp }) + delta
}
