import { expect, test } from 'vitest'
import { balancesOf, entriesOf, faultsOf, readEvents, statementsOf } from './read-events.ts'
import { camt } from './samples.ts'

test('a statement with its balances and entries', async () => {
  expect(await readEvents(camt)).toMatchObject([
    { type: 'statement', account: { externalId: 'DE02120300000000202051', name: 'Giro' }, sequence: 7 },
    { type: 'balance', edge: 'open', day: '2024-02-01', amount: '100', asset: 'EUR' },
    { type: 'balance', edge: 'close', day: '2024-02-02', amount: '62.5', asset: 'EUR' },
    {
      type: 'entry',
      line: 8,
      bookedOn: '2024-02-01',
      amount: '12.5',
      asset: 'EUR',
      kind: 'deposit',
      status: 'posted',
      reference: 'REF-1',
      description: 'Invoice 17 of January',
      counterparty: 'Müller & Söhne',
    },
    {
      bookedOn: '2024-02-02',
      occurredAt: '2024-02-02T08:15:00+01:00',
      amount: '-50',
      description: 'Batch of two',
    },
    { bookedOn: '2024-02-03', amount: '-9.99', status: 'pending' },
  ])
})

test('version 2, a prefix for the namespace, an account without IBAN, PRCD as the opening balance', async () => {
  const old = camt
    .replaceAll(/<(\/?)(\w)/g, '<$1n:$2')
    .replace('xmlns=', 'xmlns:n=')
    .replace('053.001.08', '053.001.02')
    .replace('<n:IBAN>DE02120300000000202051</n:IBAN>', '<n:Othr><n:Id>4711</n:Id></n:Othr>')
    .replaceAll(/<n:Sts><n:Cd>(\w+)<\/n:Cd><\/n:Sts>/g, '<n:Sts>$1</n:Sts>')
    .replaceAll(/<\/?n:Pty>/g, '')
    .replace('OPBD', 'PRCD')
  const events = await readEvents(old)
  expect(statementsOf(events)[0]?.account).toEqual({ externalId: '4711', name: 'Giro' })
  expect(balancesOf(events).map(({ edge, amount }) => [edge, amount])).toEqual([
    ['close', '62.5'],
    ['open', '100'],
  ])
  expect(entriesOf(events).map(({ amount }) => amount)).toEqual(['12.5', '-50', '-9.99'])
  expect(entriesOf(events)[0]?.counterparty).toBe('Müller & Söhne')
})

const reversalOf = (amount: string, mark: string) =>
  `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${mark}</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-02-02</Dt></BookgDt></Ntry></Stmt>`

test.each([
  ['gives its own direction, as the standard says', 'CRDT', '67.50', '5'],
  ['gives the direction of the original, and the balances show it', 'DBIT', '67.50', '5'],
  ['gives its own direction where the balances do not add up either way', 'DBIT', '99.00', '-5'],
])('a reversal %s', async (_name, mark, closing, amount) => {
  const events = await readEvents(camt.replace('</Stmt>', reversalOf('5.00', mark)).replace('62.50', closing))
  const reversal = entriesOf(events).at(-1)
  expect(reversal?.amount).toBe(amount)
  expect(reversal?.kind).toBe(amount === '5' ? 'deposit' : 'withdrawal')
})

test('a reversal without balances moves as CdtDbtInd says', async () => {
  const events = await readEvents(
    camt.replace('</Stmt>', reversalOf('5.00', 'CRDT')).replaceAll(/<Bal>.*<\/Bal>\n/g, ''),
  )
  expect(balancesOf(events)).toEqual([])
  expect(entriesOf(events).at(-1)?.amount).toBe('5')
})

test.each([
  ['12.50</Amt>', '1e309</Amt>', 'amount "1e309" is not a plain decimal number'],
  ['12.50</Amt>', '-12.50</Amt>', 'amount "-12.50" is signed; CdtDbtInd gives the direction'],
  ['12.50</Amt>', '</Amt>', 'amount is empty'],
  ['<BookgDt><Dt>2024-02-01', '<BookgDt><Dt>2024-02-31', 'date "2024-02-31" is not a day of the calendar'],
  [
    '<Amt Ccy="EUR">12.50',
    '<Amt Ccy="E R">12.50',
    'asset "E R" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  ['<Cd>BOOK</Cd>', '<Cd>DONE</Cd>', 'status "DONE" is none of BOOK, PDNG, INFO'],
  ['12.50</Amt><CdtDbtInd>CRDT', '12.50</Amt><CdtDbtInd>X', 'CdtDbtInd "X" is neither CRDT nor DBIT'],
])('%s as %s is a fault of the entry alone', async (from, to, reason) => {
  const events = await readEvents(camt.replace(from, to))
  expect(faultsOf(events)).toEqual([`8: ${reason}`])
  expect(entriesOf(events)).toHaveLength(2)
})

test.each([
  [
    'a document without a statement',
    camt.replaceAll(/<Stmt>[\s\S]*<\/Stmt>/g, ''),
    'the document holds no statement',
  ],
  ['malformed XML', camt.replace('</Ntry>', '</Ntri>'), /^line 9: not well-formed XML: unexpected close tag/],
  ['Latin-1 bytes in a UTF-8 document', Buffer.from(camt, 'latin1'), /^line 9: not valid UTF-8/],
  ['an unknown encoding', camt.replace('UTF-8', 'KLINGON'), 'the encoding "KLINGON" is not known'],
])('%s is refused', async (_name, content, message) => {
  await expect(readEvents(content)).rejects.toThrow(message)
})

test('the declared encoding is used', async () => {
  const latin = Buffer.from(camt.replace('UTF-8', 'ISO-8859-1'), 'latin1')
  expect(entriesOf(await readEvents(latin))[0]?.counterparty).toBe('Müller & Söhne')
})
