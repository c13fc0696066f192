import { escapeMarkup } from './markup.ts'
import type { NumberedEntry, Statement } from './statements.ts'
import { formatAmount } from './units.ts'

/** A credit card statement as OFX 1.0.2 (SGML, elements without end tags). */
export function ofxCardFile(statement: Statement, number: string): string {
  const { asset, from, to, closing, entries } = statement
  return `OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:UTF-8
CHARSET:NONE
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX>
<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>${ofxDay(to)}<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>
<CREDITCARDMSGSRSV1><CCSTMTTRNRS><TRNUID>${statement.sequence}<STATUS><CODE>0<SEVERITY>INFO</STATUS><CCSTMTRS><CURDEF>${asset}
<CCACCTFROM><ACCTID>${number}</CCACCTFROM>
<BANKTRANLIST><DTSTART>${ofxDay(from)}<DTEND>${ofxDay(to)}
${entries.map(transaction).join('\n')}
</BANKTRANLIST>
<LEDGERBAL><BALAMT>${formatAmount(closing, asset)}<DTASOF>${ofxDay(to)}</LEDGERBAL>
</CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1>
</OFX>
`
}

function transaction(entry: NumberedEntry): string {
  const { amount, asset, kind, original } = entry
  const currency = original
    ? `<ORIGCURRENCY><CURRATE>${original.rate}<CURSYM>${original.currency}</ORIGCURRENCY>`
    : ''
  const name = escapeMarkup(entry.counterparty ?? entry.description)
  return `<STMTTRN><TRNTYPE>${kind === 'card' ? 'POS' : 'XFER'}<DTPOSTED>${ofxDay(entry.day)}<TRNAMT>${formatAmount(amount, asset)}<FITID>${entry.reference}<NAME>${name}<MEMO>${escapeMarkup(entry.description)}${currency}</STMTTRN>`
}

export function ofxDay(day: string): string {
  return day.replaceAll('-', '')
}
