import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseUnavailableError } from '../errors.ts'
import { writePrivate } from './server-files.ts'
import { run } from './server-user.ts'

const NAME = /^start\.(\d+)\.lock$/
const FREE = 'free'

/**
 * Holds off other processes from starting or stopping the same server; released by calling what it returns, or by the
 * end of the process, however it ends.
 *
 * The lock is the file `start.<n>.lock` with the highest n, which names its holder. Whoever finds it free, or
 * its holder gone, makes number n + 1: `link` lets one succeed. Only lower numbers are ever removed, so one who
 * made a number that had been used and removed before sees a higher one and steps back.
 */
export async function takeStartLock(
  folder: string,
  { path, timeout }: { path: string; timeout: number },
): Promise<() => Promise<void>> {
  const holder = `${process.pid} ${await processStart(process.pid, path)}`
  const mine = join(folder, `start.${randomUUID()}.tmp`)
  const end = performance.now() + timeout
  await writePrivate(mine, holder)
  try {
    for (;;) {
      const last = Math.max(0, ...(await numbers(folder)))
      if (last === 0 || (await isFree(folder, last, path))) {
        const next = join(folder, `start.${last + 1}.lock`)
        const made = await link(mine, next).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'EEXIST') return false
            throw error
          },
        )
        if (made && Math.max(...(await numbers(folder))) === last + 1) {
          for (const old of await numbers(folder)) {
            if (old <= last) await rm(join(folder, `start.${old}.lock`), { force: true })
          }
          return async () => {
            const free = join(folder, `start.${randomUUID()}.tmp`)
            await writePrivate(free, FREE)
            await rename(free, next)
          }
        }
        if (made) await rm(next, { force: true })
        continue
      }
      if (performance.now() > end) {
        throw new DatabaseUnavailableError(
          `Another process has been starting or stopping the database in ${folder} for too long: try again.`,
        )
      }
      await wait(50)
    }
  } finally {
    await rm(mine, { force: true })
  }
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN) || [])
}

async function isFree(folder: string, number: number, path: string): Promise<boolean> {
  const text = await readFile(join(folder, `start.${number}.lock`), 'utf8').catch(() => FREE)
  const [pid = '', ...start] = text.split(' ')
  return pid === FREE || (await processStart(Number(pid), path)) !== start.join(' ')
}

/** Tells a process from a later one with the same number; undefined where no such process runs. */
async function processStart(pid: number, path: string): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ])
    // proc(5): after the name in brackets come state (field 3) and, as field 22, the start in clock ticks
    // since boot. A dead process that nobody waited for (Z, X) is still listed.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${fields[19]} ${boot.trim()}`
  }
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined
  }
  if (process.platform === 'win32') return 'running'
  const { ok, output } = await run('/bin/sh', ['-c', 'ps -o lstart= -p "$1"', 'sh', String(pid)], { path })
  return ok ? output.trim() : undefined
}
