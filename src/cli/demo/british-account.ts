import { addDays } from '../../calendar.ts'
import type { Month } from './month.ts'

/** An account kept from years in London: lessons given online, a few bills, two visits a year. */
export function postBritishAccount(month: Month): void {
  const { books } = month
  const random = month.random('pounds')
  const post = (day: string, pence: number, kind: string, description: string, counterparty: string) =>
    books.pounds.post({ day, amount: BigInt(pence), asset: 'GBP', kind, description, counterparty })

  for (let lessons = random.integer(2, 4); lessons > 0; lessons--) {
    const pupil = random.pick(['H Ashworth', 'P Okafor', 'S Bennett', 'L Mistry'])
    post(month.day(random.integer(3, 26)), random.integer(4, 9) * 18_00, 'deposit', 'GERMAN LESSONS', pupil)
  }
  post(month.day(7), -8_00, 'withdrawal', 'SIM ONLY PLAN', 'THAMES MOBILE')
  post(month.day(14), -31_50, 'withdrawal', 'STORAGE UNIT', 'BERMONDSEY STORAGE')
  if (month.number % 3 === 0) post(month.day(31), -2_00, 'fee', 'ACCOUNT FEE', 'CITY BANK')

  if (month.number === 5 || month.number === 10) {
    const arrival = month.day(random.integer(8, 22))
    for (let purchase = random.integer(9, 15); purchase > 0; purchase--) {
      const [shop, low, high] = random.pick(london)
      post(
        addDays(arrival, random.integer(0, 4)),
        -random.skewed(low, high),
        'withdrawal',
        'CARD PURCHASE',
        shop,
      )
    }
  }
  sendHome(month)
}

const london = [
  ['BOROUGH KITCHEN', 9_50, 64_00],
  ['CORNER GROCER', 2_10, 23_00],
  ['UNDERGROUND', 2_80, 12_80],
  ['THE OLD SHIP', 6_20, 41_00],
  ['SOUTH BANK BOOKS', 7_99, 45_00],
] as const

/** What has gathered beyond 1,500 pounds goes home in January and July, changed at the day's rate less half a percent. */
function sendHome({ books, market, number, day: dayOf }: Month): void {
  if (number !== 1 && number !== 7) return
  const day = dayOf(19)
  const spare = books.pounds.balance('GBP', day) - 1_500_00n
  if (spare < 200_00n) return
  const pounds = spare - (spare % 50_00n)
  const euros = (market.exchange(pounds, 'GBP', 'EUR', day) * 995n) / 1000n
  const leg = { day, kind: 'transfer', description: 'Own transfer', category: 'Transfers' }
  books.pounds.post({ ...leg, amount: -pounds, asset: 'GBP', counterparty: books.checking.name })
  books.checking.post({ ...leg, amount: euros, asset: 'EUR', counterparty: books.pounds.name })
}
