import { ingestPage } from '../src/db/ingest.ts'
import { readNetWorth } from '../src/db/net-worth.ts'
import { refreshRollups } from '../src/db/rollups.ts'
import { lastDay, type Population } from './population.ts'
import { type AreaReport, count, type Figure, milliseconds, ratio, seconds } from './report.ts'
import {
  makeRunningBalances,
  pricesOf,
  rawBalances,
  type SeriesQuery,
  storedBalancesByPoint,
  storedBalancesInOnePass,
  valueBalances,
} from './series-baselines.ts'
import type { BenchDatabase } from './server.ts'
import { medianTimes, time } from './timing.ts'

const shapes = {
  'month, 5 years': { from: '2021-01-01', to: lastDay, interval: 'month', currency: 'EUR' },
  'day, 1 year': { from: '2024-12-18', to: lastDay, interval: 'day', currency: 'EUR' },
} as const
type Shape = keyof typeof shapes
const turns = { turns: 60, warmUp: 10 }

export async function benchSeries(population: Population): Promise<AreaReport> {
  const { db, measured } = population
  const balancesMs = await time(() => makeRunningBalances(db))
  const rows: string[][] = []
  const figures: Figure[] = []
  for (const shape of Object.keys(shapes) as Shape[]) {
    const query = (turn: number): SeriesQuery => ({
      ...shapes[shape],
      userId: measured[turn % measured.length]!.userId,
    })
    for (let user = 0; user < measured.length; user++) await compare(db, query(user))
    const result = await measure(db, query)
    figures.push(
      { name: `net worth, ${shape}`, value: result.own, unit: 'ms' },
      { name: `balances alone, ${shape}`, value: result.ownFlow, unit: 'ms' },
    )
    rows.push(...tableRows(shape, result))
    const backdated = await measureAfterWrites(db, query)
    rows.push(
      [`${shape}: right after a write of today`, milliseconds(backdated.today), '', '', ''],
      [`${shape}: right after a write ten years back`, milliseconds(backdated.tenYears), '', '', ''],
    )
  }
  const users = `${measured.length} users of ${count(measured[0]!.rows)} rows, 12 accounts, ${measured[0]!.holdings} holdings in 9 assets`
  return {
    title: `Net worth series, ${count(population.rows)} rows stored`,
    about: [
      `data      ${count(population.rows)} rows of ${count(population.users)} users over ten years, loaded in ${seconds(population.loadMs)};`,
      `          stored running balances made in ${seconds(balancesMs)}`,
      `measured  ${users}; median of ${turns.turns} executions, taking turns, warm cache`,
      '          balances: the time to the balances alone, before prices; all ways give the same numbers',
    ],
    head: ['series', 'net worth', 'against Tidemark', 'balances', 'against Tidemark'],
    rows,
    figures,
  }
}

type Measured = Record<
  'own' | 'ownFlow' | 'raw' | 'rawFlow' | 'byPoint' | 'byPointFlow' | 'onePass' | 'onePassFlow' | 'prices',
  number
>

function measure(db: BenchDatabase, query: (turn: number) => SeriesQuery): Promise<Measured> {
  const { sql } = db
  return medianTimes(
    {
      own: (turn) => readNetWorth(sql, query(turn)),
      ownFlow: (turn) => {
        const { userId, from, to, interval } = query(turn)
        return sql`SELECT count(*) FROM account_flow(${userId}, ${from}, ${to}, ${interval})`
      },
      raw: (turn) => valueBalances(sql, rawBalances(sql, query(turn)), query(turn)),
      rawFlow: (turn) => sql`SELECT count(*) FROM (${rawBalances(sql, query(turn))}) AS b`,
      byPoint: (turn) => valueBalances(sql, storedBalancesByPoint(sql, query(turn)), query(turn)),
      byPointFlow: (turn) =>
        sql`SELECT count(quantity) FROM (${storedBalancesByPoint(sql, query(turn))}) AS b`,
      onePass: (turn) => valueBalances(sql, storedBalancesInOnePass(sql, query(turn)), query(turn)),
      onePassFlow: (turn) =>
        sql`SELECT count(quantity) FROM (${storedBalancesInOnePass(sql, query(turn))}) AS b`,
      prices: (turn) => pricesOf(sql, query(turn)),
    },
    turns,
  )
}

function tableRows(shape: string, result: Measured): string[][] {
  const row = (name: string, whole: number, flow: number) => [
    `${shape}: ${name}`,
    milliseconds(whole),
    ratio(whole / result.own),
    milliseconds(flow),
    ratio(flow / result.ownFlow),
  ]
  return [
    row('Tidemark', result.own, result.ownFlow),
    row('GROUP BY over the raw rows', result.raw, result.rawFlow),
    row('stored running balances, by point', result.byPoint, result.byPointFlow),
    row('stored running balances, one pass', result.onePass, result.onePassFlow),
    [`${shape}: prices of every asset and point alone`, milliseconds(result.prices), '', '', ''],
  ]
}

/** Throws where one of the ways gives another number than the others. */
async function compare(db: BenchDatabase, query: SeriesQuery): Promise<void> {
  const { sql } = db
  const text = (points: { date: string; netWorth: string; assets: string }[]) =>
    points.map(({ date, netWorth, assets }) => `${date} ${netWorth} ${assets}`).join('\n')
  const own = text((await readNetWorth(sql, query)).points)
  for (const balances of [rawBalances, storedBalancesByPoint, storedBalancesInOnePass]) {
    const other = text(await valueBalances(sql, balances(sql, query), query))
    if (other !== own)
      throw new Error(`${balances.name} gives another series for user ${query.userId}:\n${own}\n${other}`)
  }
}

/** The same read while the aggregates do not hold what was just written; on plain they always do. */
async function measureAfterWrites(
  db: BenchDatabase,
  query: (turn: number) => SeriesQuery,
): Promise<{ today: number; tenYears: number }> {
  const { userId } = query(0)
  const [source] = await db.sql<{ id: string }[]>`SELECT id FROM user_source WHERE user_id = ${userId}`
  const afterWriteOn = async (bookedOn: string) => {
    const change = { account: 'account 1', id: `bench ${bookedOn}` }
    const page = (changes: Parameters<typeof ingestPage>[2]['changes']) => ({
      accounts: [{ externalId: 'account 1' }],
      changes,
      balances: [],
    })
    const now = new Date(`${lastDay}T12:00:00Z`)
    await ingestPage(
      db.sql,
      source!.id,
      page([
        {
          ...change,
          type: 'upsert',
          bookedOn,
          amount: '-1.00',
          asset: 'EUR',
          kind: 'card',
          status: 'posted',
        },
      ]),
      now,
    )
    const { read } = await medianTimes(
      { read: () => readNetWorth(db.sql, query(0)) },
      { turns: 20, warmUp: 3 },
    )
    await ingestPage(db.sql, source!.id, page([{ ...change, type: 'delete' }]), now)
    await refreshRollups(db.sql, db.engine)
    return read
  }
  return { today: await afterWriteOn(lastDay), tenYears: await afterWriteOn('2016-01-04') }
}
