import { BusyError } from '../errors.ts'

/** Long work of a request: what it ends with because the server stops is told as that. */
export async function unlessStopping<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) throw new BusyError('the server is stopping: send the request again', 5)
    throw error
  }
}
