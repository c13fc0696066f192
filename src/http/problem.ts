import { z } from '@hono/zod-openapi'

/**
 * What an error is answered with: application/problem+json, RFC 9457. `type` is stable; `title` and `detail` are for
 * people and may be put better some day.
 */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:tidemark:problem:not-found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    requestId: z.string().optional().openapi({ description: 'The same as the header X-Request-Id.' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'What is wrong with which field of the request.' }),
    faults: z
      .array(z.object({ line: z.int(), reason: z.string() }))
      .optional()
      .openapi({ description: 'Of a statement file: what is wrong in which line; the first hundred.' }),
    faultCount: z.int().optional(),
    needs: z.enum(['account', 'mapping', 'skipBad']).optional().openapi({
      description: 'Of a statement file: what would have to be sent beside it, so that it can be taken.',
    }),
  })
  .openapi('Problem')

export type Problem = z.infer<typeof problemSchema>
export type FieldFault = NonNullable<Problem['errors']>[number]

/** Every `type` there is, without its prefix, with its status and title. */
export const problemTypes = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  refused: { status: 400, title: 'The request cannot be accepted as it is' },
  'idempotency-key-missing': { status: 400, title: 'An Idempotency-Key is needed' },
  unauthenticated: { status: 401, title: 'No valid token' },
  'second-factor-needed': { status: 401, title: 'A code of the second factor is needed' },
  forbidden: { status: 403, title: 'Not allowed with this token' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'In conflict with what is there' },
  'request-in-flight': { status: 409, title: 'The same request is being worked on' },
  'content-too-large': { status: 413, title: 'The content is too large' },
  'unsupported-media-type': { status: 415, title: 'The content is of a type that is not read here' },
  unprocessable: { status: 422, title: 'The content cannot be used' },
  statement: { status: 422, title: 'The statement file cannot be read' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'header-too-large': { status: 431, title: 'The header is too large' },
  internal: { status: 500, title: 'Internal error' },
  busy: { status: 503, title: 'Too busy' },
  'provider-unavailable': { status: 503, title: 'The provider could not be asked' },
  'database-unavailable': { status: 503, title: 'The database cannot be reached' },
  'archive-unavailable': { status: 503, title: 'The archive of older transactions cannot be reached' },
} as const
export type ProblemType = keyof typeof problemTypes

export interface ProblemExtras {
  detail?: string | undefined
  requestId?: string | undefined
  errors?: FieldFault[] | undefined
  /** Members of a type's own. */
  more?: Record<string, unknown> | undefined
  headers?: Record<string, string> | undefined
}

export function problemBody(type: ProblemType, { detail, requestId, errors, more }: ProblemExtras): string {
  const { status, title } = problemTypes[type]
  return JSON.stringify({
    type: `urn:tidemark:problem:${type}`,
    title,
    status,
    detail,
    requestId,
    errors,
    ...more,
  })
}

export function problem(type: ProblemType, extras: ProblemExtras = {}): Response {
  return new Response(problemBody(type, extras), {
    status: problemTypes[type].status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...extras.headers,
    },
  })
}
