import { negate } from '../../decimal.ts'
import type { StatementEntry } from '../../statement.ts'
import { cleanText } from './clean-text.ts'
import { parseInstant } from './instant.ts'
import { kindBySign, quote, RecordFault, requireAmount, requireAsset, requireDay } from './record.ts'

/** What was read of one Ntry: texts by their path in it, and how many TxDtls it has. */
export interface CamtEntry {
  line: number
  values: Map<string, string>
  details: number
}

const details = 'NtryDtls/TxDtls'

/** One Ntry as one entry, a batch of many details too. Undefined where it moves nothing (status INFO, FUTR). */
export function readEntry(
  { line, values, details: count }: CamtEntry,
  accountCurrency: string,
): { entry: StatementEntry; reversal: boolean } | undefined {
  const get = (path: string) => values.get(path) ?? ''
  // Versions up to 3 have the code in Sts itself.
  const code = get('Sts/Cd') || get('Sts')
  if (code === 'INFO' || code === 'FUTR') return undefined
  if (code !== 'BOOK' && code !== 'PDNG')
    throw new RecordFault(`status ${quote(code)} is none of BOOK, PDNG, INFO`)

  const text = get('Amt')
  if (text.startsWith('-'))
    throw new RecordFault(`amount ${quote(text)} is signed; CdtDbtInd gives the direction`)
  const unsigned = requireAmount(text)
  const debit = isDebit(get('CdtDbtInd'))
  const amount = debit ? negate(unsigned) : unsigned
  const date = get('BookgDt/Dt') || get('BookgDt/DtTm') || get('ValDt/Dt') || get('ValDt/DtTm')
  const reversal = /^(?:true|1)$/.test(get('RvslInd'))

  const entry: StatementEntry = {
    type: 'entry',
    line,
    bookedOn: requireDay(date.slice(0, 10), date),
    amount,
    asset: requireAsset(get('Ccy') || accountCurrency),
    kind: kindOf(get('BkTxCd/Domn/Fmly/Cd'), get('BkTxCd/Domn/Fmly/SubFmlyCd')) ?? kindBySign(amount),
    status: code === 'BOOK' ? 'posted' : 'pending',
  }
  const occurredAt = get('BookgDt/Dt') === '' ? parseInstant(get('BookgDt/DtTm'))?.iso : undefined
  if (occurredAt !== undefined) entry.occurredAt = occurredAt
  const reference = cleanText(get('AcctSvcrRef') || get('NtryRef'))
  if (reference !== undefined) entry.reference = reference
  const remittance = `${details}/RmtInf`
  const single =
    get(`${remittance}/Ustrd`) || get(`${details}/AddtlTxInf`) || get(`${remittance}/Strd/CdtrRefInf/Ref`)
  const description = cleanText(count > 1 ? get('AddtlNtryInf') || single : single || get('AddtlNtryInf'))
  if (description !== undefined) entry.description = description
  // The parties keep the roles of the original payment, so those of a reversal stand the other way round.
  const role = debit !== reversal ? 'Cdtr' : 'Dbtr'
  const parties = `${details}/RltdPties/${role}`
  const counterparty = count > 1 ? undefined : cleanText(get(`${parties}/Pty/Nm`) || get(`${parties}/Nm`))
  if (counterparty !== undefined) entry.counterparty = counterparty
  return { entry, reversal }
}

export function isDebit(mark: string): boolean {
  if (mark !== 'DBIT' && mark !== 'CRDT')
    throw new RecordFault(`CdtDbtInd ${quote(mark)} is neither CRDT nor DBIT`)
  return mark === 'DBIT'
}

/** Bank transaction codes of ISO 20022's external code list that name a kind of their own. */
function kindOf(family: string, subFamily: string): string | undefined {
  if (subFamily === 'INTR') return 'interest'
  if (subFamily === 'CHRG' || subFamily === 'COMM' || subFamily === 'FEES') return 'fee'
  if (subFamily === 'DVDD' || subFamily === 'DVCA') return 'dividend'
  return family === 'CCRD' ? 'card' : undefined
}
