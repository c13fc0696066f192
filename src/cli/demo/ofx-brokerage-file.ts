import type { Ledger } from './ledger.ts'
import { ofxDay } from './ofx-card-file.ts'
import type { NumberedEntry, Statement } from './statements.ts'
import { type Asset, formatAmount } from './units.ts'

const funds = [
  { asset: 'VWRD', isin: 'IE00B3RBWM25', name: 'World equities, distributing' },
  { asset: 'AGGG', isin: 'IE00B3F81409', name: 'World bonds, distributing' },
] as const

/** A year of the brokerage as OFX 2.1.1 (XML): transactions, positions and cash at its end, and the funds' names. */
export function ofxBrokerageFile(statement: Statement, ledger: Ledger, account: string): string {
  const { asset, from, to, closing, entries } = statement
  return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX>
<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><DTSERVER>${ofxDay(to)}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>
<INVSTMTMSGSRSV1><INVSTMTTRNRS><TRNUID>${statement.sequence}</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><INVSTMTRS>
<DTASOF>${ofxDay(to)}</DTASOF><CURDEF>${asset}</CURDEF>
<INVACCTFROM><BROKERID>${broker}</BROKERID><ACCTID>${account}</ACCTID></INVACCTFROM>
<INVTRANLIST><DTSTART>${ofxDay(from)}</DTSTART><DTEND>${ofxDay(to)}</DTEND>
${entries.map(transaction).filter(Boolean).join('\n')}
</INVTRANLIST>
<INVPOSLIST>
${funds
  .map((fund) => position(fund.asset, ledger.balance(fund.asset, to), entries))
  .filter(Boolean)
  .join('\n')}
</INVPOSLIST>
<INVBAL><AVAILCASH>${formatAmount(closing, asset)}</AVAILCASH><MARGINBALANCE>0</MARGINBALANCE><SHORTBALANCE>0</SHORTBALANCE></INVBAL>
</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>
<SECLISTMSGSRSV1><SECLIST>
${funds.map(({ asset, name }) => `<STOCKINFO><SECINFO>${security(asset)}<SECNAME>${name}</SECNAME><TICKER>${asset}</TICKER></SECINFO></STOCKINFO>`).join('\n')}
</SECLIST></SECLISTMSGSRSV1>
</OFX>
`
}

const broker = 'broker.example'

/** A purchase is one record of two movements: it stands where its cash does. */
function transaction(entry: NumberedEntry): string {
  const { amount, asset, kind, description } = entry
  const total = `<TOTAL>${formatAmount(amount, asset)}</TOTAL>`
  const head = `<INVTRAN><FITID>${entry.reference}</FITID><DTTRADE>${ofxDay(entry.day)}</DTTRADE><MEMO>${description}</MEMO></INVTRAN>`
  const accounts = '<SUBACCTSEC>CASH</SUBACCTSEC><SUBACCTFUND>CASH</SUBACCTFUND>'
  if (kind === 'trade') {
    if (!entry.security) return ''
    const { asset: fund, units, price, fee } = entry.security
    const terms = `<UNITS>${formatAmount(units, fund)}</UNITS><UNITPRICE>${price}</UNITPRICE><COMMISSION>${formatAmount(fee, asset)}</COMMISSION>`
    return `<BUYSTOCK><INVBUY>${head}${security(fund)}${terms}${total}${accounts}</INVBUY><BUYTYPE>BUY</BUYTYPE></BUYSTOCK>`
  }
  if (kind === 'dividend')
    return `<INCOME>${head}${security(entry.security!.asset)}<INCOMETYPE>DIV</INCOMETYPE>${total}${accounts}</INCOME>`
  const type = kind === 'fee' ? 'SRVCHG' : 'XFER'
  return `<INVBANKTRAN><STMTTRN><TRNTYPE>${type}</TRNTYPE><DTPOSTED>${ofxDay(entry.day)}</DTPOSTED><TRNAMT>${formatAmount(amount, asset)}</TRNAMT><FITID>${entry.reference}</FITID><MEMO>${description}</MEMO></STMTTRN><SUBACCTFUND>CASH</SUBACCTFUND></INVBANKTRAN>`
}

/** Priced as the last purchase of the statement was. */
function position(asset: Asset, units: bigint, entries: NumberedEntry[]): string {
  const price = entries.findLast((entry) => entry.security?.asset === asset)?.security?.price
  if (units === 0n || price === undefined) return ''
  return `<POSSTOCK><INVPOS>${security(asset)}<HELDINACCT>CASH</HELDINACCT><POSTYPE>LONG</POSTYPE><UNITS>${formatAmount(units, asset)}</UNITS><UNITPRICE>${price}</UNITPRICE></INVPOS></POSSTOCK>`
}

function security(asset: Asset): string {
  const isin = funds.find((fund) => fund.asset === asset)?.isin ?? asset
  return `<SECID><UNIQUEID>${isin}</UNIQUEID><UNIQUEIDTYPE>ISIN</UNIQUEIDTYPE></SECID>`
}
