import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeStartLock } from '../../src/db/start-lock.ts'
import { DatabaseUnavailableError } from '../../src/errors.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const take = (timeout = 30_000) => takeStartLock(folder, { path: '/usr/bin:/bin', timeout })

test('is held by one at a time', async () => {
  let holders = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      const release = await take()
      most = Math.max(most, ++holders)
      for (let i = 0; i < 5; i++) await turn()
      holders--
      await release()
    }),
  )
  expect(most).toBe(1)
  expect(await readdir(folder)).toHaveLength(1)
})

test.each([
  ['a process that is gone', '999999999 1 boot'],
  ['a process whose number belongs to another one now', `${process.pid} 1 an-earlier-boot`],
])('is taken over from %s', async (_, text) => {
  await writeFile(join(folder, 'start.7.lock'), text)
  await (await take())()
  expect(await readdir(folder)).toEqual(['start.8.lock'])
})

test('is taken over by one of many', async () => {
  await writeFile(join(folder, 'start.7.lock'), '999999999 1 boot')
  const first = await Promise.any([take(), take(), take()])
  await expect(take(0)).rejects.toBeInstanceOf(DatabaseUnavailableError)
  await first()
})

test('is refused after its time while another holds it', async () => {
  const release = await take()
  await expect(take(100)).rejects.toThrow(folder)
  await release()
})
