import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { InstallationError } from '../errors.ts'

/** The user that the server's processes run as; undefined = the one of this process. */
export type ServerUser = { uid: number; gid: number } | undefined

/** `output` is what the program printed; where it failed, what it said about that. */
export type Result = { ok: boolean; output: string }

/**
 * PostgreSQL refuses to run as root, so under root its processes run as the owner of the data, or, for new
 * data, as the user `postgres` where there is one, else `nobody`.
 */
export async function serverUser(data: string, path: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(data).catch(() => undefined)
  let user = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : undefined
  if (!user) {
    const script = 'for u in postgres nobody; do id -u $u && id -g $u && exit; done'
    const { output } = await run('/bin/sh', ['-c', script], { path })
    const ids = output.match(/^\d+$/gm)?.map(Number) ?? []
    if (ids[0] && ids[1] !== undefined) user = { uid: ids[0], gid: ids[1] }
  }
  const changed = user && (await run('/bin/sh', ['-c', ':'], { user, path }))
  if (!user || !changed?.ok) {
    throw new InstallationError(
      'PostgreSQL does not run as root, and this process cannot start it as another user' +
        `${changed ? ` (${changed.output.trim()})` : ': there is neither postgres nor nobody'}. ` +
        'Run Tidemark as an ordinary user, or set DATABASE_URL.',
    )
  }
  return user
}

/** True where the server's user may enter the folder and write into it. */
export async function canWrite(folder: string, user: ServerUser, path: string): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', folder], { user, path })).ok
}

/** Runs a program to its end as the given user. Takes nothing from this process's environment but `path`. */
export function run(
  program: string,
  args: string[],
  {
    user,
    path,
    cwd = '/',
    timeout = 60_000,
  }: { user?: ServerUser; path: string; cwd?: string; timeout?: number },
): Promise<Result> {
  const env = { PATH: path, HOME: cwd, LC_ALL: 'C', TZ: 'UTC' }
  return new Promise((resolve) => {
    try {
      execFile(program, args, { ...user, cwd, timeout, env }, (error, stdout, stderr) => {
        if (!error) resolve({ ok: true, output: stdout })
        else resolve({ ok: false, output: stderr || stdout || error.message })
      })
    } catch (error) {
      // A refused change of user (EPERM) is thrown, a program that is missing is not.
      resolve({ ok: false, output: (error as Error).message })
    }
  })
}
