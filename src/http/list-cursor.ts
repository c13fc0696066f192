import { InvalidRequestError } from './on-error.ts'

/** Where a list goes on, as the `nextCursor` of an answer: opaque to whoever sends it back. */
export function cursorOf(position: string): string {
  return Buffer.from(position).toString('base64url')
}

/** The groups of `pattern` in what a cursor stands for. Throws an InvalidRequestError where it is none of the list. */
export function readCursor(cursor: string | undefined, pattern: RegExp): string[] | undefined {
  if (cursor === undefined) return undefined
  const groups = pattern.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (!groups)
    throw new InvalidRequestError([{ field: 'cursor', message: 'must be a cursor as an answer gave it' }])
  return groups.slice(1)
}
