import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Claim } from '../../src/db/claims.ts'
import { freeSlots, settleSlots, takeSlots } from '../../src/db/request-budget.ts'
import type { ScopeLimit } from '../../src/scope-limit.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { newPerson } from '../setup/people.ts'

let db: TestDatabase
const claims: Claim[] = []
beforeAll(async () => {
  db = await cloneDatabase()
  for (let source = 0; source < 3; source++) {
    const { user, sourceId } = await newPerson(db)
    const [row] = await db.sql`
      UPDATE user_source SET lease_token = gen_random_uuid(), lease_until = '2030-01-01', running_lane = 1
      WHERE id = ${sourceId} RETURNING lease_token, source_type_id`
    claims.push({
      sourceId,
      connector: row!.source_type_id,
      userId: user.id,
      lane: 1,
      leaseToken: row!.lease_token,
      dueAt: new Date(),
    })
  }
})

const start = Date.parse('2024-06-15T12:00:00Z')
const timeout = 2000
let schedules = 0

const attempt = fc.record({
  /** Milliseconds since the one before: at once with it at times, as by many processes. */
  after: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
  source: fc.nat(2),
  lane: fc.constantFrom(0, 1, 2),
  /** Until the answer; undefined where the worker dies with the request under way. */
  answer: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined, freq: 5 }),
  /** When in between the provider counts the request. */
  counted: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('whoever asks for slots and whenever, no window of any scope is ever exceeded', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(attempt, { minLength: 10, maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 100, max: 1500 }),
      fc.boolean(),
      async (attempts, max, per, fixed) => {
        const name = `schedule ${schedules++}`
        const client: ScopeLimit = { scope: name, max, per, fixed, shared: true }
        const connectionOf = (source: number): ScopeLimit => ({
          scope: `${name} source ${source}`,
          max: 2,
          per: 500,
        })
        const requests: { source: number; at: number }[] = []
        const settling: { at: number; settle: () => Promise<void> }[] = []
        let now = start
        const settleUntil = async (instant: number) => {
          for (const due of settling.toSorted((a, b) => a.at - b.at)) {
            if (due.at > instant) break
            settling.splice(settling.indexOf(due), 1)
            await due.settle()
          }
        }
        const take = async ({ source, lane, answer, counted }: (typeof attempts)[number]) => {
          const at = now
          const claim = { ...claims[source]!, lane } as Claim
          const grant = await takeSlots(db.sql, claim, [client, connectionOf(source)], new Date(at), {
            timeoutSeconds: timeout / 1000,
            leaseSeconds: 100_000_000,
          })
          if (!grant.granted) {
            expect(grant.retryAt.getTime()).toBeGreaterThan(at)
            return
          }
          requests.push({ source, at: Math.round(at + counted * (answer ?? timeout)) })
          if (answer !== undefined)
            settling.push({
              at: at + answer,
              settle: () => settleSlots(db.sql, grant, new Date(at + answer)),
            })
        }
        for (let index = 0; index < attempts.length; ) {
          now += attempts[index]!.after
          await settleUntil(now)
          // All of one instant at once, on connections of their own.
          const together = [attempts[index++]!]
          while (attempts[index]?.after === 0) together.push(attempts[index++]!)
          await Promise.all(together.map(take))
        }
        const check = (limit: ScopeLimit, times: number[]) => {
          for (const from of limit.fixed
            ? times.map((at) => Math.floor(at / limit.per!) * limit.per!)
            : times) {
            const inside = times.filter((at) => at >= from && at < from + limit.per!)
            expect(inside.length).toBeLessThanOrEqual(limit.max!)
          }
        }
        check(
          client,
          requests.map(({ at }) => at),
        )
        for (const source of [0, 1, 2])
          check(
            connectionOf(source),
            requests.filter((each) => each.source === source).map(({ at }) => at),
          )
        expect(requests.length).toBeGreaterThan(0)
      },
    ),
    { numRuns: 25 },
  )
})

test('what was never asked has its whole budget, also where that is a single request', async () => {
  const limits = [1, 5].map((max) => ({ connector: `of ${max}`, scope: `fresh ${max}`, max, per: 1000 }))
  const free = await freeSlots(db.sql, limits, new Date(start))
  expect([...free].toSorted()).toEqual([
    ['of 1', { free: 1, freeAt: null }],
    ['of 5', { free: 5, freeAt: null }],
  ])
})

test('whoever waits behind a request under way looks again when it may have been answered', async () => {
  const limits: ScopeLimit[] = [{ scope: 'under way', max: 1, per: 1000, shared: true }]
  const lease = { timeoutSeconds: 35, leaseSeconds: 100_000_000 }
  expect(await takeSlots(db.sql, claims[0]!, limits, new Date(start), lease)).toMatchObject({ granted: true })
  expect(await takeSlots(db.sql, claims[1]!, limits, new Date(start + 10), lease)).toMatchObject({
    granted: false,
    retryAt: new Date(start + 1010),
  })
})
