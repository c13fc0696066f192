import { randomBytes } from 'node:crypto'
import { usualPort } from '../../config.ts'
import { freePort } from '../../db/free-port.ts'
import { changePassword } from '../../db/passwords.ts'
import type { User } from '../../db/users.ts'
import { createPasswords } from '../../http/passwords.ts'
import { startUpkeep } from '../../scheduler/upkeep.ts'
import { dashboardFolder } from '../dashboard-folder.ts'
import { startHttpServer } from '../http-server.ts'
import { stopped } from '../stopped.ts'
import type { CommandContext } from '../terminal.ts'
import type { DemoParts } from './open-providers.ts'

/** The household is of this machine, and so is who looks at it. */
const host = '127.0.0.1'

/** Serves the API and the dashboard until a signal, and tells how to log in. */
export async function serveHousehold(
  context: CommandContext,
  parts: DemoParts,
  user: User,
  worker: { ended(): boolean },
): Promise<void> {
  const { config, shutdown, signal, stdout } = context
  const dashboard = await dashboardFolder(context)
  startUpkeep(context, parts.db, shutdown, parts)
  const port = config.port ?? (await freePort(usualPort))
  if (config.port === undefined && port !== usualPort)
    stdout.write(`Port ${usualPort} is taken: another one serves.\n`)
  const scheduler = () => (worker.ended() ? 'stopped' : 'running')
  const url = await startHttpServer(context, { ...parts, dashboard, scheduler }, { host, port })
  const link = dashboard === undefined ? url : await signInLink(parts, user, url)
  const what = dashboard === undefined ? 'The API' : 'The dashboard, by a link that logs you in'
  stdout.write(`\n${what} (Ctrl-C ends it):\n\n  ${link}\n\n`)
  await stopped(signal)
}

/** With a password that is good until the next one is given; src/dashboard/session/sign-in-link.ts follows it. */
async function signInLink({ db, clock }: DemoParts, { id, email }: User, url: string): Promise<string> {
  const password = randomBytes(18).toString('base64url')
  const after = await createPasswords().hash(password)
  await changePassword(db.sql, { userId: id, after, removeSecondFactor: true }, clock())
  const given = Buffer.from(JSON.stringify({ email, password })).toString('base64url')
  return `${url}/#log-in=${given}`
}
