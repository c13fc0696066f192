import fc from 'fast-check'
import { addDays } from '../../src/calendar.ts'
import type { Delete, Page, PageAccount, ReportedBalance, Upsert } from '../../src/page.ts'

/** What a provider may say of two accounts in a few months, in every version that it ever had. */
export interface ProviderHistory {
  changes: (Upsert | Delete)[]
  balances: ReportedBalance[]
}

const accounts = ['checking', 'wallet']
const assets = ['EUR', 'BTC']
const firstDay = '2024-01-20'

const arbitraryDay = fc.integer({ min: 0, max: 75 }).map((offset) => addDays(firstDay, offset))
const arbitraryAmount = fc.oneof(
  fc.integer({ min: -100_000, max: 100_000 }).map((cents) => (cents / 100).toFixed(2)),
  fc
    .bigInt({ min: -(10n ** 20n), max: 10n ** 20n })
    .map(
      (units) => `${units < 0n ? '-' : ''}0.${(units < 0n ? -units : units).toString().padStart(21, '0')}`,
    ),
)
const arbitraryContent = fc.record({
  bookedOn: arbitraryDay,
  amount: arbitraryAmount,
  asset: fc.constantFrom(...assets),
  kind: fc.constantFrom('card', 'transfer'),
  status: fc.constantFrom('posted' as const, 'posted' as const, 'pending' as const),
})

/** The life of one id: edits that move its day, amount or state, perhaps its end, perhaps a successor. */
const arbitraryLife = fc.record({
  account: fc.constantFrom(...accounts),
  versions: fc.array(arbitraryContent, { minLength: 1, maxLength: 3 }),
  deleted: fc.boolean(),
  successor: fc.option(arbitraryContent, { nil: undefined }),
  twin: fc.boolean(),
})

/** Versions are the places in the history, so that each is unique and later is higher. */
export const arbitraryHistory: fc.Arbitrary<ProviderHistory> = fc
  .record({
    lives: fc.array(arbitraryLife, { minLength: 1, maxLength: 6 }),
    balances: fc.array(
      fc.record({
        account: fc.constantFrom(...accounts),
        asset: fc.constantFrom(...assets),
        day: arbitraryDay,
        edge: fc.constantFrom('open' as const, 'close' as const, 'close' as const, 'set' as const),
        amount: arbitraryAmount,
      }),
      { maxLength: 5 },
    ),
  })
  .map(({ lives, balances }) => {
    let version = 0
    const changes = lives.flatMap((life, index) => {
      const upsert = (id: string, content: (typeof life.versions)[number]): Upsert => {
        version++
        return {
          type: 'upsert',
          account: life.account,
          id,
          ...content,
          version,
          description: `${id} v${version}`,
        }
      }
      const told: (Upsert | Delete)[] = life.versions.map((content) => upsert(`${index}`, content))
      if (life.twin) told.push(upsert(`${index} twin`, life.versions[0]!))
      if (life.successor) told.push({ ...upsert(`${index} next`, life.successor), replaces: [`${index}`] })
      if (life.deleted)
        told.push({ type: 'delete', account: life.account, id: `${index}`, version: ++version })
      return told
    })
    return {
      changes,
      balances: balances.map((balance, sequence) => ({ ...balance, sequence: sequence + 1 })),
    }
  })

export function asPage(changes: (Upsert | Delete)[], balances: ReportedBalance[]): Page {
  const named = new Set([...changes, ...balances].map((row) => row.account))
  return { accounts: [...named].map((externalId): PageAccount => ({ externalId })), changes, balances }
}

/**
 * One way in which the same facts may arrive: cut off after some pages, then from the beginning in any order, with
 * repetitions, cut into pages of any size.
 */
export const arbitraryArrival: fc.Arbitrary<{ history: ProviderHistory; pages: Page[] }> =
  arbitraryHistory.chain((history) => {
    const facts = [
      ...history.changes.map((change) => ({ change, balance: undefined })),
      ...history.balances.map((balance) => ({ change: undefined, balance })),
    ]
    return fc
      .record({
        prefix: fc.subarray(facts),
        order: fc.shuffledSubarray(facts, { minLength: facts.length }),
        repeated: fc.array(fc.constantFrom(...facts), { maxLength: 4 }),
        sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
      })
      .map(({ prefix, order, repeated, sizes }) => {
        const arrival = [...prefix, ...order, ...repeated]
        const pages: Page[] = []
        for (let start = 0, turn = 0; start < arrival.length; turn++) {
          const part = arrival.slice(start, start + sizes[turn % sizes.length]!)
          pages.push(
            asPage(
              part.flatMap((fact) => fact.change ?? []),
              part.flatMap((fact) => fact.balance ?? []),
            ),
          )
          start += part.length
        }
        return { history, pages }
      })
  })
