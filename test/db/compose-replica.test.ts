import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { archiveVariables } from '../../src/archive-place.ts'
import { connect, type Sql } from '../../src/db/client.ts'
import { freePort } from '../../src/db/free-port.ts'
import { findServerBinaries } from '../../src/db/server-binaries.ts'
import { run, serverUser } from '../../src/db/server-user.ts'

/** The lines of docker-compose.yml that make a replica, run by the server binaries of this machine. */

interface Service {
  command: string[]
  entrypoint: string[]
  environment: Record<string, string>
  profiles?: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }> | string[]
}

const secrets = {
  POSTGRES_PASSWORD: 'of-the-database',
  REPLICATION_PASSWORD: "of 'the' replica",
  TIDEMARK_KEY: 'k',
}
const { services, configs } = parse(
  await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8'),
  { merge: true },
) as { services: Record<string, Service>; configs: Record<string, { content: string }> }

/** As Compose replaces variables: `$$` is a dollar sign of the shell. */
function told(text: string): string {
  return text.replace(/\$\$|\$\{(\w+)[^}]*\}/g, (_, name) =>
    name === undefined ? '$' : secrets[name as keyof typeof secrets],
  )
}

const path = process.env.PATH ?? ''
const found = await findServerBinaries({ path })
const closes: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closes.toReversed()) await close()
})

test('without the profile there are a database and one process, as ever; nothing is open beyond this machine', () => {
  const usual = Object.entries(services).filter(([, { profiles }]) => profiles === undefined)
  expect(usual.map(([name]) => name)).toEqual(['db', 'app'])
  for (const [name, { ports = [], depends_on = {} }] of Object.entries(services)) {
    for (const port of ports) expect([name, port]).toEqual([name, expect.stringMatching(/^127\.0\.0\.1:/)])
    for (const other of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on))
      expect(services).toHaveProperty([other])
  }
  const of = (command: string) =>
    Object.values(services).filter(
      ({ profiles, ...service }) => profiles && service.command?.join(' ') === command,
    )
  expect(of('worker')).toHaveLength(2)
  expect(of('serve --no-scheduler')).toHaveLength(2)
  // A replica starts with no fewer connections, locks and workers than its primary has.
  expect(services.replica!.command).toEqual(services.db!.command)
})

test('every process of Tidemark is told where the archive is and what opens it', () => {
  const variables = Object.keys(archiveVariables)
  for (const name of ['app', 'worker-1', 'worker-2', 'http-1', 'http-2'])
    expect(Object.keys(services[name]!.environment)).toEqual(expect.arrayContaining(variables))
})

test.skipIf(found.timescale === undefined)(
  'the replica is made from the primary, streams from its slot, goes on where it was, and is made anew where it is lost',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-compose-'))
    closes.push(() => rm(folder, { recursive: true, force: true }))
    const user = await serverUser(folder, path)
    if (user) await chown(folder, user.uid, user.gid)
    const options = { user, path, cwd: folder }
    const password = join(folder, 'password')
    await writeFile(password, secrets.POSTGRES_PASSWORD)
    const hba = join(folder, 'pg_hba.conf')
    await writeFile(hba, configs.pg_hba!.content)
    const [port, replicaPort] = [await freePort(), await freePort()]

    // As the image makes it.
    const initdb = ['-D', join(folder, 'db'), '-U', 'tidemark', `--pwfile=${password}`, '--no-sync']
    initdb.push(...told(services.db!.environment.POSTGRES_INITDB_ARGS!).split(' '))
    expect(await run(join(found.bin!, 'initdb'), initdb, options)).toMatchObject({ ok: true })

    const start = (words: string[], environment: Record<string, string>) => {
      const child = spawn(words[0]!, words.slice(1), {
        cwd: folder,
        env: { PATH: `${found.bin}${delimiter}${path}`, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(user && { uid: user.uid, gid: user.gid }),
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (said += text))
      const ended = once(child, 'close').then(([code]) => ({ code, said }))
      closes.push(async () => {
        child.kill('SIGINT')
        await ended
      })
      return { child, ended }
    }
    /** On a port of this machine in the place of a container. */
    const postgres = (own: number) => [
      ...services.db!.command.map((word) => word.replace('/etc/postgresql/pg_hba.conf', hba)),
      ...['-p', String(own), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off', '-c', 'shared_buffers=32MB'],
    ]
    // Two segments, which a replica soon misses.
    start([...postgres(port), '-c', 'max_slot_wal_keep_size=32MB'], { PGDATA: join(folder, 'db') })
    const url = (own: number, database = 'tidemark') =>
      `postgres://tidemark:${secrets.POSTGRES_PASSWORD}@127.0.0.1:${own}/${database}`
    const administration = await opened(url(port, 'postgres'))
    await administration`CREATE DATABASE tidemark`
    const primary = await opened(url(port))
    await primary`CREATE TABLE told (what text)`

    const replication = services.replication!
    const prepare = (environment: Record<string, string> = {}) =>
      start([...replication.entrypoint, ...replication.command].map(told), {
        ...environmentOf(replication),
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        ...environment,
      }).ended
    const without = await prepare({ REPLICATION_PASSWORD: '' })
    expect(without).toEqual({
      code: expect.any(Number),
      said: expect.stringContaining('set REPLICATION_PASSWORD'),
    })
    expect(without.code).not.toBe(0)
    // Compose runs it at each start.
    for (let time = 0; time < 2; time++) expect(await prepare()).toMatchObject({ code: 0 })

    const replica = services.replica!
    const stream = () =>
      start([...replica.entrypoint.map(told), ...postgres(replicaPort)], {
        ...environmentOf(replica),
        PGDATA: join(folder, 'replica'),
        PRIMARY: replica.environment.PRIMARY!.replace('host=db', `host=127.0.0.1 port=${port}`),
      })
    const first = stream()
    const reader = await opened(url(replicaPort))
    const tells = async (what: string) => {
      await primary`INSERT INTO told VALUES (${what})`
      await expect
        .poll(async () => (await reader`SELECT 1 FROM told WHERE what = ${what}`.catch(() => [])).length)
        .toBe(1)
    }
    await tells('at first')
    const [sender] = await primary`
      SELECT r.usename, r.application_name, r.state, s.slot_name FROM pg_stat_replication r
      JOIN pg_replication_slots s ON s.active_pid = r.pid`
    expect(sender).toEqual({
      usename: 'replication',
      application_name: 'replica',
      state: 'streaming',
      slot_name: 'replica',
    })
    await expect(reader`INSERT INTO told VALUES ('never')`).rejects.toMatchObject({ code: '25006' })

    await stop(first.child, first.ended)
    await primary`INSERT INTO told VALUES ('meanwhile')`
    const second = stream()
    await opened(url(replicaPort))
    await tells('afterwards')
    const known = ['at first', 'meanwhile', 'afterwards']
    expect((await reader`SELECT what FROM told`).map(({ what }) => what)).toEqual(known)

    await stop(second.child, second.ended)
    const missed = ['1', '2', '3', '4', '5']
    for (const what of missed) {
      await primary`INSERT INTO told VALUES (${what})`
      await primary`SELECT pg_switch_wal()`
    }
    await primary`CHECKPOINT`
    const slot = async () => (await primary`SELECT wal_status, active FROM pg_replication_slots`)[0]
    expect(await slot()).toEqual({ wal_status: 'lost', active: false })
    // As its volume.
    await rm(join(folder, 'replica'), { recursive: true })
    expect(await prepare()).toMatchObject({ code: 0 })
    // PostgreSQL 18 starts no replication from one that is lost.
    expect(await slot()).toEqual({ wal_status: null, active: false })
    stream()
    await opened(url(replicaPort))
    await tells('anew')
    expect((await reader`SELECT what FROM told`).map(({ what }) => what)).toEqual([
      ...known,
      ...missed,
      'anew',
    ])
    expect(await slot()).toEqual({ wal_status: 'reserved', active: true })
    // One that is in use stays.
    expect(await prepare()).toMatchObject({ code: 0 })
    await tells('still')
  },
)

const environmentOf = ({ environment }: Service) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, told(value)]))

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGINT')
  await ended
}

/** A client, once the server takes it. */
async function opened(url: string): Promise<Sql> {
  const sql = connect(url, { max: 1 })
  closes.push(() => sql.end({ timeout: 0 }))
  await expect.poll(() => sql`SELECT 1`.then(() => 'open', String), { timeout: 60_000 }).toBe('open')
  return sql
}
