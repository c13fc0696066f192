import { negate } from '../../decimal.ts'
import { StatementError } from '../../errors.ts'
import type { StatementEntry } from '../../statement.ts'
import { cleanText } from './clean-text.ts'
import type { Emit, ReadOptions, StatementParser } from './format.ts'
import { createMt940Fields, type Mt940Field } from './mt940-fields.ts'
import { readInformation } from './mt940-information.ts'
import { mt940Amount, mt940Day, readStatementLine, type StatementLine } from './mt940-line.ts'
import { kindBySign, quote, RecordFault, readRecord, requireAsset } from './record.ts'

/** MT940: one message is one statement, or one page of it. The booking date is the entry date of field 61. */
export function createMt940Parser(
  { defaultAsset }: Pick<ReadOptions, 'defaultAsset'>,
  emit: Emit,
): StatementParser {
  let account: string | undefined
  let sequence: number | undefined
  let currency: string | undefined
  let messageLine = 0
  let statementCount = 0
  let started = false
  let pending: { statementLine: StatementLine; line: number; information: string[] } | undefined

  const reset = () => {
    account = undefined
    sequence = undefined
    currency = undefined
    started = false
  }
  const start = (line: number) => {
    if (started) return
    started = true
    statementCount++
    emit({
      type: 'statement',
      line: messageLine || line,
      account: account === undefined ? {} : { externalId: account },
      ...(sequence !== undefined && { sequence }),
    })
  }
  const fault = (line: number) => (reason: string) => emit({ type: 'fault', line, reason })

  const flush = () => {
    if (!pending) return
    const { statementLine, line, information } = pending
    pending = undefined
    const { description, counterparty } = readInformation(information)
    readRecord(() => {
      const entry: StatementEntry = {
        type: 'entry',
        line,
        bookedOn: statementLine.bookedOn,
        amount: statementLine.amount,
        asset: requireAsset(currency ?? defaultAsset),
        kind: kinds[statementLine.type.slice(1)] ?? kindBySign(statementLine.amount),
        status: 'posted',
      }
      if (statementLine.reference !== undefined) entry.reference = statementLine.reference
      const text = description ?? (information.length === 0 ? statementLine.supplement : undefined)
      if (text !== undefined) entry.description = text
      const party = counterparty ?? statementLine.counterparty
      if (party !== undefined) entry.counterparty = party
      emit(entry)
    }, fault(line))
  }

  const readBalance = ({ tag, lines, line }: Mt940Field) => {
    const text = lines.join('').trim()
    const match = /^([CD])(\d{6})([A-Z]{3})(.*)$/.exec(text)
    if (!match) throw new RecordFault(`balance ${quote(text)} cannot be read`)
    currency = match[3]!
    start(line)
    const amount = mt940Amount(match[4]!, 'balance')
    emit({
      type: 'balance',
      line,
      edge: tag.startsWith('60') ? 'open' : 'close',
      day: mt940Day(match[2]!),
      amount: match[1] === 'D' ? negate(amount) : amount,
      asset: currency,
    })
  }

  const fields = createMt940Fields((field) => {
    if (field?.tag !== '86') flush()
    if (field === undefined) return reset()
    const { tag, lines, line } = field
    switch (tag) {
      case '20':
        reset()
        messageLine = line
        break
      case '25':
      case '25P':
        account = cleanText(lines[0]!)
        break
      case '28':
      case '28C':
        sequence = sequenceOf(lines[0]!)
        break
      case '60F':
      case '60M':
      case '62F':
      case '62M':
        readRecord(() => readBalance(field), fault(line))
        break
      case '61':
        start(line)
        readRecord(() => {
          pending = { statementLine: readStatementLine(lines), line, information: [] }
        }, fault(line))
        break
      case '86':
        // Behind the closing balance, field 86 is about the statement.
        pending?.information.push(...lines.slice(0, 200 - pending.information.length))
        break
    }
  })

  return {
    write: fields.write,
    end() {
      fields.end()
      if (statementCount === 0)
        throw new StatementError('the file holds no statement: no :60F: and no :61: field')
    },
  }
}

/** Statement number and page (`19321/1`) as one number that orders the pages of an account. */
function sequenceOf(text: string): number | undefined {
  const match = /^(\d{1,9})(?:\/(\d{1,5}))?\s*$/.exec(text.trim())
  return match ? Number(match[1]) * 1000 + Math.min(Number(match[2] ?? 0), 999) : undefined
}

// Transaction type identification codes of field 61, subfield 6 (SWIFT user handbook, MT940).
const kinds: Record<string, string> = {
  CHG: 'fee',
  COM: 'fee',
  INT: 'interest',
  DIV: 'dividend',
  CHK: 'check',
}
