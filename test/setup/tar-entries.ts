import { readFile, writeFile } from 'node:fs/promises'
import { extract, pack } from 'tar-stream'

export interface TarEntry {
  name: string
  bytes: Buffer
}

/** The entries of a tar file. */
export async function entriesOf(file: string): Promise<TarEntry[]> {
  const tar = extract()
  tar.end(await readFile(file))
  const entries: TarEntry[] = []
  for await (const entry of tar) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    entries.push({ name: entry.header.name, bytes: Buffer.concat(chunks) })
  }
  return entries
}

export async function writeEntries(file: string, entries: TarEntry[]): Promise<void> {
  const tar = pack()
  for (const { name: entry, bytes } of entries) tar.entry({ name: entry }, bytes)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  await writeFile(file, Buffer.concat(chunks))
}
