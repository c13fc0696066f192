import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { connect } from '../../../src/db/client.ts'
import { commandLine, csv, storedState } from '../../cli/command.ts'
import { newPerson, now } from '../../setup/people.ts'
import { fillWorld, startSampleProvider } from '../../setup/sample-provider.ts'
import { connectSource, testScheduler } from '../../setup/scheduling.ts'
import { runAllDue, syncState } from '../../setup/sync-state.ts'
import { createVirtualClock } from '../../setup/virtual-clock.ts'
import type { Operation } from './operation.ts'

export const importsAndSyncs: Record<string, Operation> = {
  'an import by the command line': async ({ db, proxy, folder }) => {
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
  'a sync': async ({ db, proxy }) => {
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
}
