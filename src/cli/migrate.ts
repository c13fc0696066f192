import type { CommandContext, ExitCode } from './terminal.ts'

export async function migrateCommand(context: CommandContext): Promise<ExitCode> {
  const { engine, migrated } = await context.openDatabase()
  for (const name of migrated) context.stdout.write(`applied ${name}\n`)
  context.stdout.write(
    migrated.length === 0 ? `up to date (${engine})\n` : `${migrated.length} applied (${engine})\n`,
  )
  return 0
}
