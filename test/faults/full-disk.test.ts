import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { asTidemarkError, connect } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { run } from '../../src/db/server-user.ts'
import { commandLine, csv, makeFolder, storedCounts } from '../cli/command.ts'
import { startApp } from '../setup/http.ts'
import { newPerson, now } from '../setup/people.ts'
import { isShort, seed } from './options.ts'
import { atEnd, startOwnServer, temporaryFolder } from './own-server.ts'
import { seededBy } from './seeded.ts'
import { createCounts, tell } from './tell.ts'

const path = process.env.PATH ?? ''
const fills = isShort ? 1 : 5
const importedRows = 20_000
const lanes = 3
const folder = makeFolder()

/** A file system of its own, which is soon full; undefined where this user may not make one. */
async function smallDisk(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const place = await temporaryFolder()
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=320m,mode=0711', 'tmpfs', place], { path })
  if (!mounted.ok) return undefined
  atEnd(async () => {
    // The last of the server's processes may be ending.
    for (let tries = 0; !(await run('umount', [place], { path })).ok && tries < 100; tries++) await wait(50)
  })
  return place
}

const disk = await smallDisk()
if (!disk)
  console.log('faults full disk: left out, as only root on Linux may make a file system of a given size')

test.skipIf(!disk)(
  `a disk that is full ${fills} times loses nothing that was acknowledged, and says so`,
  async () => {
    const seeded = seededBy(seed).fork('full disk')
    const server = await startOwnServer(
      { max_wal_size: '64MB', min_wal_size: '32MB', shared_buffers: '16MB', checkpoint_timeout: '30s' },
      disk!,
    )
    // As in main.ts: a connection that breaks while its types are asked for has nobody else to hear of it.
    const heard = (reason: unknown) => {
      if (asTidemarkError(reason) === reason) throw reason
    }
    process.prependListener('unhandledRejection', heard)
    atEnd(async () => process.off('unhandledRejection', heard))
    const url = await server.createDatabase('disk')
    const sql = connect(url, { max: 4 })
    atEnd(() => sql.end({ timeout: 1 }))
    const db = await prepareDatabase(sql, { url, rawRetentionDays: undefined, now })
    const app = await startApp(db, { sleep: (milliseconds) => wait(milliseconds) })
    const { user } = await newPerson(db)
    const token = await app.tokenFor(user.id)
    const { body: account } = await app.json('POST', '/v1/accounts', {
      token,
      body: { name: 'Cash', kind: 'cash' },
    })
    const command = commandLine(db, folder)
    const counts = createCounts()
    const breaches: string[] = []
    const acknowledged: string[] = []
    let stopping = false

    /** One entry after the other, each until it is acknowledged. */
    async function keepEntering(): Promise<void> {
      while (!stopping) {
        const key = randomUUID()
        for (;;) {
          const { status, body } = await app.json('POST', '/v1/transactions', {
            token,
            body: { accountId: account.id, amount: '1.5', description: `${key} ${'x'.repeat(400)}` },
            headers: { 'idempotency-key': key },
          })
          if (status === 201) break
          counts.add(body.type)
          if (status !== 503 && status !== 409) breaches.push(`${status} ${JSON.stringify(body)}`)
          await wait(20)
        }
        acknowledged.push(key)
      }
    }
    const load = Array.from({ length: lanes }, keepEntering)

    for (let fill = 0; fill < fills; fill++) {
      const importer = await newPerson(db)
      const rows = Array.from(
        { length: importedRows },
        (_, n) => `A,r${n},2024-05-${10 + (n % 20)},${n}.5,${'y'.repeat(60)}`,
      )
      const name = await command.file(`${fill}.csv`, csv('account,id,date,amount,description', ...rows))
      const importing = command.run('import', name, '--user', importer.user.email!)
      await wait(seeded.between(0, 1500))
      const ballast = await fillUp(join(disk!, 'ballast'))
      const before = total(counts)
      const imported = await importing
      const giveUp = performance.now() + 30_000
      while (total(counts) < before + 20 && performance.now() < giveUp) await wait(20)
      expect(total(counts)).toBeGreaterThan(before)
      counts.add(imported.code === 0 ? 'import done' : 'import refused')
      if (imported.code !== 0)
        expect([imported.code, imported.stderr]).toEqual([
          1,
          expect.stringMatching(/no disk space left: .* make room|not reachable or went away/),
        ])
      await rm(ballast)
      if (!(await server.isRunning())) {
        counts.add('server restarted')
        await server.start()
      }
      const known = acknowledged.length
      for (const late = performance.now() + 30_000; acknowledged.length < known + lanes + 1; await wait(20))
        if (performance.now() > late) throw new Error('nothing is acknowledged, though there is room again')
      for (
        let tries = 0;
        (await command.run('import', name, '--user', importer.user.email!)).code !== 0;
        tries++
      )
        expect(tries).toBeLessThan(20)
      expect(await storedCounts(db, importer.user.email!)).toMatchObject({ transactions: importedRows })
    }
    stopping = true
    await Promise.all(load)
    tell('full disk', { fills, acknowledged: acknowledged.length, counts })
    expect(breaches).toEqual([])
    const stored = await db.sql<{ key: string }[]>`
    SELECT split_part(description, ' ', 1) AS key FROM transaction WHERE account_id = ${account.id}`
    expect(stored.map(({ key }) => key).toSorted()).toEqual(acknowledged.toSorted())
  },
)

function total(counts: Map<string, number>): number {
  return [...counts].filter(([name]) => name.startsWith('urn:')).reduce((sum, [, count]) => sum + count, 0)
}

/** Writes until nothing more goes in. */
async function fillUp(file: string): Promise<string> {
  const handle = await open(file, 'w')
  try {
    for (let size = 1 << 20; size >= 512; ) {
      const written = await handle.write(Buffer.alloc(size)).then(
        ({ bytesWritten }) => bytesWritten === size,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOSPC') throw error
          return false
        },
      )
      if (!written) size >>= 1
    }
  } finally {
    await handle.close()
  }
  return file
}
