import { StatementError } from '../../errors.ts'
import type { AccountKind } from '../../page.ts'
import type { StatementEntry } from '../../statement.ts'
import { isAsset } from './asset.ts'
import { cleanText } from './clean-text.ts'
import type { Emit, ReadOptions, StatementParser } from './format.ts'
import { qifAmount } from './qif-amount.ts'
import { type DateOrder, qifDay } from './qif-date.ts'
import { readInvestmentLegs } from './qif-investment.ts'
import { createQifRecords, type QifRecord } from './qif-record.ts'
import { kindBySign, quote, RecordFault, readRecord, requireAsset } from './record.ts'

const accountTypes: Record<string, AccountKind> = {
  bank: 'checking',
  cash: 'cash',
  ccard: 'card',
  'oth a': 'other',
  'oth l': 'loan',
  invst: 'brokerage',
}
/** Lists that Quicken exports beside the accounts. */
const lists = new Set(['cat', 'class', 'memorized', 'prices', 'security', 'budget', 'tag', 'invitem'])
const maxSecurities = 100_000

/** QIF: banking and investment accounts. The format names no currency: it is the caller's default asset. */
export function createQifParser(
  { defaultAsset, dateOrder }: Pick<ReadOptions, 'defaultAsset'> & { dateOrder: DateOrder },
  emit: Emit,
): StatementParser {
  let section = ''
  let account: { externalId?: string; name?: string } = {}
  let statementCount = 0
  let first = true
  const symbols = new Map<string, string>()
  const fault = (line: number) => (reason: string) => emit({ type: 'fault', line, reason })

  const records = createQifRecords({
    header(text, line) {
      const [, keyword = '', rest = ''] = /^(\w+):?\s*(.*)$/.exec(text) ?? []
      if (keyword.toLowerCase() === 'account') {
        section = 'account'
        account = {}
      } else if (keyword.toLowerCase() === 'type') {
        section = rest.toLowerCase().replace(/\s+/g, ' ')
        const kind = accountTypes[section]
        if (kind) {
          statementCount++
          first = true
          emit({ type: 'statement', line, account: { ...account, kind } })
        } else if (!lists.has(section)) fault(line)(`a section of type ${quote(rest)} is not read`)
      }
    },
    record(record) {
      if (section === 'account') {
        const name = cleanText(record.fields.get('N') ?? '')
        account = name === undefined ? {} : { externalId: name, name }
      } else if (section === 'security') {
        const [name, symbol] = [record.fields.get('N'), record.fields.get('S')]
        if (name && symbol && isAsset(symbol) && symbols.size < maxSecurities) symbols.set(name, symbol)
      } else if (accountTypes[section]) {
        const read = section === 'invst' ? readInvestment : readBanking
        readRecord(() => read(record), fault(record.line))
        first = false
      } else if (section === '') {
        throw new StatementError('the record stands before any !Type line', record.line)
      }
    },
  })

  const readBanking = (record: QifRecord) => {
    const { line, fields } = record
    const amount = qifAmount(fields.get('T') ?? fields.get('U'))
    const category = fields.get('L') ?? ''
    const opening = first && /^opening balance$/i.test(fields.get('P') ?? '')
    const entry: StatementEntry = {
      type: 'entry',
      line,
      bookedOn: qifDay(fields.get('D') ?? '', dateOrder),
      amount,
      asset: requireAsset(defaultAsset),
      kind: opening ? 'opening' : category.startsWith('[') ? 'transfer' : kindBySign(amount),
      status: 'posted',
    }
    const counterparty = opening ? undefined : cleanText(fields.get('P') ?? '')
    if (counterparty !== undefined) entry.counterparty = counterparty
    const description = cleanText(fields.get('M') ?? '') ?? cleanText(fields.get('P') ?? '')
    if (description !== undefined) entry.description = description
    const categoryText = category.startsWith('[') ? undefined : cleanText(category)
    if (categoryText !== undefined) entry.category = categoryText
    emit(entry)
  }

  const readInvestment = (record: QifRecord) => {
    const { line, fields } = record
    const bookedOn = qifDay(fields.get('D') ?? '', dateOrder)
    const name = fields.get('Y') ?? ''
    const legs = readInvestmentLegs(fields)
    const description =
      cleanText(fields.get('M') ?? '') ?? cleanText(fields.get('P') ?? '') ?? cleanText(name)
    const group = cleanText([bookedOn, fields.get('N'), name, fields.get('Q'), fields.get('T')].join(' '))
    // All legs are checked before the first is emitted: a transaction is never read in part.
    const entries = legs.map(
      (leg): StatementEntry => ({
        type: 'entry',
        line,
        bookedOn,
        amount: leg.amount,
        asset: leg.of === 'cash' ? requireAsset(defaultAsset) : securityAsset(name),
        kind: leg.kind,
        status: 'posted',
        ...(description !== undefined && { description }),
        ...(legs.length > 1 && group !== undefined && { group }),
      }),
    )
    for (const entry of entries) emit(entry)
  }

  const securityAsset = (name: string): string => {
    if (name === '') throw new RecordFault('the record names no security')
    const asset = symbols.get(name) ?? name
    if (!isAsset(asset)) {
      throw new RecordFault(`the security ${quote(name)} has no symbol in the file (a !Type:Security list)`)
    }
    return asset
  }

  return {
    write: records.write,
    end() {
      records.end()
      if (statementCount === 0)
        throw new StatementError('the file holds no account section (!Type:Bank and the like)')
    },
  }
}
