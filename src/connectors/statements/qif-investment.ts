import { negate } from '../../decimal.ts'
import { qifAmount } from './qif-amount.ts'
import { quote, RecordFault } from './record.ts'

export interface QifLeg {
  /** Units of the record's security, or cash. */
  of: 'security' | 'cash'
  amount: string
  kind: string
}

const income: Record<string, string> = {
  div: 'dividend',
  intinc: 'interest',
  cglong: 'income',
  cgmid: 'income',
  cgshort: 'income',
  miscinc: 'income',
  rtrncap: 'return-of-capital',
}
const reinvested: Record<string, string> = {
  reinvdiv: 'dividend',
  reinvint: 'interest',
  reinvlg: 'income',
  reinvmd: 'income',
  reinvsh: 'income',
}

/**
 * The legs of an investment record by its action (N), quantity (Q) and total (T), both unsigned in the file. An
 * action that ends in X moves the cash to or from another account.
 */
export function readInvestmentLegs(fields: ReadonlyMap<string, string>): QifLeg[] {
  const action = fields.get('N') ?? ''
  const name = action.toLowerCase()
  const total = () => absolute(qifAmount(fields.get('T') ?? fields.get('U'), 'total'))
  const moved = () => absolute(qifAmount(fields.get('$') ?? fields.get('T') ?? fields.get('U'), 'amount'))
  const quantity = () => absolute(qifAmount(fields.get('Q'), 'quantity'))
  const security = (amount: string, kind = 'trade'): QifLeg => ({ of: 'security', amount, kind })
  const cash = (amount: string, kind: string): QifLeg => ({ of: 'cash', amount, kind })

  switch (name) {
    case 'buy':
    case 'cvrshrt':
      return [security(quantity()), cash(negate(total()), 'trade')]
    case 'buyx':
      return [security(quantity()), cash(negate(total()), 'trade'), cash(moved(), 'transfer')]
    case 'sell':
    case 'shtsell':
      return [security(negate(quantity())), cash(total(), 'trade')]
    case 'sellx':
      return [security(negate(quantity())), cash(total(), 'trade'), cash(negate(moved()), 'transfer')]
    case 'shrsin':
      return [security(quantity(), 'transfer')]
    case 'shrsout':
      return [security(negate(quantity()), 'transfer')]
    case 'xin':
    case 'contribx':
      return [cash(moved(), 'transfer')]
    case 'xout':
    case 'withdrwx':
      return [cash(negate(moved()), 'transfer')]
    case 'miscexp':
      return [cash(negate(total()), 'fee')]
    case 'miscexpx':
      return [cash(negate(total()), 'fee'), cash(moved(), 'transfer')]
    case 'margint':
      return [cash(negate(total()), 'interest')]
    case 'margintx':
      return [cash(negate(total()), 'interest'), cash(moved(), 'transfer')]
    case 'cash': {
      const amount = qifAmount(fields.get('T') ?? fields.get('U'))
      return [cash(amount, amount.startsWith('-') ? 'withdrawal' : 'deposit')]
    }
  }
  const reinvestedKind = reinvested[name]
  if (reinvestedKind)
    return [security(quantity()), cash(negate(total()), 'trade'), cash(total(), reinvestedKind)]
  const kind = income[name] ?? income[name.replace(/x$/, '')]
  if (!kind) throw new RecordFault(`the investment action ${quote(action)} is not read`)
  const paid = cash(total(), kind)
  return name.endsWith('x') ? [paid, cash(negate(moved()), 'transfer')] : [paid]
}

function absolute(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : amount
}
