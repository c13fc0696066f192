import { addUser } from '../db/users.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

export async function userAddCommand(
  context: CommandContext,
  email: string,
  options: { timeZone: string; baseCurrency: string },
): Promise<ExitCode> {
  const user = await addUser(await context.openDatabase(), { email, ...options })
  context.stdout.write(`added ${user.email} (${user.timeZone}, ${user.baseCurrency})\n`)
  return 0
}
