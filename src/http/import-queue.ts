import PQueue from 'p-queue'
import { BusyError } from '../errors.ts'

/** How many files one process reads at once, and how many it holds in memory meanwhile. */
const atOnce = 2
const mostHeld = 8

export interface ImportQueue {
  /**
   * Receives a file, and works on it when it is its turn. Throws a BusyError, before anything is received, where too
   * many wait already.
   */
  run<File, Outcome>(receive: () => Promise<File>, work: (file: File) => Promise<Outcome>): Promise<Outcome>
}

export function createImportQueue(): ImportQueue {
  const queue = new PQueue({ concurrency: atOnce })
  let held = 0
  return {
    async run(receive, work) {
      if (held >= mostHeld) throw new BusyError('other files are being read: send this one again', 5)
      held++
      try {
        const file = await receive()
        return await queue.add(() => work(file))
      } finally {
        held--
      }
    },
  }
}
