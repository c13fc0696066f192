import { z } from 'zod'
import { addDays, dayInZone, daysBetween, isDay } from '../../calendar.ts'
import type { PriceQuote } from '../../page.ts'
import { type ConnectorContext, defineConnector, type PageProblem, type SyncPage } from '../connector.ts'
import { ConnectorBugError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { asPublicFeed } from '../public-feed.ts'
import { priceOf } from './transform.ts'
import { type ReferenceRate, readRates } from './wire.ts'

const config = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).default('https://www.ecb.europa.eu'),
})
type Context = ConnectorContext<Record<string, never>, z.infer<typeof config>>

/** Said again on every sync: the bank corrects a rate within days, if ever. */
const overlapDays = 7
/** The file of 90 days, less what it may be behind. */
const recentDays = 85
const mostPrices = 5_000

/**
 * The euro foreign exchange reference rates of the European Central Bank: what one euro costs in some thirty
 * currencies, on each day on which its payment system works
 * (https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates).
 */
export const connector = defineConnector({
  id: 'ecb',
  title: 'European Central Bank reference rates',
  auth: 'Nothing: the rates are public.',
  credentials: z.strictObject({}),
  config,
  limits: [{ scope: 'client', max: 60, per: 3_600_000, kind: 'sliding' }],
  // A century, which holds all since 4 January 1999, the first day that had a rate.
  history: { maxDays: 36_525, overlapDays, mutableDays: overlapDays },
  // They come at about four o'clock in the afternoon.
  schedule: { dailyAt: '16:30', timeZone: 'Europe/Berlin' },
  scope: 'platform',

  async check(context) {
    const rates = [...readRates(await download(context, 'eurofxref-daily.xml'))].flat()
    if (rates.length === 0) throw noRates('eurofxref-daily.xml')
    return { name: 'European Central Bank' }
  },

  accounts: async () => [],

  /**
   * One file, which is one page group: it begins with the newest day, so that nothing is complete before its end.
   * Prices of days before `from` are left out, having been read long ago.
   */
  async *pull(context, { cursor }): AsyncGenerator<SyncPage> {
    const through = readCursor(cursor, context.clock())
    const file = fileFor(through, dayInZone(context.clock(), 'Europe/Berlin'))
    const from = through === undefined ? '' : addDays(through, -overlapDays)
    let newest = through ?? ''
    let prices: PriceQuote[] = []
    let problems: PageProblem[] = []
    let seen = false

    const take = (rate: ReferenceRate) => {
      seen = true
      if (isDay(rate.day) && rate.day < from) return
      const price = priceOf(rate)
      if (price === undefined) return
      if ('message' in price) problems.push(price)
      else {
        prices.push(price)
        if (price.day > newest) newest = price.day
      }
    }
    const page = (end: { cursor: JsonValue; groupEnd: boolean }): SyncPage => {
      const said = { accounts: [], changes: [], balances: [], prices, problems, ...end }
      prices = []
      problems = []
      return said
    }

    for (const rates of readRates(await download(context, file))) {
      for (const rate of rates) {
        take(rate)
        if (prices.length === mostPrices) yield page({ cursor: null, groupEnd: false })
      }
    }
    if (!seen) throw noRates(file)
    yield page({ cursor: newest === '' ? null : { through: newest }, groupEnd: true })
  },
})

type RatesFile = 'eurofxref-daily.xml' | 'eurofxref-hist-90d.xml' | 'eurofxref-hist.xml'

/** The smallest file that has what is missing, and what is said again. */
function fileFor(through: string | undefined, today: string): RatesFile {
  if (through === undefined || daysBetween(through, today) >= recentDays) return 'eurofxref-hist.xml'
  return through === today ? 'eurofxref-daily.xml' : 'eurofxref-hist-90d.xml'
}

/** The newest day that was read. One that has not come yet is not how a cursor was left. */
function readCursor(cursor: JsonValue, now: Date): string | undefined {
  const read = z.object({ through: z.string().refine(isDay) }).safeParse(cursor)
  return read.success && read.data.through <= dayInZone(now, 'Europe/Berlin') ? read.data.through : undefined
}

async function download({ http, config }: Context, file: RatesFile): Promise<string> {
  const { text } = await asPublicFeed(http).request(
    `${config.baseUrl.replace(/\/+$/, '')}/stats/eurofxref/${file}`,
    {
      headers: { accept: 'application/xml' },
    },
  )
  return text
}

function noRates(file: RatesFile): ConnectorBugError {
  return new ConnectorBugError(`${file} holds no rates`)
}
