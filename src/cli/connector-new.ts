import { relative, resolve } from 'node:path'
import { writeSkeleton } from '../connectors/skeleton/write.ts'
import type { CommandContext, ExitCode } from './terminal.ts'

/** Writes a connector that works, to be changed piece by piece into one for a real provider. */
export async function connectorNewCommand(
  context: CommandContext,
  id: string,
  options: { dir?: string } = {},
): Promise<ExitCode> {
  const { workingDirectory, stdout } = context
  const folder = resolve(workingDirectory, options.dir ?? 'connectors', id)
  const files = await writeSkeleton(folder, id)
  const shown = shortest(workingDirectory, folder)
  stdout.write(`wrote ${shown}: ${files.join(', ')}\n\nNext:\n`)
  const steps = [
    `see it pass: tidemark connector check ${shown}`,
    'make wire and emulator speak as your provider does, then transform and index, checking as you go (see ADD_A_CONNECTOR.md)',
    `use it: TIDEMARK_CONNECTORS=${shown} tidemark serve`,
  ]
  for (const [index, step] of steps.entries()) stdout.write(`  ${index + 1}. ${step}\n`)
  return 0
}

/** Relative with ./ at its beginning, as a folder is told from a package; absolute where that is the plainer one. */
function shortest(from: string, folder: string): string {
  const path = relative(from, folder)
  return path.startsWith('..') ? folder : `./${path}`
}
