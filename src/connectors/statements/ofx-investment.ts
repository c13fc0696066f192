import Big from 'big.js'
import { negate } from '../../decimal.ts'
import type { StatementEntry } from '../../statement.ts'
import { cleanText } from './clean-text.ts'
import { currencyOf, readTransaction } from './ofx-transaction.ts'
import { findNode, type OfxNode } from './ofx-tree.ts'
import { ofxAmount, ofxDay } from './ofx-values.ts'
import { RecordFault, requireAsset } from './record.ts'

/** A leg of an investment transaction; `security` is the UNIQUEID of its asset, which SECLIST names later. */
export interface InvestmentLeg {
  entry: StatementEntry
  security?: string
}

const buys = new Set(['BUYSTOCK', 'BUYMF', 'BUYDEBT', 'BUYOTHER', 'BUYOPT'])
const sells = new Set(['SELLSTOCK', 'SELLMF', 'SELLDEBT', 'SELLOTHER', 'SELLOPT'])

/** Every transaction aggregate that may stand in INVTRANLIST. */
export const investmentTypes = [
  ...buys,
  ...sells,
  ...['REINVEST', 'INCOME', 'INVEXPENSE', 'RETOFCAP', 'MARGININTEREST', 'TRANSFER', 'SPLIT', 'INVBANKTRAN'],
  ...['JRNLFUND', 'JRNLSEC', 'CLOSUREOPT'],
]

/** The legs of one transaction of INVTRANLIST (OFX 2.2, 13.9.2.4): units of the security, and cash. */
export function readInvestmentTransaction(
  node: OfxNode,
  statementCurrency: string | undefined,
): InvestmentLeg[] {
  if (node.name === 'INVBANKTRAN') {
    const transaction = findNode(node, 'STMTTRN')
    if (!transaction) throw new RecordFault('INVBANKTRAN holds no transaction')
    return [{ entry: readTransaction(transaction, statementCurrency) }]
  }
  // Journals move money and units between the sub-accounts of the one account.
  if (node.name === 'JRNLFUND' || node.name === 'JRNLSEC') return []

  const get = (name: string) => findValue(node, name)
  const security = findNode(node, 'SECID')?.values.get('UNIQUEID')
  const currency = () => requireAsset(currencyOf(node, statementCurrency))
  const fitid = cleanText(get('FITID') ?? '')
  const description = cleanText(get('MEMO') ?? '')
  // FITIDs come again for other transactions, hence the day; without one, the content names the event.
  const content = [security, get('UNITS'), get('TOTAL')].join(' ')
  const group = cleanText([node.name, fitid ?? content, get('DTTRADE')?.slice(0, 8)].join(' '))
  const leg = (amount: string, kind: string, asset: string): StatementEntry => ({
    type: 'entry',
    line: node.line,
    bookedOn: ofxDay(get('DTTRADE')),
    amount,
    asset,
    kind,
    status: 'posted',
    ...(group !== undefined && { group }),
    ...(fitid !== undefined && { reference: fitid }),
    ...(description !== undefined && { description }),
  })
  const cash = (amount: string, kind: string): InvestmentLeg => ({ entry: leg(amount, kind, currency()) })
  const units = (amount: string, kind: string): InvestmentLeg => {
    if (security === undefined) throw new RecordFault(`${node.name} names no security`)
    return { entry: leg(amount, kind, ''), security }
  }
  const quantity = () => ofxAmount(get('UNITS'), 'units')
  const total = () => ofxAmount(get('TOTAL'), 'total')
  // Signs are wrong in enough files to be taken from the type, but for a reversal, where they tell it from a trade.
  const reversal = get('REVERSALFITID') !== undefined
  const up = (amount: string) => (reversal ? amount : absolute(amount))
  const down = (amount: string) => (reversal ? amount : negate(absolute(amount)))

  if (buys.has(node.name)) return [units(up(quantity()), 'trade'), cash(down(total()), 'trade')]
  if (sells.has(node.name)) return [units(down(quantity()), 'trade'), cash(up(total()), 'trade')]
  switch (node.name) {
    case 'REINVEST': {
      // Income and its purchase in one: the cash comes and goes.
      const spent = down(total())
      const kind = kindOfIncome(get('INCOMETYPE'))
      return [units(up(quantity()), 'trade'), cash(spent, 'trade'), cash(negate(spent), kind)]
    }
    case 'INCOME':
      return [cash(total(), kindOfIncome(get('INCOMETYPE')))]
    case 'RETOFCAP':
      return [cash(total(), 'return-of-capital')]
    case 'MARGININTEREST':
      return [cash(total(), 'interest')]
    case 'INVEXPENSE':
      return [cash(down(total()), 'fee')]
    case 'TRANSFER': {
      const action = get('TFERACTION')?.toUpperCase()
      if (action !== 'IN' && action !== 'OUT')
        throw new RecordFault('TRANSFER without a TFERACTION of IN or OUT')
      return [units(action === 'IN' ? up(quantity()) : down(quantity()), 'transfer')]
    }
    case 'SPLIT': {
      const before = ofxAmount(get('OLDUNITS'), 'old units')
      const gained = new Big(ofxAmount(get('NEWUNITS'), 'new units')).minus(before).toFixed()
      const fraction = get('FRACCASH')
      return [units(gained, 'split'), ...(fraction ? [cash(ofxAmount(fraction), 'trade')] : [])]
    }
    default:
      throw new RecordFault(`a transaction of type ${node.name} is not read`)
  }
}

/** The units of one position, with their security. */
export function readPosition(node: OfxNode): { security: string; units: string } {
  const security = findNode(node, 'SECID')?.values.get('UNIQUEID')
  if (security === undefined) throw new RecordFault('a position names no security')
  const units = ofxAmount(findValue(node, 'UNITS'), 'units')
  const short = findValue(node, 'POSTYPE')?.toUpperCase() === 'SHORT'
  return { security, units: short ? negate(absolute(units)) : units }
}

function kindOfIncome(type: string | undefined): string {
  if (type === 'DIV') return 'dividend'
  return type === 'INTEREST' ? 'interest' : 'income'
}

function absolute(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : amount
}

/** The first element of a name at any depth of a record. */
function findValue(node: OfxNode, name: string): string | undefined {
  const own = node.values.get(name)
  if (own !== undefined) return own
  for (const child of node.children) {
    const found = findValue(child, name)
    if (found !== undefined) return found
  }
  return undefined
}
