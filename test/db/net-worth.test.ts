import { beforeAll, describe, expect, test } from 'vitest'
import { readBalances } from '../../src/db/balances.ts'
import { chooseInterval, readNetWorth } from '../../src/db/net-worth.ts'
import { putPrices } from '../../src/db/prices.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { ingest, newPerson, row } from '../setup/people.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await cloneDatabase()
})

/** Prices are shared by all users of a database, so each test names assets of its own. */
let markets = 0
function newMarket(): (name: string) => string {
  const market = ++markets
  return (name) => `${name}${market}`
}

async function points(
  userId: string,
  from: string,
  to: string,
  currency: string,
  interval: 'day' | 'month' = 'day',
) {
  return (await readNetWorth(db.sql, { userId, from, to, currency, interval })).points
}

describe('precision', () => {
  test('18 decimals survive to the last digit', async () => {
    const { user, sourceId } = await newPerson(db)
    const quantity = '123456789.123456789012345678'
    await ingest(db, sourceId, [
      row('1', '2024-01-05', quantity, { asset: 'WEI' }),
      row('2', '2024-01-06', '0.000000000000000001', { asset: 'WEI' }),
    ])
    const [balance] = await readBalances(db.sql, { userId: user.id, at: '2024-01-06', currency: 'WEI' })
    expect(balance).toMatchObject({ quantity: '123456789.123456789012345679', value: '123456789.12345679' })
  })

  test('a sum is rounded once, half away from zero', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [
      row('1', '2024-01-05', '0.000000003', { account: 'A' }),
      row('2', '2024-01-05', '0.000000002', { account: 'B' }),
      row('3', '2024-01-05', '-0.000000005', { account: 'C' }),
    ])
    const [point] = await points(user.id, '2024-01-05', '2024-01-05', 'EUR')
    expect(point).toMatchObject({ netWorth: '0', assets: '0.00000001', liabilities: '-0.00000001' })
  })

  test('a large holding keeps its decimals through a division', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    await putPrices(db.sql, 'test', [{ asset: 'EUR', currency: name('X'), day: '2024-01-05', price: '3' }])
    await ingest(db, sourceId, [row('1', '2024-01-05', '1000000000000', { asset: name('X') })])
    const [point] = await points(user.id, '2024-01-05', '2024-01-05', 'EUR')
    expect(point?.netWorth).toBe('333333333333.33333333')
  })
})

describe('prices', () => {
  test('a thousand assets without a price are listed as missing, and nothing is invented', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    const assets = Array.from({ length: 1000 }, (_, index) => name(`COIN${String(index).padStart(3, '0')}-`))
    await ingest(db, sourceId, [
      ...assets.map((asset, index) => row(`${index}`, '2024-01-05', '5', { asset })),
      row('cash', '2024-01-05', '7'),
    ])
    const [point] = await points(user.id, '2024-01-05', '2024-01-05', 'EUR')
    expect(point).toMatchObject({ netWorth: '7', assets: '7', quality: 'incomplete' })
    expect(point?.missing).toEqual(assets)
  })

  test('a day without one carries the last one and says so; before the first it is missing', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    await putPrices(db.sql, 'test', [
      { asset: name('S'), currency: 'EUR', day: '2024-01-05', price: '10' },
      { asset: name('S'), currency: 'EUR', day: '2024-01-08', price: '12' },
    ])
    await ingest(db, sourceId, [row('1', '2024-01-01', '2', { asset: name('S') })])
    expect(
      (await points(user.id, '2024-01-04', '2024-01-08', 'EUR')).map(({ netWorth, quality }) => [
        netWorth,
        quality,
      ]),
    ).toEqual([
      ['0', 'incomplete'],
      ['20', 'exact'],
      ['20', 'carried'],
      ['20', 'carried'],
      ['24', 'exact'],
    ])
  })

  test('given twice take the later row, within a call and after it', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    const at = { asset: name('S'), currency: 'EUR', day: '2024-01-05' }
    expect(
      await putPrices(db.sql, 'test', [
        { ...at, price: '1' },
        { ...at, price: '2' },
      ]),
    ).toEqual({ added: 1, changed: 0, unchanged: 0 })
    await ingest(db, sourceId, [row('1', '2024-01-01', '1', { asset: name('S') })])
    expect((await points(user.id, '2024-01-05', '2024-01-05', 'EUR'))[0]?.netWorth).toBe('2')
    expect(await putPrices(db.sql, 'test', [{ ...at, price: '3' }])).toEqual({
      added: 0,
      changed: 1,
      unchanged: 0,
    })
    expect((await points(user.id, '2024-01-05', '2024-01-05', 'EUR'))[0]?.netWorth).toBe('3')
  })

  test('reach a currency over three hops in either direction, and not over four', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    const [a, b, c, d, e] = ['A', 'B', 'C', 'D', 'E'].map(name) as [string, string, string, string, string]
    const day = '2024-01-05'
    await putPrices(db.sql, 'test', [
      { asset: a, currency: b, day, price: '2' },
      { asset: c, currency: b, day, price: '4' },
      { asset: c, currency: d, day, price: '10' },
      { asset: d, currency: e, day, price: '3' },
    ])
    await ingest(db, sourceId, [row('1', day, '6', { asset: a })])
    const worth = async (currency: string) => (await points(user.id, day, day, currency))[0]
    expect((await worth(b))?.netWorth).toBe('12')
    expect((await worth(c))?.netWorth).toBe('3')
    expect((await worth(d))?.netWorth).toBe('30')
    expect(await worth(e)).toMatchObject({ netWorth: '0', quality: 'incomplete', missing: [a] })
  })

  test('take a longer way on the days that a shorter one does not reach', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    await putPrices(db.sql, 'test', [
      { asset: name('A'), currency: name('B'), day: '2024-01-05', price: '2' },
      { asset: name('B'), currency: name('C'), day: '2024-01-05', price: '5' },
      { asset: name('A'), currency: name('C'), day: '2024-01-07', price: '11' },
    ])
    await ingest(db, sourceId, [row('1', '2024-01-01', '1', { asset: name('A') })])
    const series = await points(user.id, '2024-01-04', '2024-01-08', name('C'))
    expect(series.map(({ netWorth, quality }) => [netWorth, quality])).toEqual([
      ['0', 'incomplete'],
      ['10', 'exact'],
      ['10', 'carried'],
      ['11', 'exact'],
      ['11', 'carried'],
    ])
  })

  test('take fewer hops where there is a choice', async () => {
    const { user, sourceId } = await newPerson(db)
    const name = newMarket()
    const day = '2024-01-05'
    await putPrices(db.sql, 'test', [
      { asset: name('A'), currency: name('B'), day, price: '2' },
      { asset: name('B'), currency: name('C'), day, price: '5' },
      { asset: name('A'), currency: name('C'), day: '2024-01-04', price: '9' },
    ])
    await ingest(db, sourceId, [row('1', day, '1', { asset: name('A') })])
    expect((await points(user.id, day, day, name('C')))[0]).toMatchObject({
      netWorth: '9',
      quality: 'carried',
    })
  })
})

test('an account below zero counts in liabilities, its holdings go where it goes', async () => {
  const { user, sourceId } = await newPerson(db)
  const name = newMarket()
  await putPrices(db.sql, 'test', [{ asset: name('S'), currency: 'EUR', day: '2024-01-01', price: '10' }])
  await ingest(db, sourceId, [
    row('1', '2024-01-05', '100', { account: 'bank' }),
    row('2', '2024-01-05', '-500', { account: 'margin' }),
    row('3', '2024-01-05', '20', { account: 'margin', asset: name('S') }),
  ])
  const series = await readNetWorth(db.sql, {
    userId: user.id,
    from: '2024-01-05',
    to: '2024-01-05',
    currency: 'EUR',
    interval: 'day',
    by: 'asset',
  })
  expect(series.points[0]).toMatchObject({ netWorth: '-200', assets: '100', liabilities: '-300' })
  expect(
    series.groups?.map(({ name: group, points: [point] }) => [
      group,
      point?.netWorth,
      point?.assets,
      point?.liabilities,
    ]),
  ).toEqual([
    ['EUR', '-400', '100', '-500'],
    [name('S'), '200', '0', '200'],
  ])
})

test('breaks down by account, kind and source', async () => {
  const { user, sourceId } = await newPerson(db)
  await ingest(db, sourceId, [
    row('1', '2024-01-05', '100', { account: 'bank' }),
    row('2', '2024-01-05', '7', { account: 'purse' }),
  ])
  const names = async (by: 'account' | 'kind' | 'source') =>
    (
      await readNetWorth(db.sql, {
        userId: user.id,
        from: '2024-01-05',
        to: '2024-01-05',
        currency: 'EUR',
        interval: 'day',
        by,
      })
    ).groups?.map((group) => [group.name, group.points[0]?.netWorth])
  expect(await names('account')).toEqual([
    ['bank', '100'],
    ['purse', '7'],
  ])
  expect(await names('kind')).toEqual([['other', '107']])
  expect(await names('source')).toEqual([['files', '107']])
})

describe('the range', () => {
  test('ends at `to`, and begins at the first transaction unless told', async () => {
    const { user, sourceId } = await newPerson(db)
    await ingest(db, sourceId, [
      row('1', '2024-01-17', '1'),
      row('2', '2024-02-20', '1'),
      row('3', '2024-03-05', '1', { status: 'pending' }),
    ])
    const series = await readNetWorth(db.sql, {
      userId: user.id,
      to: '2024-03-10',
      currency: 'EUR',
      interval: 'month',
    })
    expect(series.points.map(({ date, netWorth }) => [date, netWorth])).toEqual([
      ['2024-01-31', '1'],
      ['2024-02-29', '2'],
      ['2024-03-10', '2'],
    ])
  })

  test('of a user without transactions is one day of nothing', async () => {
    const { user } = await newPerson(db)
    const series = await readNetWorth(db.sql, { userId: user.id, to: '2024-03-10', currency: 'EUR' })
    expect(series).toMatchObject({
      from: '2024-03-10',
      interval: 'day',
      points: [{ date: '2024-03-10', netWorth: '0', quality: 'exact' }],
    })
  })

  test('the other user sees nothing of it', async () => {
    const { sourceId } = await newPerson(db)
    await ingest(db, sourceId, [row('1', '2024-01-17', '1')])
    const { user: other } = await newPerson(db)
    expect(
      (await points(other.id, '2024-01-01', '2024-02-01', 'EUR')).every(({ netWorth }) => netWorth === '0'),
    ).toBe(true)
  })

  test.each([
    ['2023-01-01', '2023-12-31', 'day'],
    ['2023-01-01', '2024-01-01', 'week'],
    ['2019-01-01', '2023-12-31', 'week'],
    ['2019-01-01', '2024-01-01', 'month'],
    ['1980-01-01', '2024-01-01', 'quarter'],
    ['1900-01-01', '2024-01-01', 'year'],
  ])('auto from %s to %s is by %s', (from, to, interval) => {
    expect(chooseInterval(from, to, 'auto')).toBe(interval)
  })

  test('too many points are refused, naming the next coarser interval', () => {
    expect(() => chooseInterval('2000-01-01', '2024-01-01', 'day')).toThrow(
      '8767 points, and at most 5000 are given: ask by week',
    )
    expect(chooseInterval('2010-04-24', '2023-12-31', 'day')).toBe('day')
    expect(() => chooseInterval('2010-04-23', '2023-12-31', 'day')).toThrow('5001 points')
  })

  test('reversed is refused', async () => {
    const { user } = await newPerson(db)
    await expect(points(user.id, '2024-02-01', '2024-01-01', 'EUR')).rejects.toThrow('the range is reversed')
  })
})
