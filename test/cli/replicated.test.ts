import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { fixture as simplefin } from '../../src/connectors/simplefin/fixture.ts'
import { retryOnContention } from '../../src/db/client.ts'
import { serveProvider } from '../setup/providers.ts'
import { startReplicated } from '../setup/replica.ts'
import { commandLine, makeFolder } from './command.ts'

/** A write that was acknowledged, after which the next fault may come. */
const writesBetweenFaults = 12
const people = 4
const clientsOfEach = 2
const key = Buffer.alloc(32, 9).toString('base64')
const folder = makeFolder()

/** One who enters transactions of 1 EUR each, through any process. */
interface Person {
  token: string
  accountId: string
  /** Ids of what was answered with 201. */
  acknowledged: Set<string>
  /** Requests that were sent. */
  begun: number
}

test('two HTTP processes and two workers over a primary and its replica: whatever happens to the replica, every read holds all that was acknowledged before it', async () => {
  const replicated = await startReplicated({ max_standby_streaming_delay: '0', hot_standby_feedback: 'off' })
  const { db, replica, caughtUp } = replicated
  const bank = await serveProvider(simplefin, { clock: () => new Date(), limits: false })
  const { start } = commandLine(db, folder, {
    TIDEMARK_KEY: key,
    PORT: '0',
    DATABASE_READ_URL: replicated.replicaUrl,
    TIDEMARK_ALLOWED_HOSTS: bank.host,
  })
  const serve = () => started(start(['serve', '--no-scheduler']), /http:\/\/\S+/)
  const work = () => started(start(['worker']), /Tidemark works/)
  const processes = await Promise.all([serve(), serve(), work(), work()])
  const urls = [processes[0]!.told, processes[1]!.told]
  const other = (url: string) => urls.find((each) => each !== url)!
  const any = () => urls[Math.floor(Math.random() * 2)]!

  const everybody = await Promise.all(Array.from({ length: people }, () => signUp(any())))

  let faultsOver = false
  let writes = 0
  let wake = () => {}
  const client = async (person: Person) => {
    while (!faultsOver) {
      const url = any()
      await enter(url, person)
      writes++
      wake()
      await expectAll(other(url), person)
    }
  }
  const further = async () => {
    const until = writes + writesBetweenFaults
    while (writes < until) await new Promise<void>((resume) => (wake = resume))
  }
  /** Reads come from the replica: else a fault of it would be nobody's business. */
  const inUse = async () => {
    const reads = async () => Math.min(...(await Promise.all(urls.map(readsFromReplica))))
    for (const before = await reads(); (await reads()) === before; ) await further()
  }
  // What is replayed may end any statement there, also one of this test.
  const faults: (() => Promise<unknown>)[] = [
    inUse,
    () => retryOnContention(() => replica`SELECT pg_wal_replay_pause()`),
    () => retryOnContention(() => replica`SELECT pg_wal_replay_resume()`),
    inUse,
    // What the primary locks is locked on the replica, too, and ends what reads there.
    async () => {
      const locking = (await db.sql.reserve()) as unknown as typeof db.sql
      for (let time = 0; time < 20; time++) {
        await locking`BEGIN`
        await locking`LOCK TABLE account, transaction IN ACCESS EXCLUSIVE MODE`
        await locking`COMMIT`
      }
      ;(locking as unknown as { release(): void }).release()
    },
    replicated.stopReplica,
    replicated.startReplica,
    inUse,
    () => retryOnContention(() => replica`SELECT pg_wal_replay_pause()`),
    replicated.stopReplica,
    replicated.startReplica,
  ]
  const disturb = async () => {
    for (const fault of faults) {
      await further()
      await fault()
    }
    await further()
    faultsOver = true
  }
  const clients = everybody.flatMap((person) => Array.from({ length: clientsOfEach }, () => client(person)))
  await Promise.all([disturb(), ...clients]).finally(() => {
    faultsOver = true
  })

  // What a worker syncs is read by both processes, once one of them has told it.
  const [owner] = everybody as [Person]
  const connection = JSON.stringify({ type: 'simplefin', name: 'A bank', ...bank.connection })
  await ask(urls[0]!, owner, '/v1/sources', { method: 'POST', body: connection })
  const listed = async (url: string) =>
    (await listAll(url, owner)).filter(({ accountId }) => accountId !== owner.accountId).length
  await expect.poll(() => listed(urls[0]!), { timeout: 60_000 }).toBeGreaterThan(0)
  for (const url of [urls[1]!, urls[0]!]) {
    const before = await listed(url)
    expect(await listed(other(url))).toBeGreaterThanOrEqual(before)
  }

  // In peace, reads come from the replica again, in both processes.
  await caughtUp()
  for (const url of urls) {
    const before = await readsFromReplica(url)
    await expect
      .poll(
        async () => {
          await expectAll(url, owner)
          await enter(url, owner)
          await caughtUp()
          return readsFromReplica(url)
        },
        { timeout: 60_000 },
      )
      .toBeGreaterThan(before + 20)
  }
  const told = await Promise.all(
    everybody.map((person) => Promise.all(urls.map((url) => shown(url, person)))),
  )
  for (const [index, person] of everybody.entries()) {
    const exact = String(person.acknowledged.size)
    for (const { entered, ...amounts } of told[index]!) {
      expect(entered.toSorted()).toEqual([...person.acknowledged].toSorted())
      if (index > 0) expect(amounts).toEqual({ balance: exact, worth: exact, feed: exact })
      else expect(amounts.balance).toBe(exact)
    }
  }
  for (const { process, ended } of processes) {
    process.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  }
}, 300_000)

async function started(
  { process, ended }: ReturnType<ReturnType<typeof commandLine>['start']>,
  said: RegExp,
) {
  let text = ''
  while (!said.test(text)) {
    const [more] = (await Promise.race([
      once(process.stdout!, 'data'),
      ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
    ])) as [string]
    text += more
  }
  return { process, ended, told: said.exec(text)![0] }
}

async function signUp(baseUrl: string): Promise<Person> {
  const who = { email: `${randomUUID()}@example.org`, password: 'correct horse battery staple' }
  const stranger = createClient({ baseUrl })
  await stranger.createUser({ body: { ...who, timeZone: 'UTC', baseCurrency: 'EUR' } })
  const { accessToken: token } = await stranger.createTokens({ body: who })
  const own = createClient({ baseUrl, token: () => token })
  const { id: accountId } = await own.createAccount({ body: { name: 'Wallet', kind: 'cash' } })
  return { token, accountId, acknowledged: new Set(), begun: 0 }
}

// biome-ignore lint/suspicious/noExplicitAny: what is expected of it is said where it is asked
async function ask(url: string, { token }: Person, path: string, request: RequestInit = {}): Promise<any> {
  const response = await fetch(url + path, {
    ...request,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

async function enter(url: string, person: Person): Promise<void> {
  person.begun++
  const body = JSON.stringify({ accountId: person.accountId, amount: '1' })
  const { id } = await ask(url, person, '/v1/transactions', { method: 'POST', body })
  person.acknowledged.add(id)
}

/** What the process tells of the account, in four ways. */
async function shown(url: string, person: Person) {
  const [list, balance, worth, feed] = await Promise.all([
    listAll(url, person),
    ask(url, person, `/v1/balance?accountId=${person.accountId}`),
    ask(url, person, '/v1/net-worth?interval=month&from=2024-01-01'),
    ask(url, person, '/v1/feed?limit=1'),
  ])
  return {
    entered: list.filter(({ accountId }) => accountId === person.accountId).map(({ id }) => id),
    balance: (balance.balances[0]?.quantity ?? '0') as string,
    worth: worth.points.at(-1).netWorth as string,
    feed: feed.balance as string,
  }
}

async function listAll(url: string, person: Person): Promise<{ id: string; accountId: string }[]> {
  const all: { id: string; accountId: string }[] = []
  for (let cursor = ''; ; ) {
    const { transactions, nextCursor } = await ask(url, person, `/v1/transactions?limit=500${cursor}`)
    all.push(...transactions)
    if (nextCursor === null) return all
    cursor = `&cursor=${encodeURIComponent(nextCursor)}`
  }
}

/** What was acknowledged before the question is in every answer to it, and nothing that was not begun is. */
async function expectAll(url: string, person: Person): Promise<void> {
  const before = [...person.acknowledged]
  const { entered, ...amounts } = await shown(url, person)
  const found = new Set(entered)
  expect(before.filter((id) => !found.has(id))).toEqual([])
  for (const [what, amount] of Object.entries(amounts)) {
    expect(Number(amount), what).toBeGreaterThanOrEqual(before.length)
    if (what === 'balance') expect(Number(amount), what).toBeLessThanOrEqual(person.begun)
  }
}

async function readsFromReplica(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^tidemark_reads_total\{from="replica"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
