import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RefusedError } from '../../errors.ts'
import { providers } from '../registry.ts'

/** The parts of a connector, in the order in which they are read. */
const parts = ['index', 'wire', 'transform', 'emulator', 'fixture']
/** A checkout writes TypeScript; a package has what was built from it. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Writes a copy of this folder's connector with another id. Throws a RefusedError rather than overwrite anything. */
export async function writeSkeleton(folder: string, id: string): Promise<string[]> {
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(id))
    throw new RefusedError(
      `"${id}" is no id of a connector: it takes 2 to 40 lower case letters, digits and hyphens, a letter first`,
    )
  if (Object.hasOwn(providers, id))
    throw new RefusedError(`"${id}" is the id of a connector that Tidemark has`)
  if (await stat(folder).catch(() => undefined))
    throw new RefusedError(`${folder}: is there already; nothing was written`)
  const files = parts.map((part) => `${part}.${extension}`)
  const texts = await Promise.all(
    files.map((file) => readFile(new URL(`./${file}`, import.meta.url), 'utf8')),
  )
  await mkdir(folder, { recursive: true })
  for (const [index, file] of files.entries())
    await writeFile(join(folder, file), asOutside(texts[index]!, id), { flag: 'wx' })
  return files
}

function asOutside(text: string, id: string): string {
  return text
    .replaceAll(`'../connector-kit.${extension}'`, "'tidemark/connector'")
    .replaceAll('my-provider', id)
    .replaceAll('My Provider', titleOf(id))
}

/** `north-bank` -> `North Bank` */
function titleOf(id: string): string {
  return id
    .split('-')
    .filter((word) => word !== '')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join(' ')
}
