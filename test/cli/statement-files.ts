/** Small statement files written by their formats' specifications, each about January 2024. */

export interface SmallEntry {
  /** YYYY-MM-DD. */
  day: string
  /** Two decimals, signed. */
  amount: string
  text: string
}

export interface SmallStatement {
  account: string
  opening: string
  closing: string
  entries: SmallEntry[]
}

const unsigned = (amount: string) => amount.replace('-', '')
const debit = (amount: string) => amount.startsWith('-')

/** ISO 20022 camt.053.001.08, one Stmt a statement. */
export function camt053(...statements: SmallStatement[]): string {
  const balance = (code: string, amount: string, day: string) => `
      <Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${unsigned(amount)}</Amt>
        <CdtDbtInd>${debit(amount) ? 'DBIT' : 'CRDT'}</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`
  const entry = ({ day, amount, text }: SmallEntry) => `
      <Ntry><Amt Ccy="EUR">${unsigned(amount)}</Amt><CdtDbtInd>${debit(amount) ? 'DBIT' : 'CRDT'}</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><ValDt><Dt>${day}</Dt></ValDt>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
        <NtryDtls><TxDtls><RmtInf><Ustrd>${text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`
  const body = statements.map(
    ({ account, opening, closing, entries }, index) => `
    <Stmt><Id>S${index + 1}</Id><ElctrncSeqNb>${index + 1}</ElctrncSeqNb>
      <Acct><Id><IBAN>${account}</IBAN></Id><Ccy>EUR</Ccy></Acct>${balance('OPBD', opening, entries[0]!.day)}${balance(
        'CLBD',
        closing,
        entries.at(-1)!.day,
      )}${entries.map(entry).join('')}
    </Stmt>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
  <BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2024-02-01T08:00:00</CreDtTm></GrpHdr>${body.join('')}
  </BkToCstmrStmt>
</Document>
`
}

/** SWIFT MT940, one message. */
export function mt940({ account, opening, closing, entries }: SmallStatement): string {
  const day = (date: string) => date.slice(2).replaceAll('-', '')
  const amount = (text: string) => unsigned(text).replace('.', ',')
  const mark = (text: string) => (debit(text) ? 'D' : 'C')
  const lines = entries.flatMap((entry, index) => [
    `:61:${day(entry.day)}${day(entry.day).slice(2)}${mark(entry.amount)}${amount(entry.amount)}NTRFREF${index + 1}`,
    `:86:${entry.text}`,
  ])
  return [
    ':20:STARTUMS',
    `:25:${account}`,
    ':28C:1/1',
    `:60F:${mark(opening)}${day(entries[0]!.day)}EUR${amount(opening)}`,
    ...lines,
    `:62F:${mark(closing)}${day(entries.at(-1)!.day)}EUR${amount(closing)}`,
    '-',
    '',
  ].join('\r\n')
}

/** OFX 2.2, XML. */
export function ofxXml(statement: SmallStatement): string {
  return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX>${ofxBody(statement, (name, value) => `<${name}>${value}</${name}>`)}</OFX>
`
}

/** OFX 1.0.2, SGML: elements are not closed. */
export function ofxSgml(statement: SmallStatement): string {
  return `OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX>${ofxBody(statement, (name, value) => `<${name}>${value}`)}</OFX>
`
}

function ofxBody(
  { account, closing, entries }: SmallStatement,
  element: (name: string, value: string) => string,
): string {
  const day = (date: string) => `${date.replaceAll('-', '')}120000`
  const transactions = entries.map(
    (entry, index) => `
<STMTTRN>
${element('TRNTYPE', debit(entry.amount) ? 'DEBIT' : 'CREDIT')}
${element('DTPOSTED', day(entry.day))}
${element('TRNAMT', entry.amount)}
${element('FITID', `F${index + 1}`)}
${element('NAME', entry.text)}
</STMTTRN>`,
  )
  return `
<SIGNONMSGSRSV1><SONRS><STATUS>
${element('CODE', '0')}
${element('SEVERITY', 'INFO')}
</STATUS>
${element('DTSERVER', '20240201080000')}
${element('LANGUAGE', 'ENG')}
</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS>
${element('TRNUID', '1')}
<STATUS>
${element('CODE', '0')}
${element('SEVERITY', 'INFO')}
</STATUS>
<STMTRS>
${element('CURDEF', 'EUR')}
<BANKACCTFROM>
${element('BANKID', '10020030')}
${element('ACCTID', account)}
${element('ACCTTYPE', 'CHECKING')}
</BANKACCTFROM>
<BANKTRANLIST>
${element('DTSTART', day(entries[0]!.day))}
${element('DTEND', day(entries.at(-1)!.day))}${transactions.join('')}
</BANKTRANLIST>
<LEDGERBAL>
${element('BALAMT', closing)}
${element('DTASOF', day(entries.at(-1)!.day))}
</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1>
`
}

/** QIF of a bank account, days as in the United States. The format names no account and no currency. */
export function qif(entries: SmallEntry[]): string {
  const records = entries.map(({ day, amount, text }) => {
    const [year, month, date] = day.split('-')
    return `D${month}/${date}/${year}\nT${amount}\nP${text}\n^\n`
  })
  return `!Type:Bank\n${records.join('')}`
}
