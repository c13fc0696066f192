import { setImmediate } from 'node:timers/promises'
import { z } from '@hono/zod-openapi'
import PQueue from 'p-queue'
import { readStatementBatches } from '../connectors/statements/reader.ts'
import { type ImportReport, importStatement } from '../db/import-statement.ts'
import { findOwnedSource } from '../db/owned-sources.ts'
import { ConflictError, StatementError, UnprocessableError } from '../errors.ts'
import type { Api } from './api.ts'
import type { UserCaller } from './caller.ts'
import { defineRoute } from './define-route.ts'
import { amount, day, id } from './fields.ts'
import { readUpload, type Upload, uploadOptions } from './statement-upload.ts'
import { unlessStopping } from './stopping.ts'

const fault = z.object({
  line: z.int().openapi({ description: 'Counted from 1; 0 is the file as a whole.' }),
  reason: z.string(),
})

const statementImport = z
  .object({
    filename: z.string(),
    rows: z.int().openapi({ description: 'Records of the file, the faulty ones not counted.' }),
    superseded: z.int().openapi({ description: 'Those with the id of a later one, which holds.' }),
    accounts: z.array(
      z.object({
        accountId: id,
        name: z.string(),
        added: z.int(),
        changed: z.int(),
        unchanged: z.int(),
        removed: z.int(),
      }),
    ),
    checks: z
      .array(
        z.object({
          account: z.string(),
          asset: z.string(),
          line: z.int(),
          opening: amount,
          openingDay: day,
          entries: amount.openapi({ description: 'The sum of the entries between.' }),
          closing: amount.nullable(),
          closingDay: day.nullable(),
          difference: amount.nullable().openapi({
            description:
              'closing - (opening + entries): 0 where they balance, null without a closing balance.',
          }),
          previousClosing: amount.nullable().openapi({
            description: 'Of the account’s statement before it, where this one does not begin with that.',
          }),
        }),
      )
      .openapi({ description: 'Whether each statement of the file balances; the first 1,000.' }),
    faults: z
      .array(fault)
      .openapi({ description: 'Records that were left out, by `skipBad`; the first hundred.' }),
    faultCount: z.int(),
    differences: z
      .array(
        z.object({
          account: z.string(),
          asset: z.string(),
          day,
          edge: z.enum(['open', 'close', 'set']),
          reported: amount,
          folded: amount.openapi({ description: 'What the transactions add up to.' }),
          difference: amount,
        }),
      )
      .openapi({
        description:
          'Reported balances within the days of the file that the transactions do not add up to; the first 1,000.',
      }),
  })
  .openapi('StatementImport')

const largestFile = 32 * 1024 * 1024
const mostListed = 1_000
const binary = { schema: { type: 'string', format: 'binary' } } as const

/** In a document only: a form is read by readUpload, since none of it may be read before its caller is known. */
const form = {
  schema: {
    type: 'object',
    required: ['file'],
    properties: {
      file: { type: 'string', format: 'binary' },
      ...Object.fromEntries(Object.keys(uploadOptions.shape).map((name) => [name, { type: 'string' }])),
    },
  },
} as unknown as typeof binary

/** Files that one process reads at once, and that it holds in memory meanwhile. */
const importsAtOnce = 2
const mostHeld = 4

export const uploadStatementFile = defineRoute({
  method: 'post',
  path: '/v1/sources/{id}/files',
  id: 'uploadStatementFile',
  tag: 'Sources',
  summary: 'Import a statement file',
  description:
    'Tidemark CSV, another CSV by a mapping, OFX and QFX, QIF, camt.053 or MT940, told by content; as the body itself, ' +
    'whatever its type is said to be, or as `file` in a form. A file with a bad record is refused whole, naming lines ' +
    'and reasons. Imported again, a file adds nothing.',
  access: ['write'],
  params: z.strictObject({ id: id.openapi({ description: 'Of a source of type `file`.' }) }),
  query: uploadOptions,
  content: {
    'application/octet-stream': binary,
    'text/csv': binary,
    'application/xml': binary,
    'text/plain': binary,
    'multipart/form-data': form,
  },
  largestBody: largestFile,
  mostAtOnce: mostHeld,
  answer: { status: 201, description: 'What became of it.', schema: statementImport },
  problems: ['conflict', 'statement', 'busy', 'archive-unavailable'],
  idempotency: 'heeded',
})

/** What is wrong with a file, of which nothing was stored. */
class FileRefusedError extends UnprocessableError {
  override readonly code = 'statement'
  readonly faults: { line: number; reason: string }[]
  readonly faultCount: number
  /** What of the options would let it be taken; undefined where none would. */
  readonly needs: 'account' | 'mapping' | 'skipBad' | undefined

  constructor(
    message: string,
    { faults, faultCount }: Pick<ImportReport, 'faults' | 'faultCount'>,
    needs: FileRefusedError['needs'],
  ) {
    super(message)
    this.faults = faults.map(({ line, reason }) => ({ line, reason }))
    this.faultCount = faultCount
    this.needs = needs
  }
}

export function serveStatementFiles({ serve, parts }: Api): void {
  const { db, signal } = parts
  const queue = new PQueue({ concurrency: importsAtOnce })
  serve(uploadStatementFile, async ({ params, query, user, request, bytes, now }) => {
    const source = await findOwnedSource(db.sql, user.userId, params.id, now)
    if (source.type !== 'file') throw new ConflictError('files are uploaded to a source of type file')
    const receive = async () => readUpload(await bytes(), request.headers.get('content-type'), query)
    const importOne = async (upload: Upload) => {
      const report = await importUpload(source.id, upload, user, now)
      if (!report.refused) return answerOf(upload.filename, report)
      const bad = `${report.faultCount} bad ${report.faultCount === 1 ? 'record' : 'records'}`
      throw new FileRefusedError(`${bad}: mend the file, or take the rest with skipBad`, report, 'skipBad')
    }
    const upload = await receive()
    return queue.add(() => unlessStopping(signal, () => importOne(upload)))
  })

  async function importUpload(
    sourceId: string,
    { bytes, filename, options, mapping }: Upload,
    user: UserCaller,
    now: Date,
  ): Promise<ImportReport> {
    const { account, kind, currency, format, skipBad = false } = options
    const batches = readStatementBatches(() => inPieces(bytes), {
      timeZone: user.timeZone,
      defaultAsset: currency ?? user.baseCurrency,
      ...(format !== undefined && { format }),
      ...(mapping !== undefined && { mapping }),
    })
    try {
      return await importStatement(db.sql, batches, {
        sourceId,
        subject: filename,
        accountName: account,
        accountKind: kind,
        skipBad,
        rowsPerPage,
        now,
        signal,
      })
    } catch (error) {
      throw asRefusal(error)
    }
  }
}

/** Other requests are answered between two pieces of a file, and between two pages of its rows. */
const pieceLength = 64 * 1024
const rowsPerPage = 2_500

async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceLength) {
    yield bytes.subarray(at, at + pieceLength)
    await setImmediate()
  }
}

const hints = {
  mapping: '; for another CSV send a mapping',
  account: ': say which one it is with account',
}

function asRefusal(error: unknown): unknown {
  if (error instanceof StatementError) {
    const { line, reason, needs } = error
    const where = line > 0 ? `line ${line}: ` : ''
    const fault = { type: 'fault', line, reason } as const
    return new FileRefusedError(
      `${where}${reason}${needs === undefined ? '' : hints[needs]}`,
      { faults: [fault], faultCount: 1 },
      needs,
    )
  }
  // Ingest found no such source, or a row that refers to it none: somebody removed it between two pages.
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'P0002' || code === '23503') return new ConflictError('the source was removed meanwhile')
  return error
}

function answerOf(filename: string, report: ImportReport): z.input<typeof statementImport> {
  return {
    filename,
    rows: report.rows,
    superseded: report.superseded,
    accounts: report.accounts.map(({ accountId, name, added, changed, unchanged, removed }) => ({
      accountId,
      name,
      added,
      changed,
      unchanged,
      removed,
    })),
    checks: report.checks
      .slice(0, mostListed)
      .map(({ previousClosing = null, ...check }) => ({ ...check, previousClosing })),
    faults: report.faults.map(({ line, reason }) => ({ line, reason })),
    faultCount: report.faultCount,
    differences: report.differences.slice(0, mostListed),
  }
}
