import { SaxesParser } from 'saxes'
import { negate } from '../../decimal.ts'
import { StatementError } from '../../errors.ts'
import type { AccountKind } from '../../page.ts'
import { type CamtEntry, isDebit, readEntry } from './camt053-entry.ts'
import { createReversalCheck } from './camt053-reversals.ts'
import { cleanText } from './clean-text.ts'
import type { Emit, StatementParser } from './format.ts'
import { maxRecordLength } from './lines.ts'
import { readRecord, requireAmount, requireAsset, requireDay } from './record.ts'

interface CamtBalance {
  line: number
  code: string
  amount: string
  currency: string
  mark: string
  date: string
}

interface CamtStatement {
  line: number
  started: boolean
  iban: string
  other: string
  accountType: string
  name: string
  currency: string
  electronic: string
  legal: string
  /** PRCD balances, which open the statement where no OPBD does. */
  previous: CamtBalance[]
  opened: boolean
}

/**
 * camt.053 (ISO 20022 bank-to-customer statement), any version. Elements are known by their path in the
 * statement, whatever prefix their namespace has, and nothing is held but the entry at hand.
 */
export function createCamt053Parser(emit: Emit): StatementParser {
  const parser = new SaxesParser({ xmlns: true })
  let path = ''
  let text = ''
  let messageSeen = false
  let statementCount = 0
  let statement: CamtStatement | undefined
  let balance: CamtBalance | undefined
  let entry: CamtEntry | undefined
  let reversals = createReversalCheck()
  let lastEvent = 0
  const fault = (line: number) => (reason: string) => emit({ type: 'fault', line, reason })

  parser.on('error', (error) => {
    throw new StatementError(
      `not well-formed XML: ${error.message.replace(/^(?:\d+:\d+: ?)/, '')}`,
      parser.line,
      {
        cause: error,
      },
    )
  })
  parser.on('opentag', (tag) => {
    lastEvent = parser.position
    text = ''
    if (path === '' && /camt\.(?!053)\d{3}/.test(tag.uri)) {
      throw new StatementError(
        `an XML document of ${/camt\.[\d.]+/.exec(tag.uri)![0]}, not camt.053`,
        parser.line,
      )
    }
    // Within a message the path starts anew: envelopes around it differ.
    if (tag.local === 'BkToCstmrStmt') {
      messageSeen = true
      path = ''
    }
    path += `/${tag.local}`
    if (path.length > 2_000) throw new StatementError('elements are nested too deeply', parser.line)
    if (path === stmt) {
      statementCount++
      statement = emptyStatement(parser.line)
      reversals = createReversalCheck()
    } else if (path === `${stmt}/Bal`) {
      balance = { line: parser.line, code: '', amount: '', currency: '', mark: '', date: '' }
    } else if (path === `${stmt}/Ntry`) {
      start()
      openByPrevious()
      entry = { line: parser.line, values: new Map(), details: 0 }
    } else if (path === `${stmt}/Ntry/NtryDtls/TxDtls` && entry) entry.details++
    const currency = tag.local === 'Amt' ? tag.attributes.Ccy?.value : undefined
    if (currency !== undefined && path === `${stmt}/Bal/Amt`) balance!.currency = currency
    if (currency !== undefined && path === `${stmt}/Ntry/Amt`) entry?.values.set('Ccy', currency)
  })
  const addText = (piece: string) => {
    lastEvent = parser.position
    if (piece.length > maxRecordLength) throw new StatementError('a text is longer than 1 MiB', parser.line)
    if (text.length < maxRecordLength) text += piece
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  for (const name of ['comment', 'processinginstruction', 'doctype'] as const) {
    parser.on(name, () => {
      lastEvent = parser.position
    })
  }
  parser.on('closetag', () => {
    lastEvent = parser.position
    if (text !== '') takeText(text.trim())
    text = ''
    if (path === `${stmt}/Acct`) start()
    else if (path === `${stmt}/Bal`) takeBalance()
    else if (path === `${stmt}/Ntry`) takeEntry()
    else if (path === stmt) endStatement()
    path = path.slice(0, path.lastIndexOf('/'))
  })

  const takeText = (value: string) => {
    if (value === '' || !path.startsWith(stmt) || !statement) return
    const inner = path.slice(stmt.length + 1)
    if (entry) {
      addValue(entry, inner.slice('Ntry/'.length), value)
    } else if (balance) {
      const key = balanceFields[inner]
      if (key) balance[key] = value
    } else {
      const key = accountFields[inner]
      if (key && statement[key] === '') statement[key] = value
    }
  }

  const start = () => {
    if (!statement || statement.started) return
    statement.started = true
    const { line, iban, other, accountType, name, electronic, legal } = statement
    const kind = accountKinds[accountType]
    const externalId = cleanText(iban.replace(/\s/g, '') || other)
    const label = cleanText(name)
    const number = electronic || legal
    emit({
      type: 'statement',
      line,
      account: {
        ...(externalId !== undefined && { externalId }),
        ...(kind !== undefined && { kind }),
        ...(label !== undefined && { name: label }),
      },
      ...(/^\d{1,15}$/.test(number) && { sequence: Number(number) }),
    })
  }

  const takeBalance = () => {
    const taken = balance!
    balance = undefined
    if (taken.code === 'PRCD') statement!.previous.push(taken)
    if (taken.code === 'OPBD') {
      statement!.opened = true
      emitBalance(taken, 'open')
    }
    if (taken.code === 'CLBD') emitBalance(taken, 'close')
  }
  const openByPrevious = () => {
    if (!statement!.opened) for (const previous of statement!.previous) emitBalance(previous, 'open')
    statement!.opened = true
    statement!.previous = []
  }
  const emitBalance = (taken: CamtBalance, edge: 'open' | 'close') => {
    start()
    readRecord(() => {
      const unsigned = requireAmount(taken.amount, 'balance')
      const amount = isDebit(taken.mark) ? negate(unsigned) : unsigned
      const asset = requireAsset(taken.currency || statement!.currency)
      const day = requireDay(taken.date.slice(0, 10), taken.date)
      reversals.balance(edge, asset, amount)
      emit({ type: 'balance', line: taken.line, edge, day, amount, asset })
    }, fault(taken.line))
  }

  const takeEntry = () => {
    const taken = entry!
    entry = undefined
    readRecord(() => {
      const read = readEntry(taken, statement!.currency)
      if (!read) return
      if (read.reversal && reversals.hold(read.entry)) return
      reversals.entry(read.entry)
      emit(read.entry)
    }, fault(taken.line))
  }
  const endStatement = () => {
    start()
    openByPrevious()
    for (const held of reversals.settle()) emit(held)
    statement = undefined
  }

  return {
    write(piece) {
      parser.write(piece)
      if (parser.position - lastEvent > maxRecordLength) {
        throw new StatementError('a text or tag is longer than 1 MiB', parser.line)
      }
    },
    end() {
      parser.close()
      if (!messageSeen) throw new StatementError('the document is not a camt.053: it has no BkToCstmrStmt')
      if (statementCount === 0) throw new StatementError('the document holds no statement')
    },
  }
}

const stmt = '/BkToCstmrStmt/Stmt'

const accountFields: Record<
  string,
  'iban' | 'other' | 'accountType' | 'name' | 'currency' | 'electronic' | 'legal'
> = {
  ElctrncSeqNb: 'electronic',
  LglSeqNb: 'legal',
  'Acct/Id/IBAN': 'iban',
  'Acct/Id/Othr/Id': 'other',
  'Acct/Tp/Cd': 'accountType',
  'Acct/Nm': 'name',
  'Acct/Ccy': 'currency',
}

/** ISO 20022's external code list ExternalCashAccountType1Code. */
const accountKinds: Record<string, AccountKind> = {
  CACC: 'checking',
  TRAN: 'checking',
  SLRY: 'checking',
  SVGS: 'savings',
  LLSV: 'savings',
  MOMA: 'savings',
  LOAN: 'loan',
  CARD: 'card',
}

const balanceFields: Record<string, 'code' | 'amount' | 'mark' | 'date'> = {
  'Bal/Tp/CdOrPrtry/Cd': 'code',
  'Bal/Amt': 'amount',
  'Bal/CdtDbtInd': 'mark',
  'Bal/Dt/Dt': 'date',
  'Bal/Dt/DtTm': 'date',
}

/** A batch may list any number of details: of each element the first few values are kept. */
function addValue(entry: CamtEntry, key: string, value: string): void {
  const kept = entry.values.get(key)
  if (kept === undefined) entry.values.set(key, value)
  else if (key.endsWith('/Ustrd') && kept.length < 4_000) entry.values.set(key, `${kept} ${value}`)
}

function emptyStatement(line: number): CamtStatement {
  const texts = { iban: '', other: '', accountType: '', name: '', currency: '', electronic: '', legal: '' }
  return { line, started: false, previous: [], opened: false, ...texts }
}
