import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

export interface DashboardFile {
  type: string
  bytes: Uint8Array<ArrayBuffer>
  br: Uint8Array<ArrayBuffer>
  gzip: Uint8Array<ArrayBuffer>
  etag: string
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * What the build made, by its path in there. All of it is read and compressed when the first file is asked for, and
 * belongs together from then on, whatever is built in its place meanwhile. Nobody leaves the folder by the way of a
 * name: what is not in it is not looked for. Undefined: no such file.
 */
export function createDashboardFiles(folder: string): (name: string) => Promise<DashboardFile | undefined> {
  let files: Promise<Map<string, DashboardFile>> | undefined
  return async (name) => {
    files ??= readAll(folder).catch((error: unknown) => {
      files = undefined
      throw error
    })
    return (await files).get(name)
  }
}

async function readAll(folder: string): Promise<Map<string, DashboardFile>> {
  const names = await readdir(folder, { recursive: true })
  const entries = names.flatMap((name) => {
    const type = types[extname(name)]
    if (type === undefined) return []
    return [readAndCompress(join(folder, name), type).then((file) => [name, file] as const)]
  })
  return new Map(await Promise.all(entries))
}

async function readAndCompress(path: string, type: string): Promise<DashboardFile> {
  const bytes = new Uint8Array(await readFile(path))
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(bytes), promisify(gzip)(bytes)])
  // Weak: it stands for the bytes in every encoding.
  const etag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
  return { type, bytes, br: new Uint8Array(br), gzip: new Uint8Array(zipped), etag }
}
