import { createInterface } from 'node:readline'
import { changePassword } from '../db/passwords.ts'
import { findUser } from '../db/users.ts'
import { NotFoundError, RefusedError } from '../errors.ts'
import { createPasswords, newPassword } from '../http/passwords.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Gives a user a password, with which they can log in over HTTP. It is read from standard input. */
export async function userPasswordCommand(
  context: CommandContext,
  email: string,
  options: { removeSecondFactor?: boolean },
): Promise<ExitCode> {
  const db = await context.openDatabase()
  const user = await findUser(db, email)
  const password = newPassword.safeParse(await readLine(context))
  if (!password.success) throw new RefusedError(`the password ${password.error.issues[0]!.message}`)
  const after = await createPasswords().hash(password.data)
  const removeSecondFactor = options.removeSecondFactor === true
  if (!(await changePassword(db.sql, { userId: user.id, after, removeSecondFactor }, context.clock())))
    throw new NotFoundError(`there is no user ${user.email} any more`)
  const removed = removeSecondFactor ? ', and the second factor is off' : ''
  context.stdout.write(`${user.email} has a new password; every log-in has ended${removed}\n`)
  return 0
}

/** On the command line others of the machine could read it, and a shell would remember it. */
async function readLine({ stdin, stderr }: CommandContext): Promise<string> {
  const onTerminal = 'isTTY' in stdin && stdin.isTTY === true
  if (onTerminal) stderr.write('New password (it is shown as you type; pipe it in to hide it): ')
  const lines: string[] = []
  for await (const line of createInterface({ input: stdin })) {
    lines.push(line)
    if (onTerminal || lines.length > 1) break
  }
  const [first, second] = lines
  if (first === undefined) throw new RefusedError('there is no password on standard input')
  if (second !== undefined) throw new RefusedError('standard input must be one line, the password')
  return first
}
