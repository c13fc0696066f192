import type { StatementEntry } from '../../statement.ts'
import { cleanText } from './clean-text.ts'
import { findNode, type OfxNode } from './ofx-tree.ts'
import { kindOfTransactionType, ofxAmount, ofxDay } from './ofx-values.ts'
import { kindBySign, RecordFault, requireAsset } from './record.ts'

/** One STMTTRN of a bank, card or investment statement. */
export function readTransaction(node: OfxNode, statementCurrency: string | undefined): StatementEntry {
  if (node.values.has('CORRECTFITID')) {
    throw new RecordFault('the record corrects an earlier one (CORRECTFITID), which is not read')
  }
  const amount = ofxAmount(node.values.get('TRNAMT'))
  const type = node.values.get('TRNTYPE')
  const entry: StatementEntry = {
    type: 'entry',
    line: node.line,
    bookedOn: ofxDay(node.values.get('DTPOSTED')),
    amount,
    asset: requireAsset(currencyOf(node, statementCurrency)),
    kind: kindOfTransactionType(type) ?? kindBySign(amount),
    status: type?.toUpperCase() === 'HOLD' ? 'pending' : 'posted',
  }
  const reference = cleanText(node.values.get('FITID') ?? '')
  if (reference !== undefined) entry.reference = reference
  const payee = findNode(node, 'PAYEE')?.values.get('NAME')
  const counterparty = cleanText(payee ?? node.values.get('NAME') ?? '')
  if (counterparty !== undefined) entry.counterparty = counterparty
  const description = cleanText(node.values.get('MEMO') ?? '') ?? counterparty
  if (description !== undefined) entry.description = description
  return entry
}

/**
 * CURRENCY says that the record's amounts are in CURSYM; ORIGCURRENCY that they have been converted from CURSYM
 * to the statement's currency (OFX 2.2, 5.2).
 */
export function currencyOf(node: OfxNode, statementCurrency: string | undefined): string | undefined {
  return findNode(node, 'CURRENCY')?.values.get('CURSYM') ?? statementCurrency
}
