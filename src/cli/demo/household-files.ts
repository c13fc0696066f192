import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountKind } from '../../page.ts'
import { camt053File } from './camt053-file.ts'
import type { Household } from './household.ts'
import type { Books } from './month.ts'
import { mt940File } from './mt940-file.ts'
import { ofxBrokerageFile } from './ofx-brokerage-file.ts'
import { ofxCardFile } from './ofx-card-file.ts'
import { ecbFile, pricesFile } from './price-files.ts'
import { qifFile } from './qif-file.ts'
import { type Statement, type StatementAccount, statementsOf } from './statements.ts'
import { tidemarkCsvFile } from './tidemark-csv-file.ts'

export interface HouseholdFile {
  path: string
  kind: 'statement' | 'prices'
  /** The account's name, where the format names none. */
  account?: string
  /** What the account is, where the format does not say. */
  accountKind?: AccountKind
  /** The entries' currency, where the format names none. */
  currency?: string
}

/** What other ways than files bring. */
export interface Elsewhere {
  accounts: (keyof Books)[]
  /** Rates of the euro, and prices of coins on the days behind this one. */
  pricesAfter: string
}

/**
 * Writes the household's prices, and its accounts in the formats that banks give, one file an account and year.
 * Prices first, each account's files in the order of their years. Makes the folder where there is none.
 */
export async function writeHousehold(
  household: Household,
  folder: string,
  elsewhere?: Elsewhere,
): Promise<HouseholdFile[]> {
  await mkdir(folder, { recursive: true })
  const files: HouseholdFile[] = []
  for (const { name, content, ...file } of householdFiles(household, elsewhere)) {
    const path = join(folder, name)
    await writeFile(path, content)
    files.push({ path, ...file })
  }
  return files
}

interface NamedContent extends Omit<HouseholdFile, 'path'> {
  name: string
  content: string
}

function householdFiles({ from, today, books, market }: Household, elsewhere?: Elsewhere): NamedContent[] {
  const yearly = (
    account: Omit<StatementAccount, 'openingEntry'> & { openingEntry?: boolean },
    fileName: string,
    write: (statement: Statement) => string,
    labels: Pick<HouseholdFile, 'account' | 'accountKind' | 'currency'> = {},
  ): NamedContent[] =>
    statementsOf({ openingEntry: true, ...account }, { from, to: today, every: 'year' })
      .filter((statement) => statement.entries.length > 0)
      .map((statement) => ({
        name: nameOf(fileName, statement.from),
        content: write(statement),
        kind: 'statement',
        ...labels,
      }))
  /** Files of a year, too, with a statement a month. */
  const monthly = (
    account: Omit<StatementAccount, 'openingEntry'>,
    fileName: string,
    write: (statements: Statement[]) => string,
    labels: Pick<HouseholdFile, 'account' | 'accountKind'> = {},
  ): NamedContent[] => {
    const statements = statementsOf({ openingEntry: false, ...account }, { from, to: today, every: 'month' })
    const names = [...new Set(statements.map((statement) => nameOf(fileName, statement.from)))]
    return names.map((name) => ({
      name,
      content: write(statements.filter((statement) => nameOf(fileName, statement.from) === name)),
      kind: 'statement',
      ...labels,
    }))
  }

  const { checking, savings, joint, pounds, card, carLoan, flat, mortgage, brokerage, coins } = books
  const writers: Record<keyof Books, () => NamedContent[]> = {
    checking: () =>
      monthly({ ledger: checking, asset: 'EUR', prefix: 'CHK' }, 'checking.xml', (months) =>
        camt053File(months, 'DE07123412341234123412', 'CACC'),
      ),
    savings: () =>
      monthly({ ledger: savings, asset: 'EUR', prefix: 'SAV' }, 'savings.xml', (months) =>
        camt053File(months, 'DE12500105170648489890', 'SVGS'),
      ),
    pounds: () =>
      monthly(
        { ledger: pounds, asset: 'GBP', prefix: 'LON' },
        'london.sta',
        (months) => mt940File(months, 'GB33BUKB20201555555555'),
        { account: pounds.name, accountKind: 'checking' },
      ),
    joint: () =>
      yearly({ ledger: joint, asset: 'EUR', prefix: 'J' }, 'joint.csv', tidemarkCsvFile, {
        accountKind: 'checking',
      }),
    card: () =>
      yearly(
        { ledger: card, asset: 'EUR', prefix: 'CC' },
        'card.ofx',
        (year) => ofxCardFile(year, '4111-XXXX-XXXX-1111'),
        { account: card.name },
      ),
    carLoan: () =>
      yearly({ ledger: carLoan, asset: 'EUR', prefix: 'CL' }, 'car-loan.qif', qifFile, { currency: 'EUR' }),
    mortgage: () =>
      yearly({ ledger: mortgage, asset: 'EUR', prefix: 'MO' }, 'mortgage.qif', qifFile, { currency: 'EUR' }),
    flat: () =>
      yearly({ ledger: flat, asset: 'EUR', prefix: 'F' }, 'flat.csv', tidemarkCsvFile, {
        accountKind: 'property',
      }),
    brokerage: () =>
      yearly(
        { ledger: brokerage, asset: 'USD', prefix: 'BR' },
        'brokerage.ofx',
        (year) => ofxBrokerageFile(year, brokerage, 'U-4711'),
        { account: brokerage.name },
      ),
    coins: () =>
      yearly({ ledger: coins, asset: 'EUR', prefix: 'CO' }, 'coins.csv', tidemarkCsvFile, {
        accountKind: 'crypto',
      }),
  }
  return [
    { name: 'prices.csv', content: pricesFile(market, elsewhere?.pricesAfter), kind: 'prices' },
    ...(elsewhere ? [] : [{ name: 'eurofxref-hist.csv', content: ecbFile(market), kind: 'prices' } as const]),
    ...Object.entries(writers).flatMap(([name, write]) =>
      elsewhere?.accounts.includes(name as keyof Books) ? [] : write(),
    ),
  ]
}

/** `checking.xml` and a day as `checking-2024.xml`. */
function nameOf(fileName: string, day: string): string {
  return fileName.replace('.', `-${day.slice(0, 4)}.`)
}
