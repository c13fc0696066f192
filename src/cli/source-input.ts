import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { z } from 'zod'
import { RefusedError } from '../errors.ts'
import { unreadable } from './open-file.ts'
import type { CommandContext } from './terminal.ts'

/** From a file, or `-` for standard input: on the command line others of the machine could read them. */
export async function readCredentials(
  context: Pick<CommandContext, 'stdin' | 'workingDirectory'>,
  file: string | undefined,
): Promise<unknown> {
  if (file === undefined) return {}
  if (file === '-') return readJson(await text(context.stdin), 'standard input')
  const path = resolve(context.workingDirectory, file)
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  return readJson(content, file)
}

export function readJson(content: string, name: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new RefusedError(`${name}: is not JSON`)
  }
}

/** Names the fields at fault, never what they held. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new RefusedError(`${name}: ${faults.join('; ')}`)
}
