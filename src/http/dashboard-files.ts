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

/** What the build made, by its path in there, read and compressed when it is first asked for. Undefined: no such file. */
export function createDashboardFiles(folder: string): (name: string) => Promise<DashboardFile | undefined> {
  let names: Promise<Set<string>> | undefined
  const files = new Map<string, Promise<DashboardFile>>()
  return async (name) => {
    names ??= readdir(folder, { recursive: true }).then((found) => new Set(found))
    const type = types[extname(name)]
    // What is not in the listing is not looked for: nobody leaves the folder by the way of a name.
    if (type === undefined || !(await names).has(name)) return undefined
    let file = files.get(name)
    if (!file) {
      file = readAndCompress(join(folder, name), type)
      files.set(name, file)
      file.catch(() => files.delete(name))
    }
    return file
  }
}

async function readAndCompress(path: string, type: string): Promise<DashboardFile> {
  const bytes = new Uint8Array(await readFile(path))
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(bytes), promisify(gzip)(bytes)])
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
  return { type, bytes, br: new Uint8Array(br), gzip: new Uint8Array(zipped), etag }
}
