import { readdir, readFile } from 'node:fs/promises'

/** Ticks a second in which /proc counts: 100 on every Linux. */
const ticks = 100

/** Milliseconds of processor that a process has used, its threads included; NaN where /proc does not tell. */
export async function processorTime(pid: number): Promise<number> {
  const fields = await statOf(pid)
  return fields ? ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks : Number.NaN
}

/** The same of a server: its first process, those that it has and those that it had. */
export async function serverTime(postmaster: number): Promise<number> {
  const own = await statOf(postmaster)
  if (!own) return Number.NaN
  let total = Number(own[11]) + Number(own[12]) + Number(own[13]) + Number(own[14])
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = await statOf(Number(name))
    if (fields && Number(fields[1]) === postmaster) total += Number(fields[11]) + Number(fields[12])
  }
  return (total * 1000) / ticks
}

export async function parentOf(pid: number): Promise<number> {
  const fields = await statOf(pid)
  return fields ? Number(fields[1]) : Number.NaN
}

/** The fields of /proc/…/stat from the state on: 1 parent, 11 and 12 own time, 13 and 14 that of ended children. */
async function statOf(pid: number): Promise<string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}
