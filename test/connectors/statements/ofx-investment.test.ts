import { expect, test } from 'vitest'
import { balancesOf, entriesOf, faultsOf, readEvents } from './read-events.ts'

const security = (id: string) => `<SECID><UNIQUEID>${id}<UNIQUEIDTYPE>CUSIP</SECID>`
const tran = (id: string) => `<INVTRAN><FITID>${id}<DTTRADE>20240305120000<MEMO>memo ${id}</INVTRAN>`
const document = (transactions: string, rest = '') => `<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS>
<DTASOF>20240331<CURDEF>USD<INVACCTFROM><BROKERID>broker.example<ACCTID>77</INVACCTFROM>
<INVTRANLIST><DTSTART>20240101<DTEND>20240331
${transactions}
</INVTRANLIST>${rest}</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>
<SECLISTMSGSRSV1><SECLIST><STOCKINFO><SECINFO>${security('037833100')}<SECNAME>Apple<TICKER>AAPL</SECINFO></STOCKINFO>
<STOCKINFO><SECINFO>${security('084670702')}<SECNAME>Berkshire<TICKER>BRK B</SECINFO></STOCKINFO></SECLIST></SECLISTMSGSRSV1></OFX>`

const legs = async (transactions: string) =>
  entriesOf(await readEvents(document(transactions))).map(
    ({ amount, asset, kind }) => `${amount} ${asset} ${kind}`,
  )

test('a purchase has two legs of one group, in the ticker that the file gives later', async () => {
  const buy = `<BUYSTOCK><INVBUY>${tran('T1')}${security('037833100')}<UNITS>10<UNITPRICE>170<COMMISSION>5<TOTAL>-1705.00</INVBUY><BUYTYPE>BUY</BUYSTOCK>`
  const events = await readEvents(document(buy))
  expect(events[0]).toMatchObject({ account: { externalId: 'broker.example:77', kind: 'brokerage' } })
  const common = {
    bookedOn: '2024-03-05',
    reference: 'T1',
    group: 'BUYSTOCK T1 20240305',
    description: 'memo T1',
  }
  expect(entriesOf(events)).toMatchObject([
    { amount: '10', asset: 'AAPL', kind: 'trade', ...common },
    { amount: '-1705', asset: 'USD', kind: 'trade', ...common },
  ])
})

test.each([
  [
    'a sale with unsigned units',
    `<SELLMF><INVSELL>${tran('1')}${security('111111111')}<UNITS>3<TOTAL>90</INVSELL></SELLMF>`,
    ['-3 111111111 trade', '90 USD trade'],
  ],
  [
    'a ticker with a blank',
    `<SELLSTOCK><INVSELL>${tran('1')}${security('084670702')}<UNITS>-1<TOTAL>400</INVSELL></SELLSTOCK>`,
    ['-1 084670702 trade', '400 USD trade'],
  ],
  [
    'the reversal of a purchase',
    `<BUYSTOCK><INVBUY><INVTRAN><FITID>2<DTTRADE>20240305<REVERSALFITID>1</INVTRAN>${security('037833100')}<UNITS>-10<TOTAL>1705</INVBUY></BUYSTOCK>`,
    ['-10 AAPL trade', '1705 USD trade'],
  ],
  [
    'reinvested income',
    `<REINVEST>${tran('1')}${security('037833100')}<INCOMETYPE>DIV<TOTAL>-12.5<UNITS>0.07</REINVEST>`,
    ['0.07 AAPL trade', '-12.5 USD trade', '12.5 USD dividend'],
  ],
  [
    'income',
    `<INCOME>${tran('1')}${security('037833100')}<INCOMETYPE>INTEREST<TOTAL>4<CURRENCY><CURRATE>1<CURSYM>EUR</CURRENCY></INCOME>`,
    ['4 EUR interest'],
  ],
  ['an expense', `<INVEXPENSE>${tran('1')}${security('037833100')}<TOTAL>4</INVEXPENSE>`, ['-4 USD fee']],
  [
    'a transfer out',
    `<TRANSFER>${tran('1')}${security('037833100')}<UNITS>4<TFERACTION>OUT<POSTYPE>LONG</TRANSFER>`,
    ['-4 AAPL transfer'],
  ],
  [
    'a split',
    `<SPLIT>${tran('1')}${security('037833100')}<OLDUNITS>10<NEWUNITS>40<NUMERATOR>4<DENOMINATOR>1</SPLIT>`,
    ['30 AAPL split'],
  ],
  [
    'a bank transaction',
    '<INVBANKTRAN><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20240305<TRNAMT>100<FITID>9</STMTTRN><SUBACCTFUND>CASH</INVBANKTRAN>',
    ['100 USD deposit'],
  ],
  [
    'a journal within the account',
    `<JRNLFUND>${tran('1')}<SUBACCTTO>CASH<SUBACCTFROM>MARGIN<TOTAL>5</JRNLFUND>`,
    [],
  ],
])('%s', async (_name, transaction, expected) => {
  expect(await legs(transaction)).toEqual(expected)
})

test('positions and cash are closing balances; sub-accounts are summed', async () => {
  const position = (units: string, type = 'LONG') =>
    `<POSSTOCK><INVPOS>${security('037833100')}<HELDINACCT>CASH<POSTYPE>${type}<UNITS>${units}</INVPOS></POSSTOCK>`
  const rest = `<INVPOSLIST>${position('10.5')}${position('2', 'SHORT')}</INVPOSLIST><INVBAL><AVAILCASH>12.30<MARGINBALANCE>0</INVBAL>`
  const balances = balancesOf(await readEvents(document('', rest)))
  expect(balances).toMatchObject([
    { edge: 'close', day: '2024-03-31', amount: '12.3', asset: 'USD' },
    { edge: 'close', day: '2024-03-31', amount: '8.5', asset: 'AAPL' },
  ])
})

test.each([
  [`<CLOSUREOPT>${tran('1')}<OPTACTION>EXPIRE</CLOSUREOPT>`, 'a transaction of type CLOSUREOPT is not read'],
  [`<NEWKIND>${tran('1')}</NEWKIND>`, 'a transaction of type NEWKIND is not read'],
  [`<BUYSTOCK><INVBUY>${tran('1')}<UNITS>1<TOTAL>1</INVBUY></BUYSTOCK>`, 'BUYSTOCK names no security'],
  [
    `<BUYSTOCK><INVBUY>${tran('1')}${security('no code')}<UNITS>1<TOTAL>1</INVBUY></BUYSTOCK>`,
    'asset "no code" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  [`<INCOME>${tran('1')}<INCOMETYPE>DIV<TOTAL>1e309</INCOME>`, 'total "1e309" is not a plain decimal number'],
])('%s is a fault', async (transaction, reason) => {
  const events = await readEvents(document(transaction))
  expect(faultsOf(events)).toEqual([`4: ${reason}`])
  expect(entriesOf(events)).toEqual([])
})
