import Big from 'big.js'
import { StatementError } from '../../errors.ts'
import type { AccountKind } from '../../page.ts'
import { isAsset } from './asset.ts'
import { cleanText } from './clean-text.ts'
import type { Emit, ReadOptions, StatementParser } from './format.ts'
import {
  type InvestmentLeg,
  investmentTypes,
  readInvestmentTransaction,
  readPosition,
} from './ofx-investment.ts'
import { readTransaction } from './ofx-transaction.ts'
import { createOfxTree, findNode, type OfxNode } from './ofx-tree.ts'
import { ofxAmount, ofxDay } from './ofx-values.ts'
import { assetReason, readRecord, requireAsset } from './record.ts'

/** Investment records that one file may have: they wait for SECLIST, which stands at the file's end. */
const maxWaiting = 200_000

const statements = new Set(['STMTRS', 'CCSTMTRS', 'INVSTMTRS'])
const records = new Set([
  ...['STATUS', 'BANKACCTFROM', 'CCACCTFROM', 'INVACCTFROM', 'LEDGERBAL', 'AVAILBAL', 'STMTTRN', 'INVBAL'],
  ...['POSSTOCK', 'POSMF', 'POSDEBT', 'POSOPT', 'POSOTHER'],
  ...['STOCKINFO', 'MFINFO', 'DEBTINFO', 'OPTINFO', 'OTHERINFO'],
  ...investmentTypes,
])
const parts = new Set([
  ...['PAYEE', 'BANKACCTTO', 'CCACCTTO', 'CURRENCY', 'ORIGCURRENCY', 'SECID', 'SECINFO', 'INVTRAN', 'INVBUY'],
  ...['INVSELL', 'INVPOS', 'BALLIST', 'BAL'],
])

/**
 * OFX and QFX, 1.x (SGML) and 2.x (XML): bank, card and investment statements. LEDGERBAL gives the closing
 * balance; OFX has no opening one. What an investment statement says is emitted once the whole file is read.
 */
export function createOfxParser(
  { defaultAsset }: Pick<ReadOptions, 'defaultAsset'>,
  emit: Emit,
): StatementParser {
  let statementCount = 0
  let currency: string | undefined
  let asOf: string | undefined
  let started = false
  const errors: { line: number; text: string }[] = []
  const tickers = new Map<string, string>()
  const waiting: ((emit: Emit) => void)[] = []
  const later = (line: number, event: (emit: Emit) => void) => {
    waiting.push(event)
    if (waiting.length > maxWaiting) {
      throw new StatementError(`more than ${maxWaiting} investment records in one file; split it`, line)
    }
  }
  const fault = (line: number) => (reason: string) => emit({ type: 'fault', line, reason })

  const start = (node: OfxNode | undefined, line: number) => {
    started = true
    const account = node ? accountOf(node) : {}
    const event = { type: 'statement', line, account } as const
    if (tree.inside('INVSTMTRS')) later(line, (emit) => emit(event))
    else emit(event)
  }

  const record = (container: string, node: OfxNode) => {
    const { line } = node
    if (node.values.size === 0 && node.children.length === 0) return
    if (node.name === 'STATUS') {
      if (node.values.get('SEVERITY')?.toUpperCase() === 'ERROR' && errors.length < 100) {
        const message = cleanText(node.values.get('MESSAGE') ?? '')
        errors.push({ line, text: `error ${node.values.get('CODE') ?? '?'}${message ? `: ${message}` : ''}` })
      }
    } else if (statements.has(container) && node.name.endsWith('ACCTFROM')) start(node, line)
    else if (node.name === 'STMTTRN' && container === 'BANKTRANLIST') {
      if (!started) start(undefined, line)
      readRecord(() => emit(readTransaction(node, currency ?? defaultAsset)), fault(line))
    } else if (node.name === 'LEDGERBAL' && statements.has(container)) {
      if (!started) start(undefined, line)
      readRecord(() => readLedgerBalance(node), fault(line))
    } else if (container === 'INVTRANLIST') {
      readRecord(() => emitLegs(readInvestmentTransaction(node, currency ?? defaultAsset), line), fault(line))
    } else if (container === 'INVPOSLIST') {
      readRecord(() => addPosition(node), fault(line))
    } else if (node.name === 'INVBAL') {
      readRecord(() => readAvailableCash(node), fault(line))
    } else if (container === 'SECLIST') {
      const id = findNode(node, 'SECID')?.values.get('UNIQUEID')
      const ticker = findNode(node, 'SECINFO')?.values.get('TICKER')
      if (id !== undefined && ticker !== undefined && isAsset(ticker)) tickers.set(id, ticker)
    }
  }

  const readLedgerBalance = (node: OfxNode) => {
    const amount = node.values.get('BALAMT')
    if (amount === undefined) return
    emit({
      type: 'balance',
      line: node.line,
      edge: 'close',
      day: ofxDay(node.values.get('DTASOF')),
      amount: ofxAmount(amount, 'balance'),
      asset: requireAsset(currency ?? defaultAsset),
    })
  }

  const emitLegs = (legs: InvestmentLeg[], line: number) => {
    if (legs.length === 0) return
    later(line, (emit) => {
      for (const { entry, security } of legs) {
        if (security !== undefined) entry.asset = tickers.get(security) ?? security
      }
      // A transaction is never read in part.
      const unnamed = legs.find(({ entry }) => !isAsset(entry.asset))
      if (unnamed) emit({ type: 'fault', line, reason: assetReason(unnamed.entry.asset) })
      else for (const { entry } of legs) emit(entry)
    })
  }

  // A security may be held in several sub-accounts: its positions are summed.
  let positions = new Map<string, { units: Big; line: number }>()
  const addPosition = (node: OfxNode) => {
    const { security, units } = readPosition(node)
    const held = positions.get(security)
    positions.set(security, { units: new Big(units).plus(held?.units ?? 0), line: held?.line ?? node.line })
  }
  const emitPositions = () => {
    for (const [security, { units, line }] of positions) {
      readRecord(() => {
        const day = ofxDay(asOf)
        later(line, (emit) => {
          const asset = tickers.get(security) ?? security
          if (!isAsset(asset)) return emit({ type: 'fault', line, reason: assetReason(asset) })
          emit({ type: 'balance', line, edge: 'close', day, amount: units.toFixed(), asset })
        })
      }, fault(line))
    }
    positions = new Map()
  }
  const readAvailableCash = (node: OfxNode) => {
    const text = node.values.get('AVAILCASH')
    if (text === undefined) return
    const amount = ofxAmount(text, 'balance')
    const day = ofxDay(asOf)
    const asset = requireAsset(currency ?? defaultAsset)
    later(node.line, (emit) => emit({ type: 'balance', line: node.line, edge: 'close', day, amount, asset }))
  }

  const tree = createOfxTree(
    {
      open(container) {
        if (!statements.has(container)) return
        statementCount++
        started = false
        currency = undefined
        asOf = undefined
      },
      close(container) {
        if (container === 'INVSTMTRS') emitPositions()
      },
      value(container, name, value) {
        if (!statements.has(container)) return
        if (name === 'CURDEF') currency = value.toUpperCase()
        if (name === 'DTASOF') asOf = value
      },
      record,
    },
    { records, parts },
  )

  return {
    write: tree.write,
    end() {
      tree.end()
      for (const event of waiting) event(emit)
      if (statementCount === 0 && errors.length > 0) {
        throw new StatementError(`the document holds no statement; the bank answered with ${errors[0]!.text}`)
      }
      if (statementCount === 0) throw new StatementError('the document holds no statement')
      for (const { line, text } of errors)
        fault(line)(`a statement is missing; the bank answered with ${text}`)
    },
  }
}

function accountOf(node: OfxNode): { externalId?: string; kind?: AccountKind } {
  const bank = node.values.get(node.name === 'INVACCTFROM' ? 'BROKERID' : 'BANKID')
  const parts = node.name === 'CCACCTFROM' ? [node.values.get('ACCTID')] : [bank, node.values.get('ACCTID')]
  const externalId = cleanText(parts.filter((part) => part !== undefined).join(':'))
  const kind =
    node.name === 'CCACCTFROM'
      ? 'card'
      : node.name === 'INVACCTFROM'
        ? 'brokerage'
        : accountTypes[node.values.get('ACCTTYPE')?.toUpperCase() ?? '']
  return { ...(externalId !== undefined && { externalId }), ...(kind && { kind }) }
}

const accountTypes: Record<string, AccountKind> = {
  CHECKING: 'checking',
  SAVINGS: 'savings',
  MONEYMRKT: 'savings',
  CD: 'savings',
  CREDITLINE: 'loan',
}
