import { addDays } from '../../calendar.ts'
import type { Month } from './month.ts'
import type { Random } from './random.ts'
import { multiply } from './units.ts'

interface Trip {
  place: string
  /** Currency that is paid there: EUR, or one that the market has a rate of. */
  currency: string
  decimals: number
  /** Euro cents. */
  fare: [number, number]
  night: [number, number]
}

const summers: Trip[] = [
  { place: 'Naxos', currency: 'EUR', decimals: 2, fare: [180_00, 320_00], night: [62_00, 95_00] },
  { place: 'Lisboa', currency: 'EUR', decimals: 2, fare: [140_00, 290_00], night: [70_00, 110_00] },
  { place: 'New York', currency: 'USD', decimals: 2, fare: [480_00, 720_00], night: [120_00, 170_00] },
  { place: 'Bretagne', currency: 'EUR', decimals: 2, fare: [90_00, 160_00], night: [58_00, 92_00] },
  { place: 'Kyoto', currency: 'JPY', decimals: 0, fare: [640_00, 890_00], night: [75_00, 115_00] },
  { place: 'Chicago', currency: 'USD', decimals: 2, fare: [520_00, 760_00], night: [98_00, 140_00] },
]
const winter: Trip = {
  place: 'Davos',
  currency: 'CHF',
  decimals: 2,
  fare: [70_00, 120_00],
  night: [95_00, 140_00],
}

/** A journey every August and a week of snow in some winters, paid by card, abroad in the money of the country. */
export function postTravel(month: Month): void {
  const random = month.random('travel')
  if (month.number === 8) {
    const trip = summers[month.yearsIn % summers.length]!
    postTrip(month, trip, month.day(random.integer(4, 14)), random.integer(9, 13), random)
  }
  if (month.number === 2 && month.yearsIn % 2 === 1) {
    postTrip(month, winter, month.day(random.integer(3, 12)), 5, random)
  }
}

function postTrip(month: Month, trip: Trip, arrival: string, nights: number, random: Random): void {
  const { books } = month
  const pay = (day: string, cents: number, description: string, counterparty: string, abroad: boolean) => {
    const common = {
      day,
      asset: 'EUR',
      kind: 'card',
      description,
      counterparty,
      category: 'Holidays',
    } as const
    if (abroad && trip.currency !== 'EUR') {
      const { amount, rate } = inCountry(month, trip, day, BigInt(cents))
      books.card.post({ ...common, amount: -amount, original: { currency: trip.currency, rate } })
    } else books.card.post({ ...common, amount: -BigInt(cents) })
  }
  // Booked when the month begins.
  pay(month.day(2), random.integer(...trip.fare), `Tickets to ${trip.place}`, 'Reisebüro Kompass', false)
  pay(
    addDays(arrival, nights),
    random.integer(...trip.night) * nights,
    `${nights} nights`,
    `Hotel ${trip.place}`,
    true,
  )
  for (let night = 0; night < nights; night++) {
    for (let meal = random.integer(1, 3); meal > 0; meal--) {
      const [what, where] = random.pick([
        ['Restaurant', `Restaurant ${trip.place}`],
        ['Museum', `Museum ${trip.place}`],
        ['Supermarket', `Market ${trip.place}`],
        ['Transport', `Transit ${trip.place}`],
      ] as const)
      pay(addDays(arrival, night), random.skewed(3_50, 68_00), what, where, true)
    }
  }
}

/** A price that is whole in the country's money, charged in euros at the day's rate and 1.5 percent. */
function inCountry(
  { market }: Month,
  trip: Trip,
  day: string,
  cents: bigint,
): { amount: bigint; rate: string } {
  const { price, decimals } = market.close('EUR', trip.currency, day)
  const scale = 10n ** BigInt(decimals)
  const minor = 10n ** BigInt(trip.decimals)
  const local = multiply(cents, price * minor, scale * 100n)
  const amount = multiply(local, scale * 100n * 1015n, price * minor * 1000n)
  const micros = multiply(1_000_000n, scale, price).toString().padStart(7, '0')
  return { amount, rate: `${micros.slice(0, -6)}.${micros.slice(-6)}` }
}
