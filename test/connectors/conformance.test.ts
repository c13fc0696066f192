import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  type ConnectorFixture,
  conformanceCases,
  type EmulatorOptions,
} from '../../src/connectors/conformance/fixture.ts'
import { formatReport } from '../../src/connectors/conformance/report.ts'
import { runConformance } from '../../src/connectors/conformance/run.ts'
import type {
  BatchItem,
  Connector,
  ConnectorContext,
  PullRequest,
  SyncPage,
} from '../../src/connectors/connector.ts'
import { RateLimitedError, ReauthError, TransientError } from '../../src/connectors/errors.ts'
import type { HttpClient } from '../../src/connectors/http-client.ts'
import { providers } from '../../src/connectors/registry.ts'
import { fixture as skeleton } from '../../src/connectors/skeleton/fixture.ts'
import { negate } from '../../src/decimal.ts'
import type { Upsert } from '../../src/page.ts'

const subjects: Record<string, () => Promise<ConnectorFixture>> = { skeleton: async () => skeleton }
for (const [id, provider] of Object.entries(providers)) subjects[id] = provider.fixture

describe.each(Object.entries(subjects))('%s conforms', (_, load) => {
  for (const name of conformanceCases) {
    test(name, async (context) => {
      const [result] = await runConformance(await load(), { cases: [name], signal: context.signal })
      if (result!.outcome === 'left out') context.skip(result!.reason)
      expect(result).toEqual({ case: name, outcome: 'passed' })
    })
  }
})

/** The skeleton with a fault in it: the kit has to find each of these. */
describe('a broken connector fails', () => {
  const { connector } = skeleton

  const wrongSign = changingRows((row) => ({ ...row, amount: negate(row.amount) }))
  test('page-size and balances, with its signs the wrong way round', async () => {
    expect(await failures(wrongSign, ['page-size', 'balances'])).toEqual({
      'page-size': expect.stringMatching(/expected \d+ rows and got \d+; \d+ missing, the first: .+ -?\d/),
      balances: expect.stringContaining('too many, the first:'),
    })
  })

  test('page-size, where it loses the last page', async () => {
    const broken = changingPages((page, isFirst) =>
      page.groupEnd && !isFirst ? { ...page, changes: [] } : page,
    )
    expect(await failures(broken, ['page-size'])).toEqual({ 'page-size': expect.stringContaining('missing') })
  })

  test('refused-credentials, where it tries again after a 401', async () => {
    const broken = asking((http) => tryingAgain(http, ReauthError))
    expect(await failures(broken, ['refused-credentials'])).toEqual({
      'refused-credentials': expect.stringContaining('expected 1 request, and 2 were made'),
    })
  })

  test('rate-limited, where it tries again by itself', async () => {
    const broken = asking((http) => tryingAgain(http, RateLimitedError))
    expect(await failures(broken, ['rate-limited-seconds', 'rate-limited-silent'])).toEqual({
      'rate-limited-seconds': expect.stringContaining('expected a RateLimitedError'),
      'rate-limited-silent': expect.stringContaining('expected a RateLimitedError'),
    })
  })

  test('removed, where it does not tell of rows that are gone', async () => {
    const broken = changingPages((page) => ({
      ...page,
      changes: page.changes.filter(({ type }) => type !== 'window-complete'),
    }))
    expect(await failures(broken, ['removed'])).toEqual({ removed: expect.stringContaining('1 too many') })
  })

  test('balances, where amounts go through floating-point numbers', async () => {
    const broken = changingRows((row) => ({ ...row, amount: String(Number(row.amount)) }))
    expect(await failures(broken, ['page-size', 'balances'])).toEqual({
      balances: expect.stringContaining('9007199254740993'),
    })
  })

  test('interrupted, where a cursor in the middle of an account says that it is done', async () => {
    let pages = 0
    const broken = changingPages((page) => {
      const account = page.changes[0]?.account
      const { done } = page.cursor as { done: string[] }
      const cursor = { done: account === undefined ? done : [...done, account], after: null, page: pages++ }
      return { ...page, cursor, groupEnd: true }
    })
    expect(await failures(broken, ['interrupted'])).toEqual({
      interrupted: expect.stringMatching(/after a kill behind page \d+ of \d+: expected/),
    })
  })

  test('interrupted, where every page claims to be the whole of a window', async () => {
    const broken = changingPages((page) => ({ ...page, groupEnd: true }))
    expect(await failures(broken, ['page-size'])).toEqual({ 'page-size': expect.stringContaining('missing') })
  })

  test('twins, where a row is told by its content', async () => {
    const broken = changingRows((row) => ({ ...row, id: `${row.bookedOn} ${row.amount}` }))
    expect(await failures(broken, ['twins'])).toEqual({
      twins: expect.stringContaining('expected 2 times'),
    })
  })

  test('duplicate-ids and second-sync, where a row is told by its place', async () => {
    let place = 0
    const broken = changingRows((row) => ({ ...row, id: `${place++}` }))
    expect(await failures(broken, ['second-sync', 'duplicate-ids'])).toEqual({
      'second-sync': expect.stringContaining('should change nothing'),
      'duplicate-ids': expect.stringContaining('too many'),
    })
  })

  test('garbage-cursor, where what it does not know is nothing left to do', async () => {
    const broken: Connector = {
      ...connector,
      async *pull(context: ConnectorContext, request: PullRequest) {
        const { cursor } = request
        const isKnown = cursor === null || (typeof cursor === 'object' && 'done' in cursor)
        if (isKnown) yield* connector.pull(context as never, request)
      },
    }
    expect(await failures(broken, ['garbage-cursor'])).toEqual({
      'garbage-cursor': expect.stringContaining('with the cursor {"garbage":true} in the backfill'),
    })
  })

  test('malformed, where an answer that is cut off is one without rows', async () => {
    const broken = asking((http) => ({
      async request(url, request) {
        const response = await http.request(url, request)
        const json = () => {
          try {
            return response.json()
          } catch {
            return { accounts: [], transactions: [], next: null }
          }
        }
        return { ...response, json }
      },
    }))
    expect(await failures(broken, ['malformed'])).toEqual({
      malformed: expect.stringContaining('nothing was told'),
    })
  })

  test('edited, where the day of a row is that on which it was first seen', async () => {
    const days = new Map<string, string>()
    const broken = changingRows((row) => {
      const day = days.get(row.id) ?? row.bookedOn
      days.set(row.id, day)
      return { ...row, bookedOn: day }
    })
    expect(await failures(broken, ['edited'])).toEqual({
      edited: expect.stringContaining('booked a day earlier'),
    })
  })

  test('limits, where the manifest allows more than the provider does', async () => {
    const broken: Connector = {
      ...connector,
      limits: [{ scope: 'connection', max: 90, per: 60_000, kind: 'sliding' }],
    }
    expect(await failures(broken, ['limits'])).toEqual({ limits: expect.stringContaining('429') })
  })

  test('limits, where the emulator refuses nobody and so would show nothing', async () => {
    const patient = {
      ...skeleton,
      start: (options: EmulatorOptions) => skeleton.start({ ...options, limits: false }),
    }
    const [result] = await runConformance(patient, { cases: ['limits'] })
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('met no 429') })
  })

  test('interrupted, and says so, where no sync comes to its end at all', async () => {
    const broken = asking(() => ({ request: async () => Promise.reject(new TransientError('down')) }))
    const told = await failures(broken, ['interrupted', 'mid-pagination', 'second-sync'])
    expect(Object.values(told)).toHaveLength(3)
    for (const reason of Object.values(told)) expect(reason).toContain('TransientError: down')
  })

  test('any case in which a message tells a credential', async () => {
    const broken: Connector = {
      ...connector,
      async *pull(context: ConnectorContext, request: PullRequest) {
        try {
          yield* connector.pull(context as never, request)
        } catch {
          throw new TransientError(`failed with ${JSON.stringify(context.credentials)}`)
        }
      },
    }
    expect(await failures(broken, ['server-errors'])).toEqual({
      'server-errors': expect.stringContaining('tells a credential: it threw TransientError: failed with'),
    })
    expect((await failures(broken, ['server-errors']))['server-errors']).not.toContain('token-0')
  })

  test('with an error that is none of the typed ones', async () => {
    const broken = asking((http) => ({
      request: (url, request) =>
        http.request(url, request).catch(() => {
          throw new Error('oops')
        }),
    }))
    expect(await failures(broken, ['server-errors', 'malformed', 'refused-credentials'])).toEqual({
      'server-errors': expect.stringContaining('it threw Error: oops'),
      malformed: expect.stringContaining('it threw Error: oops'),
      'refused-credentials': expect.stringContaining('it threw Error: oops'),
    })
  })

  test('manifest, where the form to connect cannot be made', async () => {
    const broken: Connector = { ...connector, config: z.object({ since: z.date() }) }
    expect(await failures(broken, ['manifest'])).toEqual({
      manifest: expect.stringContaining('no JSON schema'),
    })
  })

  function changingPages(change: (page: SyncPage, isFirst: boolean) => SyncPage): Connector {
    return {
      ...connector,
      async *pull(context: ConnectorContext, request: PullRequest) {
        let isFirst = true
        for await (const page of connector.pull(context as never, request)) {
          yield change(page, isFirst)
          isFirst = page.groupEnd
        }
      },
    }
  }

  function changingRows(change: (row: Upsert) => Upsert): Connector {
    return changingPages((page) => ({
      ...page,
      changes: page.changes.map((each) => (each.type === 'upsert' ? change(each) : each)),
    }))
  }

  function asking(change: (http: HttpClient) => HttpClient): Connector {
    return {
      ...connector,
      pull: (context: ConnectorContext, request: PullRequest) =>
        connector.pull({ ...context, http: change(context.http) } as never, request),
    }
  }

  function tryingAgain(http: HttpClient, fault: new (...values: never[]) => Error): HttpClient {
    return {
      request: (url, request) =>
        http.request(url, request).catch((error: unknown) => {
          if (error instanceof fault) return http.request(url, request)
          throw error
        }),
    }
  }

  /** By case, why it failed; what passed is left out. */
  async function failures(
    broken: Connector,
    cases: (typeof conformanceCases)[number][],
  ): Promise<Record<string, string>> {
    const results = await runConformance({ ...skeleton, connector: broken }, { cases })
    return Object.fromEntries(
      results
        .filter(({ outcome }) => outcome === 'failed')
        .map((result) => [result.case, result.reason ?? '']),
    )
  }
})

describe('a connector that takes many connections in one request', () => {
  const batching = (order: (items: BatchItem[]) => BatchItem[]): ConnectorFixture => ({
    ...skeleton,
    connector: {
      ...skeleton.connector,
      batchMax: 10,
      async *pullBatch(items, context) {
        for (const item of order(items as BatchItem[])) {
          const saveCredentials = async () => {}
          for await (const page of skeleton.connector.pull(
            { ...context, ...item, saveCredentials } as never,
            item.request,
          ))
            yield { index: items.indexOf(item as never), page }
        }
      },
    },
  })

  test('is asked for one at a time and for a batch', async () => {
    const results = await runConformance(
      batching((items) => items),
      { cases: ['page-size', 'interrupted'] },
    )
    expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'passed'])
  })

  test('fails where it forgets one of the batch', async () => {
    const [result] = await runConformance(
      batching((items) => items.slice(0, 1)),
      { cases: ['page-size'] },
    )
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^in a batch: .*missing/),
    })
  })
})

describe('a connector whose token is good for one request', () => {
  const rotating: ConnectorFixture = {
    ...skeleton,
    connector: {
      ...skeleton.connector,
      credentials: z.object({ token: z.string(), turn: z.number() }),
      check: (context) => skeleton.connector.check(rotated(context)),
      accounts: (context) => skeleton.connector.accounts(rotated(context)),
      pull: (context, request) => skeleton.connector.pull(rotated(context), request),
    },
    start(options) {
      const emulated = skeleton.start(options)
      const turns = new Map<string, number>()
      const app = new Hono().all('*', async ({ req }) => {
        const owner = req.header('authorization') ?? ''
        const turn = turns.get(owner) ?? 0
        if (req.header('x-turn') !== String(turn)) return new Response('used up', { status: 401 })
        turns.set(owner, turn + 1)
        const answer = await emulated.app.fetch(req.raw)
        answer.headers.set('x-turn', String(turn + 1))
        return answer
      })
      const connection = (url: string, owner?: number) => {
        const given = emulated.connection(url, owner)
        return { ...given, credentials: { ...(given.credentials as object), turn: 0 } }
      }
      return { ...emulated, app, connection }
    },
  }
  const rotated = (context: ConnectorContext) => {
    const http: HttpClient = {
      async request(url, request) {
        const { credentials } = context as ConnectorContext<{ token: string; turn: number }>
        const headers = { ...request?.headers, 'x-turn': String(credentials.turn) }
        const answer = await context.http.request(url, { ...request, headers })
        await context.saveCredentials({ ...credentials, turn: Number(answer.headers.get('x-turn')) })
        return answer
      },
    }
    return { ...context, http } as never
  }

  test('goes on with what it saved, within a sync and in the next', async () => {
    const cases = ['page-size', 'second-sync', 'interrupted'] as const
    const results = await runConformance(rotating, { cases })
    expect(results).toEqual(cases.map((name) => ({ case: name, outcome: 'passed' })))
  })

  test('fails where it saves nothing', async () => {
    const { connector } = rotating
    const broken: Connector = {
      ...connector,
      pull: (context, request) => connector.pull({ ...context, saveCredentials: async () => {} }, request),
    }
    const [result] = await runConformance({ ...rotating, connector: broken }, { cases: ['page-size'] })
    expect(result).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('ReauthError') })
  })
})

test('a case is left out for a reason that the fixture gives, and for no other', async () => {
  const lacking = { ...skeleton, lacks: { removed: 'the provider never takes a row back' } }
  const results = await runConformance(lacking, { cases: ['manifest', 'removed'] })
  expect(results).toEqual([
    { case: 'manifest', outcome: 'passed' },
    { case: 'removed', outcome: 'left out', reason: 'the provider never takes a row back' },
  ])
  const unreasoned = { ...skeleton, lacks: { removed: '' } }
  const [manifest] = await runConformance(unreasoned, { cases: ['manifest'] })
  expect(manifest).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('without a reason') })
})

test('the report has a line for each case, the reasons beneath, and the counts', () => {
  expect(
    formatReport({ id: 'north-bank', title: 'North Bank' }, [
      { case: 'manifest', outcome: 'passed' },
      { case: 'twins', outcome: 'left out', reason: 'the provider merges them' },
      { case: 'edited', outcome: 'failed', reason: 'expected 2 rows and got 1' },
    ]),
  ).toBe(
    [
      'North Bank (north-bank)',
      '  ✓ manifest              passed',
      '  – twins                 left out',
      '      the provider merges them',
      '  ✗ edited                failed',
      '      expected 2 rows and got 1',
      '1 passed, 1 failed, 1 left out',
      '',
    ].join('\n'),
  )
})
