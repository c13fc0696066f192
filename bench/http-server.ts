import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Shutdown } from '../src/shutdown.ts'

export interface ServedProcess {
  url: string
  pid: number
  stop(): Promise<void>
}

const entry = fileURLToPath(new URL('../bin/tidemark', import.meta.url))

/** `tidemark serve --no-scheduler` in a process of its own, as people start it. */
export async function startServe(
  environment: Record<string, string>,
  shutdown: Shutdown,
): Promise<ServedProcess> {
  const child = spawn(entry, ['serve', '--no-scheduler'], {
    env: { PATH: process.env.PATH, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  }
  shutdown.register(stop)
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url) return { url, pid: child.pid!, stop }
  }
  throw new Error('tidemark serve ended before it listened')
}
