import { type Context, Hono } from 'hono'
import { addDays, dayInZone } from '../../calendar.ts'
import type { PriceQuote } from '../../page.ts'
import type { EmulatedProvider, EmulatorOptions } from '../conformance/fixture.ts'
import { createFaults } from '../emulator/faults.ts'
import { countTraffic } from '../emulator/traffic.ts'
import { createWorld } from '../emulator/world.ts'

/** The bank's three files, rendered from the world's prices of the euro that are published by the clock. */
export function createEcbEmulator({ clock, limits = true }: EmulatorOptions): EmulatedProvider {
  const world = createWorld()
  const traffic = countTraffic({
    clock,
    limits: limits ? [{ max: 60, per: 3_600_000, kind: 'sliding' }] : [],
  })
  const faults = createFaults()
  let isOpen = true

  /** Days with rates up to the newest that is out, that one first. */
  const published = (): [string, PriceQuote[]][] => {
    const last = lastPublishedDay(clock())
    const days = new Map<string, PriceQuote[]>()
    for (const price of world.prices()) {
      if (price.asset !== 'EUR' || price.day > last) continue
      const rates = days.get(price.day)
      if (rates) rates.push(price)
      else days.set(price.day, [price])
    }
    return [...days].toSorted(([a], [b]) => (a < b ? 1 : -1))
  }
  const file = (days: (all: [string, PriceQuote[]][]) => [string, PriceQuote[]][]) => (context: Context) =>
    isOpen
      ? context.body(render(days(published())), 200, { 'content-type': 'text/xml' })
      : context.text('Unauthorized', 401)

  const app = new Hono()
  app.use(traffic.middleware)
  app.use(faults.middleware)
  app.get(
    '/stats/eurofxref/eurofxref-daily.xml',
    file((all) => all.slice(0, 1)),
  )
  app.get(
    '/stats/eurofxref/eurofxref-hist-90d.xml',
    file((all) => {
      const from = addDays(dayInZone(clock(), 'Europe/Berlin'), -90)
      return all.filter(([day]) => day >= from)
    }),
  )
  app.get(
    '/stats/eurofxref/eurofxref-hist.xml',
    file((all) => all),
  )

  return {
    app,
    world,
    traffic,
    faults,
    connection: (url) => ({ credentials: {}, config: { baseUrl: url } }),
    refuseCredentials: () => {
      isOpen = false
    },
  }
}

/** Rates of a day come at 16:00 in Frankfurt. */
export function lastPublishedDay(now: Date): string {
  const today = dayInZone(now, 'Europe/Berlin')
  const hour = new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone: 'Europe/Berlin' })
  return Number(hour.format(now)) >= 16 ? today : addDays(today, -1)
}

function render(days: [string, PriceQuote[]][]): string {
  const cubes = days.map(([day, rates]) => {
    const lines = rates.map(({ currency, price }) => `<Cube currency='${currency}' rate='${price}'/>`)
    return `<Cube time='${day}'>${lines.join('')}</Cube>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>${cubes.join('\n')}</Cube>
</gesmes:Envelope>
`
}
