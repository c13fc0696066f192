import type { Month } from './month.ts'

interface Habit {
  on: 'checking' | 'joint' | 'card'
  /** Probability by day, Sunday first. */
  week: [number, number, number, number, number, number, number]
  /** Cents at the prices of the first year. */
  low: number
  high: number
  description: string
  shops: string[]
  category: string
}

const shops = {
  grocers: ['Grünkauf Südvorstadt', 'Markthalle', 'Frischepunkt', 'Bioladen Kornblume', 'Discount 24'],
  restaurants: [
    'Trattoria da Nino',
    'Café Süd',
    'Pho Linh',
    'Gasthaus Zur Linde',
    'Burgerwerk',
    'Sushi Kaze',
  ],
  web: ['Buchversand Faltblatt', 'Elektro Nord', 'Versandhaus Anker', 'Radhaus', 'Gartencenter Löwenzahn'],
}

const habits: Habit[] = [
  habit('joint', [0, 0.5, 0.35, 0.45, 0.4, 0.75, 0.85], 4_20, 62_00, 'Groceries', shops.grocers, 'Groceries'),
  habit(
    'joint',
    [0.55, 0.25, 0.2, 0.25, 0.2, 0.3, 0.65],
    1_80,
    9_40,
    'Bakery',
    ['Bäckerei Lukas', 'Brotzeit'],
    'Groceries',
  ),
  habit(
    'joint',
    [0, 0.05, 0.05, 0.05, 0.05, 0.1, 0.2],
    6_10,
    48_00,
    'Household',
    ['Drogerie Rosen', 'Baumarkt Pro'],
    'Household',
  ),
  habit(
    'checking',
    [0, 0.5, 0.55, 0.5, 0.5, 0.4, 0],
    5_40,
    12_80,
    'Lunch',
    ['Kantine', 'Suppenbar', 'Pho Linh'],
    'Eating out',
  ),
  habit(
    'checking',
    [0.1, 0.3, 0.35, 0.3, 0.3, 0.35, 0.15],
    2_20,
    5_90,
    'Coffee',
    ['Rösterei Plag', 'Café Süd'],
    'Eating out',
  ),
  habit('checking', [0.02, 0, 0.04, 0, 0.04, 0.12, 0.1], 30_00, 90_00, 'Cash', ['Geldautomat'], 'Cash'),
  habit(
    'card',
    [0.2, 0.06, 0.08, 0.12, 0.18, 0.5, 0.55],
    12_50,
    78_00,
    'Restaurant',
    shops.restaurants,
    'Eating out',
  ),
  habit(
    'card',
    [0.05, 0.08, 0.04, 0.04, 0.05, 0.15, 0.15],
    31_00,
    74_00,
    'Fuel',
    ['Tankstelle Ring', 'Autohof A9'],
    'Transport',
  ),
  habit(
    'card',
    [0.15, 0.15, 0.12, 0.12, 0.14, 0.1, 0.1],
    6_99,
    129_00,
    'Online order',
    shops.web,
    'Shopping',
  ),
  habit(
    'card',
    [0.04, 0, 0.01, 0, 0.01, 0.08, 0.12],
    14_00,
    62_00,
    'Evening out',
    ['Kino Passage', 'Konzerthaus', 'Theater am Ring'],
    'Leisure',
  ),
]

/** Purchases of everyday life, day by day; prices rise by two percent a year. */
export function postDailySpending(month: Month): void {
  for (const { on, week, low, high, description, shops, category } of habits) {
    const random = month.random(`${on} ${description}`)
    for (const { day, weekday } of month.days) {
      if (!random.chance(week[weekday]!)) continue
      const cents = BigInt(random.skewed(low, high))
      month.books[on].post({
        day,
        amount: -((cents * BigInt(100 + 2 * month.yearsIn)) / 100n),
        asset: 'EUR',
        kind: 'card',
        description,
        counterparty: random.pick(shops),
        category,
      })
    }
  }
}

function habit(
  on: Habit['on'],
  week: Habit['week'],
  low: number,
  high: number,
  description: string,
  shops: string[],
  category: string,
): Habit {
  return { on, week, low, high, description, shops, category }
}
