import { Secret, TOTP } from 'otpauth'
import { expect, test } from 'vitest'
import { createLogger } from '../../src/logger.ts'
import { canary, expectNoCanary } from '../setup/canary.ts'
import { cloneDatabase } from '../setup/database.ts'
import { startApp } from '../setup/http.ts'
import { pass } from '../setup/log-in.ts'

test('passwords, tokens, keys and secrets are in no log line, nor in a refusal', async () => {
  const db = await cloneDatabase()
  const lines: string[] = []
  const log = createLogger('trace', { write: (line) => lines.push(line) })
  const http = await startApp(db, { log })
  const refusals: string[] = []
  const secrets: string[] = []
  const ask = async (method: string, path: string, options: Parameters<typeof http.json>[2] = {}) => {
    const answer = await http.json(method, path, options)
    if (answer.status >= 400) refusals.push(JSON.stringify(answer.body))
    else
      for (const name of ['accessToken', 'refreshToken', 'key', 'secret'])
        if (answer.body?.[name]) secrets.push(answer.body[name])
    return answer
  }
  const email = 'canary@example.org'
  const password = canary('password')
  const headers = { 'idempotency-key': 'one' }
  await ask('POST', '/v1/users', { body: { email, password }, headers })
  await ask('POST', '/v1/users', { body: { email, password: canary('another password') }, headers })
  await ask('POST', '/v1/users', { body: { email, password: canary('taken') } })
  await ask('POST', '/v1/users', { body: { email, password: [canary('in a list')] } })
  await ask('POST', '/v1/users', {
    body: `{"email": "x", "password": "${canary('malformed')}`,
    headers: { 'content-type': 'application/json' },
  })
  await ask('POST', '/v1/users', { body: { email, [canary('as a field')]: 1 } }).then(() => refusals.pop())
  await ask('POST', '/v1/tokens', { body: { email, password: canary('wrong password') } })
  await ask('POST', '/v1/tokens', { body: { email: 'nobody@example.org', password: canary('of nobody') } })
  const { accessToken: token, refreshToken } = (
    await ask('POST', '/v1/tokens', { body: { email, password } })
  ).body
  await ask('GET', '/v1/users/me', { token })
  await ask('GET', '/v1/users/me', { token: `${token}x` })
  await ask('GET', '/v1/users/me', { token: canary('token') })
  await ask('GET', '/v1/users/me', { headers: { authorization: `Basic ${canary('authorization')}` } })
  await ask('GET', `/v1/users/me?access_token=${canary('query')}`)
  const { key, id } = (await ask('POST', '/v1/api-keys', { token, body: { name: 'n', scopes: ['admin'] } }))
    .body
  await ask('GET', '/v1/users/me', { token: key })
  const { secret } = (await ask('POST', '/v1/second-factor', { token, body: { password } })).body
  const code = () => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: http.time.now.getTime() })
  await ask('POST', '/v1/second-factor/confirm', { token, body: { code: code() } })
  await ask('POST', '/v1/tokens', { body: { email, password } })
  await ask('POST', '/v1/tokens', { body: { email, password, code: code() } })
  pass(http.time, 60)
  await ask('POST', '/v1/second-factor/remove', { token, body: { password, code: code() } })
  const newPassword = canary('new password')
  await ask('PUT', '/v1/users/me/password', {
    token,
    body: { currentPassword: canary('guess'), newPassword },
  })
  await ask('PUT', '/v1/users/me/password', { token, body: { currentPassword: password, newPassword } })
  await ask('DELETE', `/v1/api-keys/${id}`, { token })
  await ask('GET', '/v1/users/me', { token: key })
  for (let time = 0; time < 4; time++) await ask('POST', '/v1/tokens/refresh', { body: { refreshToken } })
  await ask('DELETE', '/v1/tokens', { body: { refreshToken } })
  await db.sql.end()
  expect((await ask('POST', '/v1/tokens', { body: { email, password } })).status).toBe(503)
  expect((await ask('GET', '/v1/users/me', { token })).status).toBe(503)

  const text = lines.join('')
  expect(text).toContain('a refresh token was shown again after its exchange')
  expect(text).toContain('a request could not be answered now')
  expect(lines.length).toBeGreaterThan(25)
  expect(refusals.length).toBeGreaterThan(12)
  expectNoCanary([text, ...refusals])
  expect(secrets.length).toBeGreaterThanOrEqual(6)
  for (const each of secrets)
    for (const part of each.split('.').filter((part) => part.length > 20)) {
      expect(text).not.toContain(part)
      expect(refusals.join('')).not.toContain(part)
    }
})
