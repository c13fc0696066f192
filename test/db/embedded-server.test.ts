import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EmbeddedServer, openEmbeddedServer } from '../../src/db/embedded-server.ts'
import { findServerBinaries } from '../../src/db/server-binaries.ts'
import { InstallationError } from '../../src/errors.ts'

const root = join(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0
const linux = process.platform === 'linux'
const path = process.env.PATH ?? ''
const NOBODY = 65_534

const found = await findServerBinaries({ path })
const engines = ['npm', ...(found.packaged ? [] : [found.bin])]
const settings = { fsync: 'off', shared_buffers: '16MB', 'timescaledb.max_background_workers': '0' }

const logged: string[] = []
const note = (details: object, message: string) => void logged.push(`${message} ${JSON.stringify(details)}`)
const log = { info: note, warn: note, debug: note }

let scratch: string
let opened: EmbeddedServer[] = []
let children: ChildProcess[] = []
/** Folders of server files, to see that nothing runs there and to remove them. */
let folders: Set<string>

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tidemark-server-'))
  await chmod(scratch, 0o711)
  folders = new Set()
  logged.length = 0
})

afterEach(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await Promise.all(opened.map((server) => server.close()))
  opened = []
  children = []
  const left: number[] = []
  for (const folder of folders) {
    const pid = await postmaster(folder)
    if (pid !== undefined && (await runs(pid))) {
      left.push(pid)
      process.kill(pid, 'SIGQUIT')
      await gone(pid)
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  expect(left, 'servers that a test left running').toEqual([])
})

async function open(name: string, pgBin = 'npm', more: Record<string, string> = {}): Promise<EmbeddedServer> {
  const server = await openEmbeddedServer({
    dataDir: join(scratch, name),
    pgBin,
    path,
    log,
    settings: { ...settings, ...more },
  })
  opened.push(server)
  folders.add(server.folder)
  return server
}

/** The same in a process of its own, which closes when its input ends. */
async function openElsewhere(name: string, { pgBin = 'npm', uid }: { pgBin?: string; uid?: number } = {}) {
  const options = { dataDir: join(scratch, name), pgBin, path, settings }
  const script = `
    import { openEmbeddedServer } from ${JSON.stringify(join(root, 'src/db/embedded-server.ts'))}
    const log = { info() {}, warn() {}, debug() {} }
    const server = await openEmbeddedServer({ ...${JSON.stringify(options)}, log })
    console.log(JSON.stringify({ url: server.url, started: server.started, folder: server.folder }))
    process.stdin.resume().once('end', () => server.close())`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  children.push(child)
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += text
  })
  const answer = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(line))
  const died = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`ended with ${code}: ${errors}`)),
  )
  const ready = Promise.race([answer, died]) as Promise<{ url: string; started: boolean; folder: string }>
  died.catch(() => {})
  ready.then(({ folder }) => folders.add(folder)).catch(() => {})
  const close = async () => {
    child.stdin.end()
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    expect(code, errors).toBe(0)
  }
  return { child, ready, close }
}

async function query<T extends object>(url: string, text: string): Promise<T[]> {
  const sql = postgres(url, { max: 1, onnotice() {} })
  try {
    return [...(await sql.unsafe<T[]>(text))]
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function postmaster(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8').catch(() => '')
  return Number.parseInt(text, 10) || undefined
}

async function runs(pid: number): Promise<boolean> {
  if (linux)
    return !/^State:\s+[ZX]|^$/m.test((await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')).trim())
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function gone(pid: number): Promise<void> {
  while (await runs(pid)) await wait(10)
}

const message = async (promise: Promise<unknown>) => {
  const error = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InstallationError)
  return (error as Error).message
}

describe.each(engines)('the server of %s', (pgBin) => {
  test('starts, keeps its data and its port, and leaves no process behind', async () => {
    const first = await open('data', pgBin)
    expect(first.started).toBe(true)
    const pid = (await postmaster(first.folder))!
    await query(first.url, 'create table kept as select 42 as answer')
    const [is] = await query<Record<string, string>>(
      first.url,
      `select current_database() as name, current_user as user, getdatabaseencoding() as encoding,
              current_setting('listen_addresses') as listens, current_setting('unix_socket_directories') as socket,
              current_setting('data_checksums') as checksums, current_setting('timezone') as zone,
              current_setting('max_locks_per_transaction') as locks, current_setting('jit') as jit`,
    )
    expect(is).toEqual({
      name: 'tidemark',
      user: 'tidemark',
      encoding: 'UTF8',
      listens: '127.0.0.1',
      socket: '',
      checksums: 'on',
      zone: 'UTC',
      locks: '512',
      jit: 'off',
    })
    const wrong = first.url.replace(/:[^:@]+@/, ':guess@')
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    if (first.binaries.timescale) {
      await query(first.url, 'create extension timescaledb')
      const [tsl] = await query<{ loaded: boolean }>(
        first.url,
        'select _timescaledb_functions.tsl_loaded() as loaded',
      )
      expect(tsl).toEqual({ loaded: true })
    }
    await first.close()
    await gone(pid)

    const second = await open('data', pgBin)
    expect(second.started).toBe(true)
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('outlives its opener: the next one attaches', async () => {
    const other = await openElsewhere('data', { pgBin })
    const { url } = await other.ready
    await query(url, 'create table kept as select 42 as answer')
    other.child.kill('SIGKILL')
    await once(other.child, 'exit')
    const server = await open('data', pgBin)
    expect(server.started).toBe(false)
    expect(server.binaries.version).toBeTruthy()
    expect(await query(server.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    const pid = (await postmaster(server.folder))!
    await server.close()
    await gone(pid)
  })

  test('comes back after a kill of the server itself', async () => {
    const first = await open('data', pgBin)
    await query(first.url, 'create table kept as select 42 as answer')
    const pid = (await postmaster(first.folder))!
    process.kill(pid, 'SIGKILL')
    await gone(pid)
    const second = await open('data', pgBin)
    expect(second.started).toBe(true)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await first.close()
    await second.close()
  })
})

describe('several processes', () => {
  test('opening at once start one server, and the last one stops it', async () => {
    const [a, b] = await Promise.all([openElsewhere('data'), openElsewhere('data')])
    const [one, two] = await Promise.all([a.ready, b.ready])
    expect([one.started, two.started].sort()).toEqual([false, true])
    expect(two.url).toBe(one.url)
    const pid = (await postmaster(one.folder))!
    await a.close()
    expect(await query(two.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await b.close()
    await gone(pid)
  })

  test('may open while another one closes', async () => {
    let server = await open('data')
    for (let i = 0; i < 4; i++) {
      const [next] = await Promise.all([wait(i * 30).then(() => open('data')), server.close()])
      expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
      server = next
    }
  })

  test('and other clients keep the server alive', async () => {
    const server = await open('data')
    const client = postgres(server.url, { max: 1 })
    await client`select 1`
    const pid = (await postmaster(server.folder))!
    await server.close()
    expect(await runs(pid)).toBe(true)
    expect(await client`select 1 as one`).toEqual([{ one: 1 }])
    await client.end()
    const last = await open('data')
    expect(last.started).toBe(false)
    await last.close()
    await gone(pid)
  })
})

test('a first start that was killed half way is done again', async () => {
  const other = await openElsewhere('data')
  other.ready.catch(() => {})
  const draft = async () =>
    (await readdir(join(scratch, 'data')).catch(() => [])).find((name) => name.includes('.new-'))
  while (!(await draft())) await wait(5)
  await wait(100)
  other.child.kill('SIGKILL')
  const server = await open('data')
  expect(server.started).toBe(true)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('two data directories are two servers', async () => {
  const [a, b] = await Promise.all([open('a'), open('b')])
  expect(a.url).not.toBe(b.url)
  expect([a.started, b.started]).toEqual([true, true])
})

test('a running server keeps to itself', async () => {
  const server = await open('data')
  const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, '0')
  if (linux) {
    const sockets = (await readFile('/proc/net/tcp', 'utf8')) + (await readFile('/proc/net/tcp6', 'utf8'))
    // proc_net_tcp(5): local address and port in hexadecimal, remote ones, state; 0A is LISTEN.
    const listening = [...sockets.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /gm)]
    expect(listening.filter((socket) => socket[2] === port).map((socket) => socket[1])).toEqual(['0100007F'])
  }

  const { password } = new URL(server.url)
  expect(password.length).toBeGreaterThanOrEqual(32)
  expect(logged.join('\n')).not.toContain(password)
  expect(await readFile(join(server.folder, 'server.log'), 'utf8')).not.toContain(password)
  const file = join(scratch, 'data/server.json')
  expect(JSON.parse(await readFile(file, 'utf8')).password).toBe(password)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(server.folder, 'postgres'))).mode & 0o777).toBe(0o700)

  expect(server.folder).toBe(join(scratch, 'data'))
  if (linux && isRoot) expect((await stat(`/proc/${await postmaster(server.folder)}`)).uid).not.toBe(0)
})

test('a stopped server starts again whatever was left or taken meanwhile', async () => {
  const first = await open('data')
  const port = Number(new URL(first.url).port)
  await first.close()

  const squatter = createServer().listen(port, '127.0.0.1')
  await once(squatter, 'listening')
  const second = await open('data')
  squatter.close()
  expect(Number(new URL(second.url).port)).not.toBe(port)
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await second.close()

  // A lock file whose process number belongs to another program of the same user.
  const { uid, gid } = await stat(join(first.folder, 'postgres'))
  const sleeper = spawn('sleep', ['60'], { cwd: '/', ...(isRoot && { uid, gid }) })
  children.push(sleeper)
  const lock = join(first.folder, 'postgres/postmaster.pid')
  await writeFile(lock, `${sleeper.pid}\n${join(first.folder, 'postgres')}\n1\n5432\n\n127.0.0.1\n`)
  if (isRoot) await chown(lock, uid, gid)
  const third = await open('data')
  expect(third.started).toBe(true)
  await third.close()

  // An extension that the data needs and that is gone is told with the end of the server's log.
  const file = join(scratch, 'data/server.json')
  const record = JSON.parse(await readFile(file, 'utf8'))
  record.binaries.timescale = '2.28.3'
  await writeFile(file, JSON.stringify(record))
  expect(await message(open('data'))).toMatch(/did not start[\s\S]*FATAL:.*timescaledb/)
})

describe('what cannot be opened is told in a sentence', () => {
  test('data of a version that is nowhere', async () => {
    await mkdir(join(scratch, 'data/postgres'), { recursive: true })
    await writeFile(join(scratch, 'data/postgres/PG_VERSION'), '13\n')
    await writeFile(join(scratch, 'data/server.json'), JSON.stringify({ password: 'secret', binaries: {} }))
    expect(await message(open('data'))).toMatch(/made by PostgreSQL 13\b.*PostgreSQL 18/)
  })

  test('data without its password, and a password without its data', async () => {
    await mkdir(join(scratch, 'a/postgres'), { recursive: true })
    await writeFile(join(scratch, 'a/postgres/PG_VERSION'), '18\n')
    expect(await message(open('a'))).toContain('server.json')
    await mkdir(join(scratch, 'b'))
    await writeFile(join(scratch, 'b/server.json'), JSON.stringify({ password: 'secret', binaries: {} }))
    expect(await message(open('b'))).toContain('is gone')
  })

  test.skipIf(process.platform === 'win32')('a name that pg_ctl would hand to a shell', async () => {
    expect(await message(open('data$(id)'))).toContain('takes no path')
  })

  test('a data directory that is a file', async () => {
    await writeFile(join(scratch, 'file'), '')
    expect(await message(open('file'))).toContain('it is a file')
    expect(await message(open('file/below'))).toContain('a part of the path is a file')
  })
})

describe.runIf(isRoot)('under root', () => {
  test('a data directory and binaries that nobody else reaches are no obstacle', async () => {
    await chmod(scratch, 0o700)
    const { bin } = await findServerBinaries({ pgBin: 'npm', path })
    await cp(dirname(bin), join(scratch, 'native'), { recursive: true, verbatimSymlinks: true })
    const first = await open('data', join(scratch, 'native/bin'))
    expect(first.folder).not.toContain(scratch)
    expect(first.binaries.bin).toContain(first.folder)
    await query(first.url, 'create table kept as select 42 as answer')
    await first.close()
    const second = await open('data', join(scratch, 'native/bin'))
    expect(second.folder).toBe(first.folder)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('an ordinary user has all of it in the data directory, and root may attach or start it again', async (context) => {
    const reachable = spawn('test', ['-r', join(root, 'package.json')], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
    })
    if ((await once(reachable, 'exit'))[0] !== 0)
      context.skip('this checkout is not readable for other users')
    await chown(scratch, NOBODY, NOBODY)
    const other = await openElsewhere('data', { uid: NOBODY })
    const { folder, started } = await other.ready
    expect([folder, started]).toEqual([join(scratch, 'data'), true])
    expect(await stat(join(scratch, 'data'))).toMatchObject({ uid: NOBODY, mode: 0o40700 })
    const attached = await open('data')
    expect(attached.started).toBe(false)
    await other.close()
    await attached.close()
    expect((await open('data')).started).toBe(true)
    const owned = await Promise.all(['server.json', 'postgres'].map((name) => stat(join(folder, name))))
    expect(owned.map(({ uid }) => uid)).toEqual([NOBODY, NOBODY])
  })
})
