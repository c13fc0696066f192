import { beforeAll, describe, expect, test } from 'vitest'
import { maxAttempts } from '../../src/connectors/backoff.ts'
import type { TransportFault } from '../../src/connectors/emulator/faults.ts'
import type { World } from '../../src/connectors/emulator/world.ts'
import { listDeadLetters, retryDeadLetters } from '../../src/db/dead-letters.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'
import { type SampleOptions, type SampleProvider, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { countingSteps, testProcess } from '../setup/test-process.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await cloneDatabase()
})

const start = new Date('2024-06-15T12:00:00Z')
const day = (ago: number) =>
  `${new Date(start.getTime() - ago * 86_400_000).toISOString().slice(0, 10)}T10:00:00.000Z`

/** Three requests for the rows of the head and one for balances, three of backfill; of the feed, three and one. */
const shapes = {
  windows: { balances: true, history: { windowDays: 20, maxDays: 40, mutableDays: 10 } },
  feed: { balances: true },
} satisfies Record<string, Partial<SampleOptions>>
const positions = {
  windows: {
    'first of the head': 0,
    'a middle one of the head': 1,
    'last of the head': 2,
    'first of backfill': 4,
    'a middle one of backfill': 5,
    'last of backfill': 6,
  },
  feed: { 'first of the head': 0, 'a middle one of the head': 1, 'last of the head': 2 },
}

function fill(world: World): void {
  world.openAccount({ id: 'A', name: 'Account A', kind: 'checking', asset: 'EUR' })
  world.setOpening('A', 'EUR', '100')
  // One of tomorrow: it is that already where the provider is, or its clock is wrong.
  for (const ago of [39, 38, 37, 33, 30, 26, 22, 21, 15, 12, 9, 4, 3, 2, 1, -1])
    world.put({ account: 'A', id: `row ${ago}`, occurredAt: day(ago), amount: `${ago}.5` })
}

type Shape = keyof typeof shapes
let trials = 0

async function prepare(shape: Shape, more: Partial<SampleOptions> = {}) {
  const id = `fault-${trials++}`
  const clock = createVirtualClock(start)
  const provider = await startSampleProvider({
    schedule: { dailyAt: '04:00', timeZone: 'UTC' },
    pageSize: shape === 'feed' ? 6 : 3,
    ...shapes[shape],
    ...more,
    id,
    clock: clock.now,
  })
  fill(provider.world)
  const { user } = await newPerson(db)
  const sourceId = await connectSource(db, user.id, provider, clock)
  const run = (horizon = '2024-06-15T23:00:00Z') =>
    runAllDue(
      testProcess(db, clock, [provider], countingSteps().around, { requestTimeout: 200 }),
      db,
      clock,
      id,
      new Date(horizon),
    )
  return { id, clock, provider, sourceId, run }
}
type Trial = Awaited<ReturnType<typeof prepare>>

/** Runs what became a dead letter again, as long as there is one. */
async function healed({ id, sourceId, clock, run }: Trial) {
  for (let round = 0; round < 3; round++) {
    if ((await listDeadLetters(db.sql, { sourceId })).length === 0) break
    expect(await retryDeadLetters(db.sql, { sourceId }, clock.now())).toBeGreaterThan(0)
    await run()
  }
  return syncState(db, id, { worth: false })
}

interface Answer {
  rows?: { id?: string; row?: unknown }[]
  events?: { sequence: string; type: string; row: object }[]
  more?: boolean
}
const rewriting =
  (change: (answer: Answer, provider: SampleProvider) => unknown) => (provider: SampleProvider) =>
    ({
      kind: 'rewritten',
      rewrite: (body) => JSON.stringify(change(JSON.parse(body), provider)),
    }) satisfies TransportFault
const itemsOf = (answer: Answer): object[] => (answer.rows ?? answer.events)!
const withItems = (answer: Answer, items: object[]) => ({
  ...answer,
  ...(answer.rows ? { rows: items } : { events: items }),
})
const status =
  (code: number, headers: Record<string, string> = {}, body = '') =>
  (): TransportFault => ({
    kind: 'status',
    status: code,
    headers,
    body,
  })

/** Each is met once; behind it the provider is well again. `only`: what the protocol makes possible. */
const faults: Record<string, ((provider: SampleProvider) => TransportFault) & { only?: Shape }> = {
  '429 without Retry-After': status(429),
  '429 with Retry-After in seconds': status(429, { 'retry-after': '40' }),
  '429 with Retry-After as a date': status(429, { 'retry-after': 'Sat, 15 Jun 2024 12:03:00 GMT' }),
  '429 by a clock that is hours ahead': status(429, { 'retry-after': 'Sat, 15 Jun 2024 21:01:00 GMT' }),
  '429 by a clock that is a day behind': status(429, { 'retry-after': 'Fri, 14 Jun 2024 12:01:00 GMT' }),
  'status 500': status(500),
  'status 503': status(503),
  'status 503 with Retry-After': status(503, { 'retry-after': '40' }),
  'status 404': status(404),
  'no answer, the request unheard': () => ({ kind: 'silence', when: 'before' }),
  'no answer, the request heard': () => ({ kind: 'silence', when: 'after' }),
  'a reset, the request unheard': () => ({ kind: 'reset', when: 'before' }),
  'a reset, the request heard': () => ({ kind: 'reset', when: 'after' }),
  'truncated JSON': () => ({ kind: 'truncated' }),
  'HTML with status 200': status(200, { 'content-type': 'text/html' }, '<html>Back soon</html>'),
  'an error with status 200': status(200, {}, '{"error":"internal"}'),
  'an empty body': status(200),
  'a row of a wrong type': rewriting((answer) => {
    const items = itemsOf(answer)
    const broken =
      'row' in items[0]!
        ? { ...items[0], row: { ...(items[0].row as object), amount: {} } }
        : { ...items[0], amount: {} }
    return withItems(answer, [broken, ...items.slice(1)])
  }),
  'a row whose amount is none': rewriting((answer) => {
    const items = itemsOf(answer)
    const amount = '1,5 \u{1f600}'
    const broken =
      'row' in items[0]!
        ? { ...items[0], row: { ...(items[0].row as object), amount } }
        : { ...items[0], amount }
    return withItems(answer, [broken, ...items.slice(1)])
  }),
  'an envelope of a wrong type': rewriting((answer) => withItems(answer, { 0: 'rows' } as never)),
  'duplicate rows': rewriting((answer) => withItems(answer, [...itemsOf(answer), ...itemsOf(answer)])),
  'a page that overlaps its neighbours': rewriting((answer, { world }) => {
    const items = itemsOf(answer) as { id: string; sequence: string }[]
    const all: object[] = answer.rows
      ? world.rows()
      : world.events().map((event) => ({ ...event, sequence: event.sequence }))
    const at = all.findIndex((each) =>
      answer.rows
        ? (each as { id: string }).id === items[0]!.id
        : (each as { sequence: number }).sequence === Number(items[0]!.sequence),
    )
    // Rows of the page before, which were read already.
    return withItems(answer, [...all.slice(Math.max(0, at - 2), at), ...items])
  }),
  'an empty page behind the last one': rewriting((answer) => ({ ...answer, more: true })),
  'an empty page in the middle': Object.assign(
    rewriting((answer) => withItems({ ...answer, more: true }, [])),
    { only: 'feed' as const },
  ),
  'a cursor that goes in a circle': Object.assign(
    rewriting((answer, { world }) => ({ ...answer, more: true, events: world.events().slice(0, 2) })),
    { only: 'feed' as const },
  ),
  'rows out of order': rewriting((answer) => withItems(answer, itemsOf(answer).toReversed())),
  'a body of 10 MB': () => ({
    kind: 'rewritten',
    rewrite: (body) => body.replace('{', `{${' '.repeat(10_000_000)}`),
  }),
  'a body of 10 MB that says nothing': () => ({ kind: 'oversized', bytes: 10_000_000 }),
}

/** What comes of it without a fault. */
const references: Partial<Record<Shape, Awaited<ReturnType<typeof syncState>>>> = {}
beforeAll(async () => {
  for (const shape of ['windows', 'feed'] as const) {
    const reference = await prepare(shape)
    await reference.run()
    const state = await syncState(db, reference.id, { worth: false })
    expect(state.rows.filter(({ kind }) => kind === 'other')).toHaveLength(16)
    await reference.provider.close()
    references[shape] = state
  }
})

for (const shape of ['windows', 'feed'] as const) {
  describe(`met once, at the first, a middle and the last request: ${shape}`, () => {
    for (const [name, fault] of Object.entries(faults)) {
      if (fault.only !== undefined && fault.only !== shape) continue
      test(name, async () => {
        const expected = references[shape]
        await Promise.all(
          Object.entries(positions[shape]).map(async ([position, skip]) => {
            const trial = await prepare(shape)
            trial.provider.faults.plan(fault(trial.provider), skip)
            await trial.run()
            expect(trial.provider.faults.met(), position).toBe(1)
            expect(await healed(trial), position).toEqual(expected)
            await trial.provider.close()
          }),
        )
      })
    }
  })
}

/** What changes at the provider while it is read, or lies at last; its final world is what must be stored. */
const changes: Record<string, (world: World) => void> = {
  'an id that changes, which is told': (world) => {
    const [row] = world.rows().filter(({ id }) => id === 'row 2')
    world.put({ ...row!, id: 'renamed', replaces: 'row 2' })
    world.remove('A', 'row 2')
  },
  'an id that changes, which is not told': (world) => {
    const [row] = world.rows().filter(({ id }) => id === 'row 2')
    world.remove('A', 'row 2')
    world.put({ ...row!, id: 'renamed' })
  },
  'an amount that is edited': (world) => {
    const [row] = world.rows().filter(({ id }) => id === 'row 1')
    world.put({ ...row!, amount: '-1000' })
  },
  'a row that moves to another day': (world) => {
    const [row] = world.rows().filter(({ id }) => id === 'row 1')
    world.put({ ...row!, occurredAt: day(3) })
  },
  'a row that is deleted': (world) => world.remove('A', 'row 1'),
  'a row that is deleted and comes back': (world) => {
    const [row] = world.rows().filter(({ id }) => id === 'row 1')
    world.remove('A', 'row 1')
    world.put(row!)
  },
}

for (const shape of ['windows', 'feed'] as const) {
  describe(`changed in front of the first, a middle and the last request: ${shape}`, () => {
    for (const [name, change] of Object.entries(changes)) {
      test(name, async () => {
        const contents = async ({ id, run }: Trial) => {
          // The day after tells what the day before could not know yet.
          await run('2024-06-16T23:00:00Z')
          const { rows, worth, letters } = await syncState(db, id)
          return { rows, worth, letters }
        }
        // Balances that were told before rows of the past change would tell of another opening.
        const balances = false
        const reference = await prepare(shape, { balances })
        change(reference.provider.world)
        const expected = await contents(reference)
        await reference.provider.close()
        await Promise.all(
          Object.entries(positions[shape]).map(async ([position, skip]) => {
            let request = 0
            const at = skip < 4 ? skip : skip - 1
            const trial = await prepare(shape, {
              balances,
              onRequest: (_, moment) => {
                if (moment === 'arrived' && request++ === at) change(trial.provider.world)
              },
            })
            expect(await contents(trial), position).toEqual(expected)
            await trial.provider.close()
          }),
        )
      })
    }
  })
}

describe('a fetch that fails for good', () => {
  for (const [position, skip] of Object.entries(positions.windows)) {
    test(`${position}: it becomes a dead letter, the rest is read, and run again it leaves no trace`, async () => {
      const trial = await prepare('windows')
      const { provider, sourceId } = trial
      const isHead = skip < 4
      // As many as it takes: an attempt begins its window anew, so that it meets the fault behind the pages before.
      for (let attempt = 0; attempt < maxAttempts; attempt++)
        provider.faults.plan({ kind: 'status', status: 500 }, attempt === 0 ? skip : isHead ? skip : skip - 4)
      await trial.run()
      expect(provider.faults.met()).toBe(maxAttempts)
      expect(await listDeadLetters(db.sql, { sourceId })).toMatchObject([
        {
          kind: 'fetch',
          code: 'transient',
          attempts: maxAttempts,
          request: { mode: isHead ? 'incremental' : 'backfill' },
        },
      ])
      expect(await healed(trial)).toEqual(references.windows)
      await provider.close()
    })
  }
})

test('a letter that is run again and fails otherwise does not run for ever', async () => {
  const trial = await prepare('windows')
  const { provider, sourceId } = trial
  const breaking = (amount: string): TransportFault => ({
    kind: 'rewritten',
    rewrite: (body) => body.replace(`"amount":"${amount}"`, '"amount":"none"'),
  })
  provider.faults.plan(breaking('3.5'), 1)
  await trial.run()
  const [first] = await listDeadLetters(db.sql, { sourceId })
  await retryDeadLetters(db.sql, { sourceId }, trial.clock.now())
  // Now it is another row of the window that cannot be read.
  provider.faults.plan(breaking('4.5'), 1)
  const requests = provider.traffic.requests().length
  await trial.run()
  expect(provider.traffic.requests().length - requests).toBeLessThan(10)
  const letters = await listDeadLetters(db.sql, { sourceId })
  // The row of the first letter is read by now; the other one has its own.
  expect(letters.map(({ status }) => status)).toEqual(['open'])
  expect(letters.map(({ id }) => id)).not.toContain(first!.id)
  expect(await healed(trial)).toEqual(references.windows)
  await provider.close()
})

test('texts that the database does not take are stored as far as it does, and take no page with them', async () => {
  const trial = await prepare('feed')
  const { provider, sourceId } = trial
  // As JSON writes them: half of an emoji, where a provider cut the text, and a NUL.
  const texts = { 'row 39': 'cut \\ud83d', 'row 38': 'nul \\u0000 here', 'row 37': '\\ude00 begins' }
  provider.faults.plan({
    kind: 'rewritten',
    rewrite: (body) => {
      let text = body
        .replace('"amount":"33.5"', `"amount":"\\u0000${'9'.repeat(37)}\\ud83d\\ude00"`)
        .replace('"name":"Account A"', '"name":"Account \\ud83d\\u0000"')
      for (const [row, description] of Object.entries(texts))
        text = text.replace(`"id":"${row}",`, `"id":"${row}","description":"${description}",`)
      return text
    },
  })
  await trial.run()
  const { rows, letters } = await syncState(db, trial.id)
  expect(letters).toEqual([{ kind: 'record', code: 'partial', status: 'open' }])
  expect(rows.filter(({ kind }) => kind === 'other')).toHaveLength(15)
  expect(
    rows.flatMap(({ description, kind }) => (kind === 'other' && description !== null ? [description] : [])),
  ).toEqual(['cut \ufffd', 'nul   here', '\ufffd begins'])
  const [letter] = await listDeadLetters(db.sql, { sourceId })
  expect(letter!.error).toContain('is not a decimal amount')
  await healed(trial)
  expect((await syncState(db, trial.id)).rows.filter(({ kind }) => kind === 'other')).toHaveLength(16)
  await provider.close()
})

test('a provider whose clock is a day ahead says until when it refuses: it is asked again a day later at most', async () => {
  for (const shape of ['windows', 'feed'] as const) {
    const contents = async ({ id, run }: Trial) => {
      await run('2024-06-17T23:00:00Z')
      const { rows, worth, letters } = await syncState(db, id)
      return { rows, worth, letters }
    }
    const reference = await prepare(shape)
    const trial = await prepare(shape)
    trial.provider.faults.plan({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': 'Mon, 17 Jun 2024 12:01:00 GMT' },
    })
    expect(await contents(trial)).toEqual(await contents(reference))
    await Promise.all([reference.provider.close(), trial.provider.close()])
  }
})
