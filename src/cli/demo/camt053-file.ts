import { escapeMarkup } from './markup.ts'
import type { NumberedEntry, Statement } from './statements.ts'
import { type Asset, formatAmount } from './units.ts'

/** A camt.053.001.08 document of several statements of one account; `type` of ISO 20022's ExternalCashAccountType1Code. */
export function camt053File(statements: Statement[], iban: string, type: string): string {
  const last = statements.at(-1)!
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
<BkToCstmrStmt>
<GrpHdr><MsgId>${last.asset}-${iban.slice(-6)}-${last.to}</MsgId><CreDtTm>${last.to}T23:59:59Z</CreDtTm></GrpHdr>
${statements.map((statement) => statementElement(statement, iban, type)).join('\n')}
</BkToCstmrStmt>
</Document>
`
}

function statementElement(statement: Statement, iban: string, type: string): string {
  const { account, sequence, from, to, opening, closing, asset, entries } = statement
  return `<Stmt><Id>${iban.slice(-6)}-${sequence}</Id><ElctrncSeqNb>${sequence}</ElctrncSeqNb><CreDtTm>${to}T23:59:59Z</CreDtTm>
<Acct><Id><IBAN>${iban}</IBAN></Id><Tp><Cd>${type}</Cd></Tp><Ccy>${asset}</Ccy><Nm>${escapeMarkup(account)}</Nm></Acct>
${balanceElement('OPBD', opening, asset, from)}
${balanceElement('CLBD', closing, asset, to)}
${entries.map(entryElement).join('\n')}
</Stmt>`
}

function balanceElement(code: 'OPBD' | 'CLBD', units: bigint, asset: Asset, day: string): string {
  return `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${amountElements(units, asset)}<Dt><Dt>${day}</Dt></Dt></Bal>`
}

function entryElement({
  amount,
  asset,
  day,
  kind,
  reference,
  description,
  counterparty,
}: NumberedEntry): string {
  const role = amount < 0n ? 'Cdtr' : 'Dbtr'
  const party =
    counterparty === undefined
      ? ''
      : `<RltdPties><${role}><Pty><Nm>${escapeMarkup(counterparty)}</Nm></Pty></${role}></RltdPties>`
  return `<Ntry><NtryRef>${reference}</NtryRef>${amountElements(amount, asset)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><ValDt><Dt>${day}</Dt></ValDt><AcctSvcrRef>${reference}</AcctSvcrRef>${codeElement(kind, amount)}
<NtryDtls><TxDtls>${party}<RmtInf><Ustrd>${escapeMarkup(description)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`
}

function amountElements(units: bigint, asset: Asset): string {
  const mark = units < 0n ? 'DBIT' : 'CRDT'
  return `<Amt Ccy="${asset}">${formatAmount(units < 0n ? -units : units, asset)}</Amt><CdtDbtInd>${mark}</CdtDbtInd>`
}

/** Bank transaction codes (ISO 20022 external code list). */
function codeElement(kind: string, amount: bigint): string {
  const [domain, family, subFamily] =
    kind === 'interest'
      ? ['ACMT', amount < 0n ? 'MDOP' : 'MCOP', 'INTR']
      : kind === 'fee'
        ? ['ACMT', 'MDOP', 'CHRG']
        : kind === 'card'
          ? ['PMNT', 'CCRD', 'POSD']
          : ['PMNT', amount < 0n ? 'ICDT' : 'RCDT', 'ESCT']
  return `<BkTxCd><Domn><Cd>${domain}</Cd><Fmly><Cd>${family}</Cd><SubFmlyCd>${subFamily}</SubFmlyCd></Fmly></Domn></BkTxCd>`
}
