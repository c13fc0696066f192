import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { connect } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { openEmbeddedServer } from '../../src/db/embedded-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    engine: string
    pgBin: string
    serverUrl: string
  }
}

const quiet = { info() {}, warn() {}, debug() {} }

/** One server a project, with a migrated database that every test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { engine, pgBin } = project.config.provide
  const dataDir = await mkdtemp(join(tmpdir(), `tidemark-test-${engine}-`))
  const server = await openEmbeddedServer({
    dataDir,
    pgBin,
    path: process.env.PATH ?? '',
    log: quiet,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      // A database to which the scheduler is connected cannot be cloned; tests refresh by themselves.
      ...(engine === 'timescale' && { 'timescaledb.max_background_workers': '0' }),
    },
  })
  const administration = connect(server.url, { max: 1 })
  await administration`CREATE DATABASE tidemark_template`
  const url = new URL(server.url)
  url.pathname = '/tidemark_template'
  const template = connect(url.href, { max: 1 })
  const prepared = await prepareDatabase(template, {
    url: url.href,
    rawRetentionDays: undefined,
    now: new Date('2024-06-15T12:00:00Z'),
  })
  if (prepared.engine !== engine)
    throw new Error(`the server in ${pgBin} is ${prepared.engine}, not ${engine}`)
  await template.end()
  await administration.end()
  project.provide('serverUrl', server.url)
  return async () => {
    await server.close()
    // As root, the server's files may lie where its own user reaches them.
    for (const folder of [server.folder, dataDir]) await rm(folder, { recursive: true, force: true })
  }
}
