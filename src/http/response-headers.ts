/**
 * Headers of answers as the document describes them, each once, among its components. Those that are `required` stand in
 * every answer that names them.
 */
export const responseHeaders = {
  'X-Request-Id': {
    description: 'Names the request in the log: the one that was sent along, where it can be one.',
    required: true,
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'How often one caller may ask: `q` requests in `w` seconds.',
    schema: { type: 'string', example: '"caller";q=600;w=60' },
  },
  RateLimit: {
    description: 'What is left of it: `r` requests in the next `t` seconds.',
    schema: { type: 'string', example: '"caller";r=598;t=42' },
  },
  'Cache-Control': {
    description: '`no-store`; where there is an ETag, `private, no-cache`.',
    required: true,
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds after which the request may be sent again.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': { required: true, schema: { type: 'string', const: 'Bearer' } },
  'Idempotency-Replayed': {
    description: 'The answer that was given to the first request with this key.',
    schema: { type: 'string', const: 'true' },
  },
  'Content-Disposition': {
    description: 'What the file may be called.',
    required: true,
    schema: { type: 'string', example: 'attachment; filename="tidemark-transactions-2026-06-30.csv"' },
  },
  'Tidemark-Archived': {
    description:
      'Transactions of the range that was asked for lie in the archive, whose files are read more slowly.',
    schema: { type: 'string', const: 'true' },
  },
  ETag: {
    description: 'Where the range lies in the past: changes with what the answer is made of.',
    schema: { type: 'string' },
  },
  Vary: { description: 'With an ETag.', schema: { type: 'string' } },
} as const
export type ResponseHeader = keyof typeof responseHeaders

/** As `headers` of an answer in the document. */
export function headersOf(names: ResponseHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
