import { beforeAll, describe, expect, test } from 'vitest'
import { asTidemarkError, connect } from '../../src/db/client.ts'
import { prepareDatabase } from '../../src/db/database.ts'
import { TidemarkError } from '../../src/errors.ts'
import { makeFolder } from '../cli/command.ts'
import { now } from '../setup/people.ts'
import { dropEverywhere } from './drop-everywhere.ts'
import { aggregates } from './operations/aggregates.ts'
import { archive } from './operations/archive.ts'
import { entriesAndSources } from './operations/entries-and-sources.ts'
import { importsAndSyncs } from './operations/imports-and-syncs.ts'
import { logIns } from './operations/log-ins.ts'
import { migrations } from './operations/migrations.ts'
import type { Place } from './operations/operation.ts'
import { seed } from './options.ts'
import { atEnd, startOwnServer } from './own-server.ts'
import { seededBy } from './seeded.ts'
import { startStatementProxy } from './statement-proxy.ts'
import { tell } from './tell.ts'

const folder = makeFolder()
const operations = {
  ...entriesAndSources,
  ...logIns,
  ...importsAndSyncs,
  ...aggregates,
  ...archive,
  ...migrations,
}

let place: Place

// postgres.js asks each new connection for its types, and leaves nobody to hear that the connection broke meanwhile;
// src/main.ts hears it for a process.
const heard = (reason: unknown) => {
  if (!(asTidemarkError(reason) instanceof TidemarkError)) throw reason
}

beforeAll(async () => {
  process.prependListener('unhandledRejection', heard)
  atEnd(async () => process.off('unhandledRejection', heard))
  // Backends end here, and never the server.
  const server = await startOwnServer({ fsync: 'off' })
  const url = await server.createDatabase('dropped')
  const proxy = await startStatementProxy(url)
  const sql = connect(url, { max: 4 })
  atEnd(() => sql.end({ timeout: 5 }))
  const db = await prepareDatabase(sql, { url, rawRetentionDays: undefined, now })
  place = { server, db, proxy, folder }
})

describe('a connection that breaks at any statement leaves what was before or what is after, and a repeat completes it', () => {
  test.each(Object.entries(operations))('%s', async (name, prepare) => {
    const counts = await dropEverywhere(place, prepare, seededBy(seed).fork(name))
    tell(`dropped connections, ${name}`, { outcomes: counts })
    expect(counts.get('lost') ?? 0).toBe(0)
  })
})
