import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { asTidemarkError, connect } from '../../src/db/client.ts'
import { type Database, prepareDatabase } from '../../src/db/database.ts'
import { readNetWorth } from '../../src/db/net-worth.ts'
import { refreshRollups } from '../../src/db/rollups.ts'
import { TidemarkError } from '../../src/errors.ts'
import { commandLine, csv, makeFolder, storedState } from '../cli/command.ts'
import { startApp } from '../setup/http.ts'
import { ingest, newPerson, now, row } from '../setup/people.ts'
import { fillWorld, startSampleProvider } from '../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../setup/scheduling.ts'
import { runAllDue, syncState } from '../setup/sync-state.ts'
import { createVirtualClock } from '../setup/virtual-clock.ts'
import { isShort, rounds, seed } from './options.ts'
import { atEnd, type OwnServer, startOwnServer } from './own-server.ts'
import { seededBy } from './seeded.ts'
import { type Moment, type StatementProxy, startStatementProxy } from './statement-proxy.ts'
import { createCounts, tell } from './tell.ts'

/** Milliseconds after which an attempt is taken to have been lost. */
const longestAttempt = 20_000
const password = 'correct horse battery staple'
const folder = makeFolder()

let server: OwnServer
let proxy: StatementProxy
let db: Database

// postgres.js asks each new connection for its types, and leaves nobody to hear that the connection broke meanwhile;
// src/main.ts hears it for a process.
const heard = (reason: unknown) => {
  if (!(asTidemarkError(reason) instanceof TidemarkError)) throw reason
}

beforeAll(async () => {
  process.prependListener('unhandledRejection', heard)
  atEnd(async () => process.off('unhandledRejection', heard))
  // Backends end here, and never the server.
  server = await startOwnServer({ fsync: 'off' })
  const url = await server.createDatabase('dropped')
  proxy = await startStatementProxy(url)
  const sql = connect(url, { max: 4 })
  atEnd(() => sql.end({ timeout: 5 }))
  db = await prepareDatabase(sql, { url, rawRetentionDays: undefined, now })
})

/** One operation of somebody's, from a state of its own. */
interface Trial {
  /** Does it, through the proxy. Throws what is told to whoever asked for it. */
  attempt(): Promise<void>
  /** What there is of it, without what each trial numbers by itself; read beside the proxy. */
  state(): Promise<unknown>
  /** Other states that are whole: of an operation of several writes, each of which is one. */
  isWhole?(state: unknown): boolean
  end?(): Promise<unknown>
}

/** What an answer of the API is to whoever asked: done, or an error with its status. */
async function answered(asked: Promise<Response>): Promise<void> {
  const response = await asked
  const text = await response.text()
  if (response.ok) return
  throw Object.assign(new Error(`${response.status} ${text}`), {
    status: response.status,
    type: JSON.parse(text).type,
  })
}

/** The application, all of whose connections go through the proxy. */
async function proxiedApp() {
  const url = proxy.urlOf(db.url)
  const sql = connect(url, { max: 2 })
  const app = await startApp({ ...db, sql, url })
  return { ...app, end: () => sql.end({ timeout: 0 }) }
}

async function personWithToken() {
  const direct = await startApp(db)
  const { user, sourceId } = await newPerson(db)
  return { user, sourceId, direct, token: await direct.tokenFor(user.id) }
}

const operations: Record<string, () => Promise<Trial>> = {
  'an entry by hand': async () => {
    const { user, direct, token } = await personWithToken()
    const account = { token, body: { name: 'Cash', kind: 'cash' } }
    const { body } = await direct.json('POST', '/v1/accounts', account)
    const app = await proxiedApp()
    return {
      attempt: () =>
        answered(
          app.ask('POST', '/v1/transactions', {
            token,
            body: { accountId: body.id, amount: '12.5', description: 'once' },
            headers: { 'idempotency-key': 'once' },
          }),
        ),
      state: async () => [...(await stored(user.id))],
      end: app.end,
    }
  },
  'a change of the password': async () => {
    const direct = await startApp(db)
    const email = `${randomUUID()}@example.org`
    await direct.json('POST', '/v1/users', { body: { email, password } })
    const logIn = () => direct.json('POST', '/v1/tokens', { body: { email, password } })
    const [{ body }] = [await logIn(), await logIn()]
    const app = await proxiedApp()
    const [known] = await db.sql`SELECT password_hash AS hash FROM app_user WHERE email = ${email}`
    return {
      attempt: () =>
        answered(
          app.ask('PUT', '/v1/users/me/password', {
            token: body.accessToken,
            body: { currentPassword: password, newPassword: 'another horse battery staple' },
          }),
        ),
      state: async () => [
        ...(await db.sql`
          SELECT u.password_hash <> ${known!.hash} AS changed, count(*) FILTER (WHERE s.revoked_at IS NOT NULL)::int AS ended
          FROM app_user u JOIN session s ON s.user_id = u.id WHERE u.email = ${email} GROUP BY u.id`),
      ],
      end: app.end,
    }
  },
  'the rotation of a refresh token': async () => {
    const direct = await startApp(db)
    const email = `${randomUUID()}@example.org`
    await direct.json('POST', '/v1/users', { body: { email, password } })
    const { body } = await direct.json('POST', '/v1/tokens', { body: { email, password } })
    const app = await proxiedApp()
    return {
      attempt: () =>
        answered(app.ask('POST', '/v1/tokens/refresh', { body: { refreshToken: body.refreshToken } })),
      state: async () => [
        ...(await db.sql`
          SELECT count(*)::int AS tokens, count(t.rotated_at)::int AS rotated, count(s.revoked_at)::int AS ended
          FROM refresh_token t JOIN session s ON s.id = t.session_id JOIN app_user u ON u.id = s.user_id
          WHERE u.email = ${email}`),
      ],
      end: app.end,
    }
  },
  'the removal of a source with its history': async () => {
    const { user, sourceId, token } = await personWithToken()
    await ingest(db, sourceId, [row('a', '2024-05-01', '5'), row('b', '2024-06-01', '7')])
    const app = await proxiedApp()
    return {
      attempt: () => answered(app.ask('DELETE', `/v1/sources/${sourceId}?history=remove`, { token })),
      state: async () => [...(await stored(user.id))],
      end: app.end,
    }
  },
  'a dead letter that is run again': async () => {
    const { user, sourceId, token } = await personWithToken()
    const at = now.toISOString()
    const [letter] = await db.sql`
      INSERT INTO dead_letter (source_id, kind, request, failure_key, code, error, attempts, created_at, updated_at)
      VALUES (${sourceId}, 'fetch', '{"mode": "incremental"}', ${randomUUID()}, 'transient', 'no answer', 5, ${at}, ${at})
      RETURNING id`
    const app = await proxiedApp()
    return {
      attempt: () =>
        answered(
          app.ask('POST', `/v1/dead-letters/${letter!.id}/retry`, {
            token,
            headers: { 'idempotency-key': 'again' },
          }),
        ),
      state: async () => [
        ...(await db.sql`
          SELECT d.status, s.next_sync_at IS NOT NULL AS due, s.lane
          FROM dead_letter d JOIN user_source s ON s.id = d.source_id WHERE s.user_id = ${user.id}`),
      ],
      end: app.end,
    }
  },
  'an import by the command line': async () => {
    const { user } = await newPerson(db)
    const command = commandLine({ url: proxy.urlOf(db.url) }, folder)
    const rows = Array.from(
      { length: 40 },
      (_, n) => `A,r${n},2024-05-${String(1 + (n % 28)).padStart(2, '0')},${n}.5`,
    )
    const name = await command.file(`${user.id}.csv`, csv('account,id,date,amount', ...rows))
    return {
      async attempt() {
        const { code, stderr } = await command.run('import', name, '--user', user.email!)
        if (code === 0) return
        expect(stderr).not.toContain('internal error')
        throw Object.assign(new Error(stderr), { status: code === 1 ? 503 : 400 })
      },
      state: () => storedState(db, user.email!),
    }
  },
  'a sync': async () => {
    const id = `sync-${randomUUID().slice(0, 8)}`
    const clock = createVirtualClock(now)
    const connector = {
      id,
      limits: [{ scope: 'client', max: 3, per: 10_000, kind: 'sliding' } as const],
      history: { windowDays: 20, maxDays: 40 },
      schedule: { dailyAt: '04:00', timeZone: 'UTC' } as const,
      balances: true,
    }
    const provider = await startSampleProvider({ ...connector, clock: clock.now, enforceLimits: false })
    fillWorld(provider.world, '2024-06-15', 40)
    const { user } = await newPerson(db)
    await connectSource(db, user.id, provider, clock)
    const sql = connect(proxy.urlOf(db.url), { max: 2 })
    const through = { ...db, sql }
    return {
      async attempt() {
        const scheduler = testScheduler(through, clock, [provider], {
          sleep: async (milliseconds) => clock.moveTo(new Date(clock.now().getTime() + milliseconds)),
          smooth: async () => () => {},
        })
        await runAllDue(scheduler, db, clock, id, new Date('2024-06-15T23:00:00Z')).catch(
          (error: unknown) => {
            // Another worker takes it up behind the end of the lease.
            clock.moveTo(new Date(clock.now().getTime() + 120_000))
            throw error
          },
        )
      },
      state: () => syncState(db, id),
      // Of the head and of backfill each, a window is there or not; crash.test.ts looks closer.
      isWhole: (state) =>
        [0, 19, 39, 40].includes(
          (state as { rows: { kind: string }[] }).rows.filter(({ kind }) => kind === 'other').length,
        ),
      end: () => Promise.all([sql.end({ timeout: 0 }), provider.close()]),
    }
  },
  'a refresh of the aggregates': async () => {
    await refreshRollups(db.sql, db.engine)
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('a', '2024-02-01', '5'), row('b', '2024-06-01', '7')])
    const sql = connect(proxy.urlOf(db.url), { max: 2 })
    return {
      attempt: async () => {
        await refreshRollups(sql, db.engine)
      },
      state: async () => {
        const [dirty] =
          await db.sql`SELECT count(*)::int AS marks FROM rollup_dirty WHERE user_id = ${user.id}`
        const worth = { userId: user.id, currency: 'EUR', to: '2024-06-15', interval: 'month' } as const
        const { points } = await readNetWorth(db.sql, worth)
        return { ...dirty, points: points.map(({ date, netWorth }) => `${date} ${netWorth}`) }
      },
      end: () => sql.end({ timeout: 0 }),
    }
  },
}

operations['the migrations of an empty database'] = async () => {
  const url = await server.createEmpty(`empty_${randomUUID().replaceAll('-', '')}`)
  const direct = connect(url, { max: 1 })
  return {
    async attempt() {
      const through = connect(proxy.urlOf(url), { max: 2 })
      await prepareDatabase(through, { url, rawRetentionDays: undefined, now }).finally(() =>
        through.end({ timeout: 0 }),
      )
    },
    state: async () => [
      ...(await direct`
        SELECT relkind::text AS kind, relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY kind, name`),
    ],
    // Each file of definitions is a statement; test/db/migrate.test.ts looks at what is recorded of them.
    isWhole: () => true,
    end: () => direct.end({ timeout: 0 }),
  }
}

/** Steps of the long ones: there, every so many statements are met, which ones by chance. */
const strides: Record<string, number> = {
  'an import by the command line': 3,
  'the migrations of an empty database': 6,
}

/** What a user has, and what it adds up to. */
async function stored(userId: string) {
  const counts = await db.sql`
    SELECT (SELECT count(*)::int FROM transaction WHERE user_id = u.id) AS transactions,
      (SELECT count(*)::int FROM transaction_ref WHERE user_id = u.id) AS refs,
      (SELECT count(*)::int FROM account WHERE user_id = u.id) AS accounts,
      (SELECT count(*)::int FROM user_source WHERE user_id = u.id) AS sources
    FROM app_user u WHERE u.id = ${userId}`
  const worth = { userId, currency: 'EUR', from: '2024-06-15', to: '2024-06-15', interval: 'day' } as const
  const { points } = await readNetWorth(db.sql, worth)
  return [{ ...counts[0] }, points[0]!.netWorth]
}

/** Whether the attempt is done, may be tried again, or was given up by this test because nothing was heard of it. */
async function outcomeOf(trial: Trial): Promise<'done' | 'refused' | 'lost'> {
  let timer: NodeJS.Timeout | undefined
  const lost = new Promise<'lost'>((resolve) => {
    timer = setTimeout(() => resolve('lost'), longestAttempt)
  })
  const asked = trial.attempt().then(
    () => 'done' as const,
    (error: unknown) => {
      expect(typedFault(error), String((error as Error).stack)).toBe(true)
      return 'refused' as const
    },
  )
  const outcome = await Promise.race([asked, lost])
  clearTimeout(timer)
  return outcome
}

/** One that says what it is: an answer of the API below 500 or 503, an error that a command has a sentence for. */
function typedFault(error: unknown): boolean {
  if (error instanceof Error && 'status' in error && !(error instanceof TidemarkError))
    return Number(error.status) < 500 || error.status === 503
  return asTidemarkError(error) instanceof TidemarkError
}

/** In a short form, some of the statements. */
const mostStatements = isShort ? 8 * rounds : Number.POSITIVE_INFINITY

describe('a connection that breaks at any statement leaves what was before or what is after, and a repeat completes it', () => {
  for (const [name, prepare] of Object.entries(operations)) {
    test(name, async () => {
      const seeded = seededBy(seed).fork(name)
      const counts = createCounts()
      const stride = isShort ? 8 : (strides[name] ?? 1)
      proxy.dropAt(Number.POSITIVE_INFINITY, 'before')
      const undisturbed = await prepare()
      const before = await undisturbed.state()
      expect(await outcomeOf(undisturbed)).toBe('done')
      const after = await undisturbed.state()
      await undisturbed.end?.()

      for (const moment of ['before', 'after'] as Moment[]) {
        for (let statement = 1; ; statement += seeded.between(1, stride)) {
          proxy.dropAt(Number.POSITIVE_INFINITY, moment)
          const trial = await prepare()
          const place = `${moment} statement ${statement}`
          proxy.dropAt(statement, moment)
          const outcome = await outcomeOf(trial)
          const dropped = proxy.dropped()
          counts.add(dropped ? outcome : 'undisturbed')
          proxy.dropAt(Number.POSITIVE_INFINITY, moment)
          const between = await trial.state()
          const whole = [before, after].map((each) => JSON.stringify(each)).includes(JSON.stringify(between))
          expect(
            whole || trial.isWhole?.(between),
            `${place}: ${JSON.stringify(between).slice(0, 500)}`,
          ).toBe(true)
          for (
            let tries = 0;
            JSON.stringify(await trial.state()) !== JSON.stringify(after) && tries < 10;
            tries++
          ) {
            counts.add('retries')
            expect(await outcomeOf(trial), place).not.toBe('lost')
          }
          // Once more, behind everything: it stays.
          expect(await outcomeOf(trial), place).not.toBe('lost')
          expect(await trial.state(), place).toEqual(after)
          await trial.end?.()
          if (!dropped || statement > mostStatements) break
        }
      }
      tell(`dropped connections, ${name}`, { outcomes: counts })
      expect(counts.get('lost') ?? 0).toBe(0)
    })
  }
})
