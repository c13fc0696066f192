import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from '../src/logger.ts'
import { canary, expectNoCanary } from './setup/canary.ts'

function capturing(level = 'trace') {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return {
    log: createLogger(level, destination),
    lines,
    last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>,
  }
}

const secret = canary()
const url = `https://ann:${secret}@bank.example/v1?token=${secret}`
const clean = 'https://[redacted]@bank.example/v1?[redacted]'

test('objects, messages and errors are redacted at every level', () => {
  const { log, lines, last } = capturing()
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
    log[level](
      { source: '7', url, request: { headers: { authorization: `Bearer ${secret}` } } },
      `asked ${url}`,
    )
    expect(last()).toMatchObject({
      source: '7',
      url: clean,
      request: { headers: { authorization: '[redacted]' } },
      msg: `asked ${clean}`,
    })
  }
  expect(lines).toHaveLength(6)
  expectNoCanary(lines)
})

test('an error, alone and among details, with its causes', () => {
  const { log, lines, last } = capturing()
  const error = new Error(`sync of ${url} failed`, {
    cause: new TypeError('fetch failed', { cause: { url } }),
  })
  const expected = {
    err: {
      type: 'Error',
      message: `sync of ${clean} failed`,
      cause: { type: 'TypeError', cause: { url: clean } },
    },
  }
  log.error(error)
  expect(last()).toMatchObject({ ...expected, msg: `sync of ${clean} failed` })
  log.error(error, 'said by itself')
  expect(last()).toMatchObject({ ...expected, msg: 'said by itself' })
  log.error({ err: error })
  expect(last()).toMatchObject({ ...expected, msg: `sync of ${clean} failed` })
  log.error({ failure: error }, 'under another name')
  expect(last()).toMatchObject({ failure: { message: `sync of ${clean} failed` } })
  expect(lines[0]).toContain('logger.test.ts')
  expectNoCanary(lines)
})

test('what is put into a message', () => {
  const { log, lines, last } = capturing()
  log.info('asked %s for token=%s and %o', url, secret, { password: secret })
  expect(last().msg).toMatch(
    /^asked https:\/\/\[redacted\]@bank\.example\/v1\?\[redacted\] for token=\[redacted\] and/,
  )
  log.info({ a: 1 }, 'asked %s', url)
  expect(last()).toMatchObject({ a: 1, msg: `asked ${clean}` })
  log.info('100% of %s')
  expect(last().msg).toBe('100% of %s')
  expectNoCanary(lines)
})

test('children, their children, and what is set on them later', () => {
  const { log, lines, last } = capturing()
  const child = log.child({ connector: 'simplefin', accessUrl: url, home: url })
  const grandchild = child.child({ config: { apiKey: secret } })
  grandchild.setBindings({ token: secret })
  grandchild.info({ key: secret }, url)
  expect(last()).toMatchObject({
    connector: 'simplefin',
    accessUrl: '[redacted]',
    home: clean,
    config: { apiKey: '[redacted]' },
    token: '[redacted]',
    key: '[redacted]',
    msg: clean,
  })
  expectNoCanary(lines)
})

test('what cannot be written does not throw, and nothing below the level is looked at', () => {
  const { log, lines } = capturing('warn')
  const never = {
    get looked(): never {
      throw new Error('looked')
    },
  }
  log.info(never, 'not written')
  expect(lines).toEqual([])
  log.warn(never, 'written')
  log.warn(undefined)
  log.warn(null as never)
  expect(lines).toHaveLength(3)
})
