import { randomUUID } from 'node:crypto'
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connect, type Sql } from '../../../src/db/client.ts'
import { prepareDatabase, sqlDir } from '../../../src/db/database.ts'
import { detectEngine } from '../../../src/db/engine.ts'
import { migrate, readMigrations } from '../../../src/db/migrate.ts'
import { now } from '../../setup/people.ts'
import { temporaryFolder } from '../own-server.ts'
import type { Operation, Place } from './operation.ts'

let steps: Promise<Set<string>> | undefined

export const migrations: Record<string, Operation> = {
  'the migrations of an empty database': async ({ server, proxy }) => {
    const url = await emptyDatabase(server)
    const direct = connect(url, { max: 1 })
    return {
      async attempt() {
        const through = connect(proxy.urlOf(url), { max: 2 })
        await prepareDatabase(through, { url, rawRetentionDays: undefined, now }).finally(() =>
          through.end({ timeout: 0 }),
        )
      },
      state: () => definitions(direct),
      async isWhole(state) {
        steps ??= statesBetweenFiles(server)
        return (await steps).has(JSON.stringify(state))
      },
      end: () => direct.end({ timeout: 0 }),
    }
  },
}

function emptyDatabase(server: Place['server']): Promise<string> {
  return server.createEmpty(`empty_${randomUUID().replaceAll('-', '')}`)
}

/** What is defined, and of which files the database knows that they were applied. */
async function definitions(sql: Sql) {
  const defined = await sql`
    SELECT relkind::text AS kind, relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY kind, name`
  const isBegun = defined.some(({ name }) => name === 'schema_migration')
  const files = isBegun ? await sql`SELECT name, hash FROM schema_migration ORDER BY name` : []
  return { defined: [...defined], files: [...files] }
}

/** Each file and the record of it are one statement, and so are all functions: the states that lie between them. */
async function statesBetweenFiles(server: Place['server']): Promise<Set<string>> {
  const sql = connect(await emptyDatabase(server), { max: 1 })
  const engine = await detectEngine(sql)
  const states = new Set([JSON.stringify(await definitions(sql))])
  const folder = await temporaryFolder()
  const files = (await readMigrations(sqlDir, engine)).map(({ name }) => name)
  for (const file of files) await mkdir(dirname(join(folder, file)), { recursive: true })
  const apply = async () => {
    await migrate(sql, folder, engine)
    states.add(JSON.stringify(await definitions(sql)))
  }
  await apply()
  for (const file of files.filter((name) => !name.startsWith('functions/'))) {
    await cp(join(sqlDir, file), join(folder, file))
    await apply()
  }
  await cp(sqlDir, folder, { recursive: true })
  await apply()
  await sql.end()
  return states
}
