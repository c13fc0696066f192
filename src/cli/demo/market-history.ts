/**
 * Where prices stood at their turns: shaped after the markets of those years, rounded, and no record of them.
 * Between two turns a generated walk leads from one to the next.
 */
export interface PriceHistory {
  asset: string
  currency: string
  decimals: number
  /** Standard deviation of a day's change, as a share of the price. */
  volatility: number
  /** Mean change of half a year, and how far single ones lie from it, for the time after the last turn. */
  halfYear: { mean: number; spread: number }
  /** Coins are traded every day, everything else from Monday to Friday. */
  everyDay: boolean
  turns: [day: string, price: number][]
}

const security = { currency: 'USD', decimals: 4, everyDay: false }
const coin = { currency: 'USD', decimals: 2, everyDay: true }
const rate = { asset: 'EUR', everyDay: false, halfYear: { mean: 0, spread: 0.02 } }

export const priceHistories: PriceHistory[] = [
  {
    ...security,
    asset: 'VWRD',
    volatility: 0.008,
    halfYear: { mean: 0.035, spread: 0.05 },
    turns: [
      ...turns('2010-01-01 41 2011-05-02 52 2011-10-03 40 2015-05-21 70 2016-02-11 56 2018-01-26 88'),
      ...turns('2018-12-24 72 2020-02-19 93 2020-03-23 63 2020-11-30 98 2021-11-16 124 2022-10-12 91'),
      ...turns('2023-07-31 113 2024-07-16 134 2025-02-18 144 2025-04-08 121 2025-10-28 165'),
    ],
  },
  {
    ...security,
    asset: 'AGGG',
    volatility: 0.0025,
    halfYear: { mean: 0.008, spread: 0.015 },
    turns: [
      ...turns('2010-01-01 5.1 2014-06-30 5.4 2016-08-01 5.3 2018-10-31 4.9 2020-03-19 5.1 2020-12-31 5.75'),
      ...turns('2022-10-21 4.2 2023-12-29 4.65 2024-06-28 4.4 2025-10-31 4.75'),
    ],
  },
  {
    ...coin,
    asset: 'BTC',
    volatility: 0.03,
    halfYear: { mean: 0.06, spread: 0.16 },
    turns: [
      ...turns('2013-01-01 14 2013-11-30 1100 2015-01-14 190 2016-01-01 430 2017-01-01 970 2017-09-01 4800'),
      ...turns('2017-12-17 19000 2018-02-06 7400 2018-12-15 3250 2019-06-26 12500 2020-03-12 5000'),
      ...turns('2020-10-15 11400 2021-01-08 39000 2021-04-14 63000 2021-07-20 29800 2021-11-09 67000'),
      ...turns('2022-06-18 19500 2022-11-21 15900 2023-10-01 27500 2024-03-13 72000 2024-08-07 55000'),
      ...turns('2025-01-21 105000 2025-04-08 77000 2025-10-06 123000 2025-11-21 86000'),
    ],
  },
  {
    ...coin,
    asset: 'ETH',
    volatility: 0.037,
    halfYear: { mean: 0.05, spread: 0.18 },
    turns: [
      ...turns('2013-01-01 0.6 2016-01-01 0.95 2017-01-01 8 2017-06-12 390 2017-11-12 300 2018-01-13 1380'),
      ...turns('2018-12-15 86 2019-06-26 330 2020-03-12 115 2020-10-15 375 2021-05-11 4100 2021-07-20 1800'),
      ...turns('2021-11-09 4750 2022-06-18 1010 2022-11-21 1110 2024-03-11 4000 2024-08-07 2400'),
      ...turns('2024-12-16 3950 2025-04-08 1480 2025-08-24 4750 2025-11-21 2750'),
    ],
  },
  {
    ...rate,
    currency: 'USD',
    decimals: 4,
    volatility: 0.004,
    turns: [
      ...turns(
        '2010-01-01 1.44 2010-06-07 1.2 2011-05-04 1.48 2014-05-08 1.395 2015-03-16 1.06 2017-01-03 1.04',
      ),
      ...turns('2018-02-01 1.25 2020-03-20 1.07 2021-01-06 1.23 2022-09-27 0.96 2023-07-18 1.125'),
      ...turns('2025-01-13 1.025 2025-07-01 1.18'),
    ],
  },
  {
    ...rate,
    currency: 'JPY',
    decimals: 2,
    volatility: 0.005,
    turns: [
      ...turns('2010-01-01 133 2012-07-24 95 2014-12-08 149 2016-06-24 113 2018-02-01 137 2020-05-06 115'),
      ...turns('2024-07-10 175 2025-02-28 156 2025-11-20 182'),
    ],
  },
  {
    ...rate,
    currency: 'GBP',
    decimals: 5,
    volatility: 0.004,
    turns: [
      ...turns('2010-01-01 0.89 2015-07-17 0.695 2016-06-23 0.766 2016-07-06 0.855 2017-08-29 0.925'),
      ...turns('2020-02-18 0.831 2020-03-19 0.93 2022-03-07 0.826 2022-09-28 0.895 2024-12-19 0.826'),
      ...turns('2025-11-14 0.884'),
    ],
  },
  {
    ...rate,
    currency: 'CHF',
    decimals: 4,
    volatility: 0.0025,
    turns: [
      ...turns('2010-01-01 1.485 2011-09-06 1.205 2015-01-14 1.201 2015-01-23 0.99 2018-04-19 1.197'),
      ...turns('2020-05-14 1.051 2022-09-26 0.949 2024-05-27 0.991 2025-11-14 0.923'),
    ],
  },
]

/** `day price day price …` as pairs. */
function turns(text: string): [string, number][] {
  return Array.from(text.matchAll(/(\S+) (\S+)/g), ([, day, price]) => [day!, Number(price)])
}
