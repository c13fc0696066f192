import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import Big from 'big.js'
import { beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { dayInZone } from '../../src/calendar.ts'
import { makeHousehold } from '../../src/cli/demo/household.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import { providers } from '../../src/connectors/registry.ts'
import { worthOfLedgers } from '../cli-demo/ledger-worth.ts'
import { cloneDatabase } from '../setup/database.ts'
import { commandLine, makeFolder, type Outcome } from './command.ts'

const folder = makeFolder()

interface Served {
  process: ChildProcess
  ended: Promise<Outcome>
  link: URL
  stdout: string
  /** Logged in by the link. */
  client: Client
}

/** `tidemark demo` as a process of its own, once it has said where its dashboard is. */
async function startDemo(command: ReturnType<typeof commandLine>, PORT = '0'): Promise<Served> {
  const { process, ended } = command.start(['demo'], { environment: { PORT } })
  let stdout = ''
  const link = await new Promise<string>((resolve, reject) => {
    process.stdout!.on('data', (text) => {
      stdout += text
      const found = /^ {2}(http:\/\/\S+)\n/m.exec(stdout)?.[1]
      if (found) resolve(found)
    })
    void ended.then((outcome) => reject(new Error(outcome.stderr)))
  })
  const url = new URL(link)
  const given = JSON.parse(Buffer.from(url.hash.slice('#log-in='.length), 'base64url').toString())
  const { accessToken } = await createClient({ baseUrl: url.origin }).createTokens({ body: given })
  const client = createClient({ baseUrl: url.origin, token: () => accessToken })
  return { process, ended, link: url, stdout, client }
}

async function stop({ process, ended }: Pick<Served, 'process' | 'ended'>): Promise<Outcome> {
  process.kill('SIGINT')
  return ended
}

/** What differs between engines ends behind the API. */
describe.skipIf(inject('engine') !== 'plain')('served', () => {
  let command: ReturnType<typeof commandLine>
  let demo: Served
  let client: Client
  let link: URL
  beforeAll(async () => {
    command = commandLine(await cloneDatabase(), folder)
    demo = await startDemo(command)
    ;({ client, link } = demo)
  })
  const sources = async () => (await client.listSources()).sources
  /** The access URL that the page for connecting tells. */
  const secondBank = async () => {
    const { sourceTypes } = await client.listSourceTypes()
    const { auth } = sourceTypes.find(({ id }) => id === 'simplefin')!
    return /http:\/\/\S+$/.exec(auth)![0]
  }
  const named = async (name: string) => (await sources()).find((source) => source.name === name)!

  test('the dashboard is on this machine alone, with a link that logs in', async () => {
    expect([link.hostname, link.pathname, link.search]).toEqual(['127.0.0.1', '/', ''])
    const page = await fetch(link)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('<div id="app">')
    expect((await client.getReadiness()).checks.scheduler).toBe('running')
  })

  test('the household is worth what its ledgers say', async () => {
    const { email } = await client.getMe()
    const household = makeHousehold({ seed: 1, today: dayInZone(new Date(), 'UTC') })
    expect(email).toMatch(/@demo\.example$/)
    const { points } = await client.getNetWorth({ query: { interval: 'year' } })
    // Today's prices come in the course of the day.
    for (const { date, netWorth, missing } of points.slice(0, -1)) {
      expect([date, new Big(netWorth).round(6).toFixed()]).toEqual([
        date,
        worthOfLedgers(household, date).round(6).toFixed(),
      ])
      expect(missing).toEqual([])
    }
  })

  test('every connector can be looked at', async () => {
    const { sourceTypes } = await client.listSourceTypes()
    expect(sourceTypes.map(({ id }) => id)).toEqual(['file', ...Object.keys(providers).toSorted()])
  })

  test('a source syncs when it is asked to, pauses and goes on', async () => {
    const { id, lastSyncTime } = await named('Hausbank (demo)')
    const synced = async (since: string) =>
      vi.waitFor(
        async () => expect((await client.getSource({ params: { id } })).lastSyncTime! > since).toBe(true),
        20_000,
      )
    await client.syncSource({ params: { id } })
    await synced(lastSyncTime!)
    const paused = await client.updateSource({ params: { id }, body: { status: 'paused' } })
    expect(paused.status).toBe('paused')
    await client.updateSource({ params: { id }, body: { status: 'active' } })
    await synced(paused.lastSyncTime!)
  })

  test('one waits for its owner, and goes on once they sign in again', async () => {
    const source = await vi.waitFor(async () => {
      const found = await named('Old savings bank (demo)')
      expect(found.status).toBe('reauth')
      return found
    }, 20_000)
    expect(source).toMatchObject({ accounts: 0, lastSyncTime: null })
    const credentials = { accessUrl: await secondBank() }
    await client.putSourceCredentials({ params: { id: source.id }, body: { credentials } })
    await vi.waitFor(async () => {
      const found = await named(source.name)
      expect(found).toMatchObject({ status: 'active', accounts: 1, backfill: null, running: false })
    }, 20_000)
    const { accounts } = await client.listAccounts()
    expect(accounts.map(({ name }) => name)).toContainEqual(expect.stringContaining('Old savings'))
  })

  test('a real provider is not asked', async () => {
    const credentials = { accessUrl: 'https://me:secret@bridge.simplefin.org/simplefin' }
    await expect(client.createSource({ body: { type: 'simplefin', credentials } })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('the demo asks its own emulated providers alone'),
    })
  })

  test('another one on the same database is refused', async () => {
    const { code, stderr } = await command.run('demo', '--no-serve')
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('another tidemark demo runs on this database'),
    ])
  })

  test('asked to stop it ends well, and leaves no source that a worker would ask', async () => {
    const added = await client.createSource({
      body: { type: 'simplefin', name: 'Mine', credentials: { accessUrl: await secondBank() } },
    })
    expect(added.status).toBe('active')
    expect(await stop(demo)).toMatchObject({
      code: 0,
      stderr: expect.not.stringMatching(/tidemark:|"level"/),
    })
    await expect(fetch(link)).rejects.toThrow()
    const left = JSON.parse((await command.run('source', 'list', '--format', 'json')).stdout)
    expect(left).toHaveLength(7)
    for (const { name, status } of left) expect([name, status]).toEqual([name, 'paused'])
  })

  test('started anew it has the same accounts, whatever its owner did to the sources, and takes a port that is free', async () => {
    const again = await startDemo(command)
    const before = (await again.client.listAccounts()).accounts.map(({ id }) => id)
    const all = (await again.client.listSources()).sources
    const idOf = (name: string) => all.find((source) => source.name === name)!.id
    await again.client.updateSource({ params: { id: idOf('Hausbank (demo)') }, body: { name: 'My bank' } })
    await again.client.deleteSource({ params: { id: idOf('Kraken (demo)') }, query: { history: 'keep' } })
    await stop(again)

    const other = createServer()
    await new Promise<void>((resolve) => {
      // Taken by somebody else, it is as good.
      other.once('error', () => resolve())
      other.listen(8080, '127.0.0.1', resolve)
    })
    const third = await startDemo(command, '')
    expect(third.stdout).toContain('Port 8080 is taken')
    expect(third.link.port).not.toBe('8080')
    other.close()
    expect((await third.client.listAccounts()).accounts.map(({ id }) => id)).toEqual(before)
    const { sources } = await third.client.listSources()
    expect(sources.map(({ name }) => name).toSorted()).toEqual([
      'Mine',
      'My bank',
      'Old savings bank (demo)',
      'SimpleFIN (demo)',
      'files',
    ])
    // The link of an earlier start is good no more.
    const { hash } = link
    const earlier = JSON.parse(Buffer.from(hash.slice('#log-in='.length), 'base64url').toString())
    const stranger = createClient({ baseUrl: third.link.origin })
    await expect(stranger.createTokens({ body: earlier })).rejects.toMatchObject({ status: 401 })
    await stop(third)
  })
})
