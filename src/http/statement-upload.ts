import { z } from '@hono/zod-openapi'
import { type CsvMapping, loadMapping } from '../connectors/statements/csv-mapping.ts'
import { statementFormats } from '../connectors/statements/format.ts'
import { StatementError } from '../errors.ts'
import { accountKind, asset, flag, text } from './fields.ts'
import { readForm } from './form.ts'
import { InvalidRequestError } from './on-error.ts'

/** What may be told beside a statement file: in the query, or in the fields of a form. */
export const uploadOptions = z.strictObject({
  filename: text(200).optional().openapi({ description: 'What the import is listed under.' }),
  account: text(200).optional().openapi({ description: 'Which account it is, where the file does not say.' }),
  kind: accountKind.optional().openapi({ description: 'Of accounts whose kind the file does not tell.' }),
  currency: asset.optional().openapi({
    description: 'Of records that name none. Default: the user’s base currency.',
  }),
  format: z
    .enum(statementFormats)
    .optional()
    .openapi({ description: 'Default: told by the file’s content.' }),
  skipBad: flag.optional().openapi({ description: 'Takes the good records of a file with bad ones.' }),
  mapping: text(20_000)
    .optional()
    .openapi({ description: 'How a CSV that is not Tidemark’s own is read, as JSON. See the README.' }),
})
type UploadOptions = z.infer<typeof uploadOptions>

export interface Upload {
  bytes: Uint8Array
  filename: string
  options: UploadOptions
  mapping: CsvMapping | undefined
}

/**
 * A file as it arrived: the body itself, or `file` in a form. Throws an InvalidRequestError that names the fields at
 * fault; those of a form stand before those of the query.
 */
export async function readUpload(
  body: Uint8Array<ArrayBuffer>,
  contentType: string | null,
  query: UploadOptions,
): Promise<Upload> {
  if (!/^multipart\//i.test(contentType ?? '')) return uploadOf(body, query.filename ?? 'upload', query)
  const form = await readForm(body, contentType!)
  if (form === undefined) throw fault('body', 'is not a form that can be read')
  const given = [...form].filter(([name]) => name !== 'file')
  const file = form.get('file')
  if (!(file instanceof File)) throw fault('file', 'must be the statement file')
  const repeated = [...form.keys()].find((name) => form.getAll(name).length > 1)
  if (repeated !== undefined) throw fault(repeated.slice(0, 100), 'stands there more than once')
  const parsed = uploadOptions.safeParse(Object.fromEntries(given))
  if (!parsed.success)
    throw new InvalidRequestError(
      parsed.error.issues
        .slice(0, 20)
        .map((issue) =>
          issue.code === 'unrecognized_keys'
            ? { field: issue.keys[0]!.slice(0, 100), message: 'is not known here' }
            : { field: issue.path.join('.'), message: issue.message },
        ),
    )
  const options = { ...query, ...parsed.data }
  const filename = options.filename ?? cleanName(file.name)
  return uploadOf(new Uint8Array(await file.arrayBuffer()), filename, options)
}

function uploadOf(bytes: Uint8Array, filename: string, options: UploadOptions): Upload {
  return { bytes, filename, options, mapping: readMapping(options.mapping) }
}

function readMapping(json: string | undefined): CsvMapping | undefined {
  if (json === undefined) return undefined
  try {
    return loadMapping(JSON.parse(json))
  } catch (error) {
    if (error instanceof SyntaxError) throw fault('mapping', 'is not JSON')
    if (error instanceof StatementError) throw fault('mapping', error.reason)
    throw error
  }
}

/** What a browser calls the file, as far as it can be stored. */
function cleanName(name: string): string {
  const clean = name
    .toWellFormed()
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
  return clean.slice(-200).toWellFormed() || 'upload'
}

function fault(field: string, message: string): InvalidRequestError {
  return new InvalidRequestError([{ field, message }])
}
