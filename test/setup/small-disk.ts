import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'

/** A file system of so many MiB, or undefined where this process may not mount one. */
export async function mountDisk(path: string, size: number) {
  await mkdir(path, { recursive: true })
  const run = (...words: string[]) => execFileSync(words[0]!, words.slice(1), { stdio: 'pipe' })
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', path)
  } catch {
    return undefined
  }
  return {
    resize: (to: number) => run('mount', '-o', `remount,size=${to}m`, path),
    unmount: () => run('umount', path),
  }
}

/** Only root may, on Linux. */
export async function canMountDisk(path: string): Promise<boolean> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return false
  const disk = await mountDisk(path, 1)
  disk?.unmount()
  return disk !== undefined
}
