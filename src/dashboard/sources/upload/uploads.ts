import { signal } from '@preact/signals'
import { type Answer, api } from '../../api.ts'
import { refreshEverything } from '../../queries.ts'
import { whenUserChanges } from '../../session/one-user.ts'
import { keepSource } from '../source-queries.ts'

export type ImportReport = Answer<'uploadStatementFile'>

/** What may be told beside a file. */
export interface UploadOptions {
  account?: string
  kind?:
    | 'checking'
    | 'savings'
    | 'card'
    | 'loan'
    | 'brokerage'
    | 'crypto'
    | 'wallet'
    | 'cash'
    | 'property'
    | 'other'
  currency?: string
  mapping?: string
  skipBad?: boolean
}

export interface Upload {
  id: number
  file: File
  options: UploadOptions
  state: 'waiting' | 'running' | 'done' | 'refused'
  report?: ImportReport
  error?: unknown
}

/** Bytes; the server takes no more. */
export const largestFile = 32 * 1024 * 1024

/** In the order in which they were chosen. They go on, and are kept, while other pages are looked at. */
export const uploads = signal<Upload[]>([])

let made = 0
let running = false
let owner = new AbortController()

/** They are whoever's chose them: the next user neither sees them nor sends those that waited. */
whenUserChanges(() => {
  owner.abort()
  owner = new AbortController()
  uploads.value = []
})

export function addFiles(files: Iterable<File>, options: UploadOptions): void {
  const added = [...files].map((file): Upload => {
    const upload = { id: ++made, file, options }
    if (file.size > largestFile) return { ...upload, state: 'refused', error: tooLarge() }
    return { ...upload, state: 'waiting' }
  })
  uploads.value = [...uploads.value, ...added]
  void run()
}

/** The same file once more, with what else is to be told. */
export function uploadAgain({ id, options }: Upload, more: UploadOptions): void {
  change(id, { state: 'waiting', options: { ...options, ...more } })
  void run()
}

export function dismiss(id: number): void {
  uploads.value = uploads.value.filter((each) => each.id !== id)
}

/** One after another, in their order: a bank's files often go on where the one before ended. */
async function run(): Promise<void> {
  if (running) return
  running = true
  for (let next = waiting(); next; next = waiting()) await send(next, owner.signal)
  running = false
}

function waiting(): Upload | undefined {
  return uploads.value.find(({ state }) => state === 'waiting')
}

async function send({ id, file, options }: Upload, signal: AbortSignal): Promise<void> {
  change(id, { state: 'running', error: undefined })
  try {
    // Always the same one, which is made where there is none yet.
    const source = await api.createSource({ body: { type: 'file' }, signal })
    const report = await api.uploadStatementFile({
      params: { id: source.id },
      query: { ...options, filename: cleanName(file.name) },
      body: file,
      contentType: 'application/octet-stream',
      signal,
    })
    if (signal.aborted) return
    keepSource(source)
    change(id, { state: 'done', report })
    void refreshEverything()
  } catch (error) {
    change(id, { state: 'refused', error })
  }
}

function change(id: number, part: Partial<Upload>): void {
  uploads.value = uploads.value.map((each) => (each.id === id ? { ...each, ...part } : each))
}

/** As far as it can be stored: its end, which has the date in most. */
function cleanName(name: string): string {
  const clean = name
    .toWellFormed()
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
  return clean.slice(-200).toWellFormed() || 'upload'
}

function tooLarge(): Error {
  return new Error(
    'it is larger than the 32 MiB that can be taken at once: split it, or download shorter periods',
  )
}
