import type { StatementParser } from './format.ts'

/**
 * Feeds text to a parser and passes on what it has emitted after each piece, a batch a piece. Where the parser
 * throws, the events from before the fault come first.
 */
export async function* parseStream<Event>(
  text: AsyncIterable<string>,
  parser: StatementParser,
  drain: () => Event[],
): AsyncIterable<Event[]> {
  for await (const piece of text) {
    const fault = faultOf(() => parser.write(piece))
    yield drain()
    if (fault) throw fault.error
  }
  const fault = faultOf(() => parser.end())
  yield drain()
  if (fault) throw fault.error
}

function faultOf(run: () => void): { error: unknown } | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return { error }
  }
}
