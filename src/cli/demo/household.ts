import { addDays, dayOf, isDay } from '../../calendar.ts'
import { RefusedError } from '../../errors.ts'
import { postBritishAccount } from './british-account.ts'
import { postCoins } from './coins.ts'
import { postDailySpending } from './daily-spending.ts'
import { postHome } from './home.ts'
import { postIncome } from './income.ts'
import { postInvestments } from './investing.ts'
import { postLargePurchases } from './large-purchases.ts'
import { createLedger } from './ledger.ts'
import { postCarLoan } from './loans.ts'
import { type Market, makeMarket } from './market.ts'
import { type Books, monthsOf } from './month.ts'
import { postOpening } from './opening.ts'
import { createRandom } from './random.ts'
import { settleMonth } from './settlement.ts'
import { postStandingOrders } from './standing-orders.ts'
import { postTravel } from './travel.ts'

export interface Household {
  /** First day: 1 January. What the accounts held before is posted on the day before. */
  from: string
  /** Last day, included. */
  today: string
  books: Books
  /** Prices of every asset, from two weeks before the first day on. */
  market: Market
}

/**
 * A household's accounts over some years up to `today`: two people in Leipzig who begin with a car loan, save,
 * invest and buy a flat. The same seed and day give the same household; a later day of the same year leaves what
 * was before as it was. Throws a RefusedError where the day or the years are out of bounds.
 */
export function makeHousehold({
  seed,
  today,
  years = 10,
}: {
  seed: number
  /** YYYY-MM-DD. */
  today: string
  /** Whole years before the one of `today`. */
  years?: number
}): Household {
  // Two-digit years of MT940 reach from 1970 to 2069; the currencies begin in 1999.
  if (!isDay(today) || today < '2000' || today >= '2070')
    throw new RefusedError(`"${today}" is not a day between 2000-01-01 and 2069-12-31`)
  const firstYear = Number(today.slice(0, 4)) - years
  if (!Number.isInteger(years) || years < 0 || firstYear < 2000)
    throw new RefusedError(`the years before ${today} are a whole number and begin in 2000 or later`)

  const from = dayOf(firstYear, 1, 1)
  const random = createRandom(`household ${seed}`)
  const market = makeMarket(addDays(from, -14), today)
  const books = openBooks(today)
  postOpening(books, from)
  for (const month of monthsOf(from, today, books, market, random)) {
    postIncome(month)
    postStandingOrders(month)
    postDailySpending(month)
    postTravel(month)
    postLargePurchases(month)
    postBritishAccount(month)
    postCarLoan(month)
    postInvestments(month)
    postCoins(month)
    postHome(month)
    settleMonth(month)
  }
  return { from, today, books, market }
}

function openBooks(lastDay: string): Books {
  return {
    checking: createLedger('Checking', lastDay),
    savings: createLedger('Savings', lastDay),
    joint: createLedger('Joint account', lastDay),
    pounds: createLedger('London account', lastDay),
    card: createLedger('Credit card', lastDay),
    carLoan: createLedger('Car loan', lastDay),
    flat: createLedger('Flat', lastDay),
    mortgage: createLedger('Mortgage', lastDay),
    brokerage: createLedger('Brokerage', lastDay),
    coins: createLedger('Coins', lastDay),
  }
}
