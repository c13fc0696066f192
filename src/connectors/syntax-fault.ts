import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Where the first JavaScript file of a folder is not JavaScript, as `path:line`: an error of import() says what is
 * wrong with a module and not which one it is. Undefined where every file can be read as a module.
 */
export async function findSyntaxFault(folder: string): Promise<string | undefined> {
  const files = await readdir(folder, { recursive: true })
  for (const file of files.toSorted()) {
    if (!file.endsWith('.js') || file.includes('node_modules')) continue
    const path = join(folder, file)
    const line = await faultyLine(await readFile(path, 'utf8'))
    if (line !== undefined) return `${path}:${line}`
  }
  return undefined
}

/** Node names the line where it only checks a text. */
function faultyLine(text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const check = execFile(
      process.execPath,
      ['--check', '--input-type=module', '-'],
      (error, _stdout, stderr) => {
        resolve(error ? /^\[stdin\]:(\d+)/m.exec(stderr)?.[1] : undefined)
      },
    )
    check.stdin?.on('error', () => {})
    check.stdin?.end(text)
  })
}
