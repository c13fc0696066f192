import { expect } from 'vitest'
import { addDays } from '../../src/calendar.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import { ApiProblem } from '../../src/client/problem.ts'
import type { Bank } from './bank.ts'
import type { CheckedFetch } from './checked-fetch.ts'
import { createDealer } from './dealer.ts'
import { createLedger, type Entry, type Ledger } from './ledger.ts'
import type { Patience } from './patience.ts'
import { oldDays, readsOf } from './person-reads.ts'
import type { Seeded } from './seeded.ts'

export interface Person {
  ledger: Ledger
  client: Client
  cash: string
  house: string
  /** What this person has at the bank, one a source, by the token of its credentials. */
  tokens: string[]
  sources: string[]
  /** Emails of others whom this client has signed up. */
  friends: string[]
  /** The next write, acknowledged. One at a time. */
  write(): Promise<void>
  /** The next read, compared with what was acknowledged before it and begun by its end. */
  read(): Promise<void>
  logIn(email?: string): Promise<void>
  /** From the next write and read on, what is done is chosen by the seed and this name, whatever was done so far. */
  chooseAnew(name: string): void
}

export interface PersonParts {
  /** How many there are: together, they do each kind of write and read early. */
  people: number
  baseUrl: string
  bank: Bank
  checked: CheckedFetch
  patience: Patience
  seeded: Seeded
  today: string
}

const password = 'correct horse battery staple'
const mostSources = 3
/** Somebody with accounts, whose client tries again as the contract asks, and keeps a ledger of what was acknowledged. */
export async function createPerson(number: number, parts: PersonParts): Promise<Person> {
  const { people, baseUrl, bank, checked, patience, seeded, today } = parts
  const name = `p${number}`
  const email = `${name}@example.org`
  const ledger = createLedger()
  const stranger = createClient({ baseUrl, fetch: checked.fetch })
  let tokens = { accessToken: '', refreshToken: '' }
  const client = createClient({ baseUrl, fetch: checked.fetch, token: () => tokens.accessToken })
  const { untilAnswered } = patience
  const friends: string[] = []
  const bankTokens: string[] = []
  const sources: string[] = []
  let numbers = 0

  const dayAgo = (days: number) => addDays(today, -days)
  const lastOldDay = dayAgo(oldDays)

  async function signUp(email: string): Promise<void> {
    let asked = 0
    await untilAnswered('sign up', async () => {
      asked++
      try {
        await stranger.createUser({ body: { email, password, timeZone: 'UTC', baseCurrency: 'EUR' } })
      } catch (error) {
        // The answer to an earlier attempt was lost.
        if (asked > 1 && error instanceof ApiProblem && error.status === 409) return
        throw error
      }
    })
  }

  async function logIn(who = email): Promise<void> {
    const given = await untilAnswered('log in', () =>
      stranger.createTokens({ body: { email: who, password } }),
    )
    if (who === email) tokens = given
  }

  async function refresh(): Promise<void> {
    let asked = 0
    const { refreshToken } = tokens
    await untilAnswered('refresh', async () => {
      asked++
      try {
        tokens = await stranger.refreshTokens({ body: { refreshToken } })
      } catch (error) {
        // A lost answer is forgiven once, and not twice in a row: then the log-in has ended, as it is told.
        if (asked === 1 || !(error instanceof ApiProblem) || error.status !== 401) throw error
        await logIn()
      }
    })
  }

  await signUp(email)
  await logIn()
  const { id: cash } = await client.createAccount({ body: { name: 'Cash', kind: 'cash' } })
  const { id: house } = await client.createAccount({ body: { name: 'House', kind: 'property' } })
  const { id: files } = await client.createSource({ body: { type: 'file' } })

  /** A write with an entry in the ledger: begun, acknowledged. */
  async function entered(change: () => void, kind: string, attempt: () => Promise<void>): Promise<void> {
    ledger.begin(change)
    await untilAnswered(kind, attempt)
    ledger.done()
  }

  function newRows(word: string, most: number, [from, to]: [number, number]): Entry[] {
    return Array.from({ length: writes.between(1, most) }, () => ({
      description: `${name} ${word} ${numbers++}`,
      date: dayAgo(writes.between(from, to)),
      amount: `${writes.between(-90, 90)}.${writes.between(0, 9)}5`,
    }))
  }

  /** A file of these lines, of which the ledger does not have the new rows yet. */
  async function upload(kind: string, rows: Entry[], all: Entry[]): Promise<void> {
    const lines = all.map(({ description, date, amount }) =>
      ['Statements', description, date, amount, description].join(','),
    )
    await untilAnswered(kind, async () => {
      await client.uploadStatementFile({
        params: { id: files },
        body: ['account,id,date,amount,description', ...lines, ''].join('\n'),
        contentType: 'text/csv',
        idempotencyKey: `${name}-file-${rows[0]!.description.replaceAll(' ', '-')}`,
      })
    })
    ledger.rows.push(...rows)
  }

  const kinds: Record<string, () => Promise<void>> = {
    enter: () => {
      const entry = {
        description: `${name} entry ${numbers++}`,
        date: dayAgo(writes.between(0, 60)),
        amount: `${writes.between(-500, 500)}.${writes.between(0, 9)}5`,
      }
      const call = {
        body: { accountId: cash, date: entry.date, amount: entry.amount, description: entry.description },
        idempotencyKey: entry.description.replaceAll(' ', '-'),
      }
      return entered(
        () => ledger.entries.push(entry),
        'enter',
        async () => {
          Object.assign(entry, { id: (await client.createTransaction(call)).id })
        },
      )
    },
    'enter again': async () => {
      const known = ledger.entries.filter(({ id }) => id !== undefined)
      if (known.length === 0) return
      const entry = writes.pick(known)
      const { description, date, amount } = entry
      await untilAnswered('enter again', async () => {
        const body = { accountId: cash, date, amount, description }
        const idempotencyKey = description.replaceAll(' ', '-')
        expect((await client.createTransaction({ body, idempotencyKey })).id).toBe(entry.id)
      })
    },
    annotate: async () => {
      const known = ledger.entries.filter(({ id }) => id !== undefined)
      if (known.length === 0) return
      const entry = writes.pick(known)
      const note = `note ${numbers++}`
      await untilAnswered('annotate', async () => {
        const told = await client.updateTransaction({ params: { id: entry.id! }, body: { note } })
        expect(told).toMatchObject({ note, amount: entry.amount, date: entry.date })
      })
      entry.note = note
    },
    'set a balance': async () => {
      const date = dayAgo(writes.between(0, 60))
      const amount = `${writes.between(1000, 9000)}.5`
      await untilAnswered('set a balance', async () => {
        await client.putBalance({ params: { id: house, date }, body: { amount } })
      })
      ledger.balances.set(date, amount)
    },
    upload: async () => {
      const rows = newRows('row', 30, [0, 60])
      await upload('upload', rows, rows)
    },
    // Late rows of months that are archived meanwhile, beside some that are known, of which most lie there by now.
    'upload old': async () => {
      const known = ledger.rows.filter(({ date }) => date <= lastOldDay)
      const again = known.length > 0 ? [writes.pick(known)] : []
      const rows = newRows('old', 10, [470, 590])
      await upload('upload old', rows, [...rows, ...again])
    },
    connect: async () => {
      // Tried each time, so that it is known to work: beyond the most, as a request that is sent again.
      const number = Math.min(sources.length, mostSources - 1)
      const token = `${name}-${number}`
      if (number === sources.length) {
        bank.world(token).openAccount({ id: 'A', name: `Bank ${number}`, kind: 'checking', asset: 'EUR' })
        happenAt(token)
        bankTokens.push(token)
      }
      await untilAnswered('connect', async () => {
        const { id } = await client.createSource({
          body: {
            type: 'faults',
            name: `Bank ${number}`,
            config: { baseUrl: bank.url },
            credentials: { token },
          },
          idempotencyKey: `connect-${token}`,
        })
        if (number === sources.length) sources.push(id)
        expect(sources[number]).toBe(id)
      })
    },
    sync: async () => {
      if (sources.length === 0) return
      const number = writes.between(0, sources.length - 1)
      happenAt(bankTokens[number]!)
      await untilAnswered('sync', async () => {
        await client.syncSource({ params: { id: sources[number]! } })
      })
    },
    refresh,
    'log in': () => logIn(),
    'sign up': async () => {
      const friend = `${name}-friend-${numbers++}@example.org`
      await signUp(friend)
      friends.push(friend)
    },
  }

  /** Something happens at the bank: rows come, one changes, one goes. */
  function happenAt(token: string): void {
    const world = bank.world(token)
    for (let left = writes.between(1, 30); left > 0; left--)
      world.put({
        account: 'A',
        id: `${token} ${numbers++}`,
        occurredAt: `${dayAgo(writes.between(0, 60))}T10:00:00.000Z`,
        amount: `${writes.between(-90, 90)}.${writes.between(0, 9)}5`,
        description: `${token} ${numbers}`,
      })
    const rows = world.rows('A')
    world.put({ ...writes.pick(rows), amount: `${writes.between(1, 90)}.25` })
    if (rows.length > 5) world.remove('A', writes.pick(rows).id)
  }

  const readKinds = readsOf({ client, ledger, patience, cash, sources, today })

  let writes: Seeded
  const writeDealer = createDealer(Object.keys(kinds), number / people)
  const readDealer = createDealer(Object.keys(readKinds), number / people)
  const chooseAnew = (at: string) => {
    writes = seeded.fork(`${name} ${at}`)
    // All persons by the same order, in which each begins elsewhere.
    writeDealer.dealAnew(seeded.fork(`writes ${at}`))
    readDealer.dealAnew(seeded.fork(`reads ${at}`))
  }
  chooseAnew('start')

  return {
    ledger,
    client,
    cash,
    house,
    tokens: bankTokens,
    sources,
    friends,
    write: () => kinds[writeDealer.next()]!(),
    read: () => readKinds[readDealer.next()]!(),
    logIn,
    chooseAnew,
  }
}
