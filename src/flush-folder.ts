import { open } from 'node:fs/promises'

/** A new name in a folder outlives a power failure once the folder is flushed. Windows, where none can be opened, does that by itself. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
