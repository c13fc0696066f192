import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openArchiveStore } from '../../src/archive/open-store.ts'
import type { ArchiveStore } from '../../src/archive/store.ts'
import type { ArchivePlace } from '../../src/archive-place.ts'
import { canary } from '../setup/canary.ts'
import { createS3Emulator, type S3Emulator, serveS3 } from '../setup/s3.ts'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-archive-'))
  folders.push(folder)
  return folder
}

/** Waits for nothing, and keeps how long it was asked to wait. */
export function openForTest(
  place: ArchivePlace,
  { clock = () => new Date(), signal = new AbortController().signal } = {},
): { store: ArchiveStore; waits: number[] } {
  const waits: number[] = []
  const sleep = async (milliseconds: number) => void waits.push(milliseconds)
  return { store: openArchiveStore(place, { fetch, clock, sleep, signal, random: () => 1 }), waits }
}

export const bucket = 'cold-storage'

export interface EmulatedStore {
  store: ArchiveStore
  waits: number[]
  emulator: S3Emulator
  place: Extract<ArchivePlace, { kind: 's3' }>
}

export async function emulatedStore(
  options: Partial<Parameters<typeof createS3Emulator>[0]> = {},
  given: Partial<EmulatedStore['place']> = {},
): Promise<EmulatedStore> {
  const account = {
    accessKeyId: 'TIDEMARKTEST',
    secretAccessKey: canary('AWS_SECRET_ACCESS_KEY'),
    sessionToken: canary('AWS_SESSION_TOKEN'),
  }
  const emulator = createS3Emulator({ buckets: [bucket], account, pageSize: 3, ...options })
  const endpoint = await serveS3(emulator)
  const place = {
    kind: 's3' as const,
    bucket,
    prefix: 'some/prefix',
    endpoint,
    region: emulator.region,
    ...emulator.account,
    sessionToken: emulator.account.sessionToken,
    ...given,
  }
  return { ...openForTest(place), emulator, place }
}
