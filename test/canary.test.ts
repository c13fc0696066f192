import { expect, test } from 'vitest'
import { canary, expectNoCanary } from './setup/canary.ts'

test('a secret is found as it is and as it is commonly encoded, whatever stands around it', () => {
  const secret = canary('the token')
  const around = ['', 'a', 'ab', 'abc'].map((before) => Buffer.from(`${before}${secret}:x`))
  const texts = [
    `x${secret}y`,
    encodeURIComponent(`?a=${secret}`),
    JSON.stringify({ secret }),
    ...around.flatMap((bytes) => [
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ]),
  ]
  for (const text of texts) {
    expect(() => expectNoCanary(['nothing', text]), text).toThrow(/^secrets went astray:\nthe token \(/)
  }
  expect(() => expectNoCanary(Buffer.from(secret))).toThrow()
  expectNoCanary(['nothing', secret.slice(1), Buffer.from(secret.slice(0, -1))])
})
