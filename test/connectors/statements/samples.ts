/** One small file a format, written from the formats' specifications. */

export const tidemarkCsv = `account,id,date,time,amount,asset,kind,status,description,counterparty
Giro,g-1,2024-01-02,,2500.00,EUR,,,"Salary, January",Employer
Giro,g-2,2024-01-03,2024-01-03T18:20:00+01:00,-3.20,EUR,card,posted,"Coffee ""to go""",Café Süd
Wallet,w-1,,2024-01-03T23:30:00Z,0.000000000000000001,ETH,,pending,,
`

export const camt = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr>
<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>
<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy><Nm>Giro</Nm></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2024-02-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">62.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2024-02-02</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-02-01</Dt></BookgDt><ValDt><Dt>2024-02-03</Dt></ValDt><AcctSvcrRef>REF-1</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Müller &amp; Söhne</Nm></Pty></Dbtr><Cdtr><Pty><Nm>Owner</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>Invoice 17</Ustrd><Ustrd>of January</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">50.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2024-02-02T08:15:00+01:00</DtTm></BookgDt>
<NtryDtls><TxDtls><Amt Ccy="EUR">20</Amt></TxDtls><TxDtls><Amt Ccy="EUR">30</Amt></TxDtls></NtryDtls><AddtlNtryInf>Batch of two</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="EUR">9.99</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><ValDt><Dt>2024-02-03</Dt></ValDt></Ntry>
<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>INFO</Cd></Sts><ValDt><Dt>2024-02-03</Dt></ValDt></Ntry>
</Stmt></BkToCstmrStmt></Document>
`

export const mt940 = `:20:START\r
:25:12030000/0000202051\r
:28C:17/2\r
:60F:C231229EUR1000,00\r
:61:2401021229D200,5NMSCREF1//BANK1\r
:86:105?00FOLGELASTSCHRIFT?20EREF+E-1?21SVWZ+Strom Abschlag Januar ?2\r
22024?30BYLADEM1001?31DE02120300000000202051?32Stadtwerke?33Süd\r
:61:240102RD10,00NTRFNONREF\r
:86:Plain words\r
about a reversal\r
:62F:C240102EUR809,50\r
:86:about the statement\r
-\r
`

export const ofxSgml = `OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD
<BANKACCTFROM><BANKID>021000021<ACCTID>4711<ACCTTYPE>SAVINGS</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20240101<DTEND>
<STMTTRN><TRNTYPE>INT<DTPOSTED>20240131233000.000[-5:EST]<TRNAMT>+0001.2500<FITID>F1<NAME>AT&T &amp; Sons<MEMO>Interest</STMTTRN>
<STMTTRN><TRNTYPE>POS<DTPOSTED>20240201<TRNAMT>-20,10<FITID>F2<MEMO>
<NAME>Shop<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>500.00<DTASOF>20240202</LEDGERBAL><AVAILBAL><BALAMT>400<DTASOF>20240202</AVAILBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
`

export const qif = `!Account
NChecking
TBank
^
!Type:Bank
D1/15'24
T1,000.00
POpening Balance
L[Checking]
^
D1/16/24
T-45.50
PGrocer
MWeekly shopping
LFood:Groceries
SFood:Groceries
$-40.50
SHousehold
$-5.00
^
`
