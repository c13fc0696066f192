import { expect, test } from 'vitest'
import { type PriceEvent, readPrices } from '../../../src/connectors/prices/price-reader.ts'

async function read(content: string | Uint8Array, options = {}, size = 65_536): Promise<PriceEvent[]> {
  const bytes = Buffer.from(content)
  const open = async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const events: PriceEvent[] = []
  for await (const event of readPrices(open, options)) events.push(event)
  return events
}

const ecb = 'Date,USD,JPY,CYP,\n2024-01-03,1.0919,155.51,N/A,\n2024-01-02,1.0956,,0.5,\n'

test('asset,currency,date,price in any order, with a provider', async () => {
  const file =
    'date,price,asset,currency,provider\r\n2024-01-02,042000.50,BTC,USD,exchange\r\n2024-01-02,2.5,ETH,BTC,\r\n'
  expect(await read(file, { provider: 'mine' })).toEqual([
    {
      type: 'price',
      line: 2,
      asset: 'BTC',
      currency: 'USD',
      day: '2024-01-02',
      price: '42000.5',
      provider: 'exchange',
    },
    {
      type: 'price',
      line: 3,
      asset: 'ETH',
      currency: 'BTC',
      day: '2024-01-02',
      price: '2.5',
      provider: 'mine',
    },
  ])
  expect(await read(file, { provider: 'mine' }, 1)).toEqual(await read(file, { provider: 'mine' }))
})

test('the reference rates of the European Central Bank', async () => {
  const rates = (await read(ecb)).map((event) =>
    event.type === 'price'
      ? `${event.day} ${event.asset}/${event.currency} ${event.price} ${event.provider}`
      : event,
  )
  expect(rates).toEqual([
    '2024-01-03 EUR/USD 1.0919 ecb',
    '2024-01-03 EUR/JPY 155.51 ecb',
    '2024-01-02 EUR/USD 1.0956 ecb',
    '2024-01-02 EUR/CYP 0.5 ecb',
  ])
})

test.each([
  ['BTC,USD,2024-02-31,1', 'date "2024-02-31" is not a day of the calendar'],
  ['BTC,USD,2024-01-01,NaN', 'price "NaN" is not a plain decimal number'],
  ['BTC,USD,2024-01-01,1e309', 'price "1e309" is not a plain decimal number'],
  ['BTC,USD,2024-01-01,', 'price "" is not a plain decimal number'],
  ['BTC,USD,2024-01-01,0', 'price "0" is not above zero'],
  ['BTC,USD,2024-01-01,-1', 'price "-1" is not above zero'],
  ['USD,USD,2024-01-01,1', 'the price of "USD" in itself'],
  ['B C,USD,2024-01-01,1', 'asset "B C" is not a code of 1 to 32 printable ASCII characters without blanks'],
  [
    'BTC,U\x01D,2024-01-01,1',
    'currency "U D" is not a code of 1 to 32 printable ASCII characters without blanks',
  ],
  ['BTC,USD', '2 columns where the header has 4'],
])('%j is a fault, and reading goes on', async (row, reason) => {
  const events = await read(`asset,currency,date,price\n${row}\nETH,USD,2024-01-01,1\n`)
  expect(events).toMatchObject([
    { type: 'fault', line: 2, reason },
    { type: 'price', line: 3 },
  ])
})

test.each([
  ['', 'the file is empty'],
  ['asset,currency,date,price,asset\n', 'line 1: the header names the column "asset" twice'],
  [
    'asset,price\n',
    /neither asset,currency,date,price nor the ECB’s eurofxref-hist.csv: no column "currency", "date"/,
  ],
  ['asset,currency,date,price,volume\n', 'line 1: the header names an unknown column "volume"'],
  [Buffer.from('asset,currency,date,price\n\xe9', 'latin1'), /not valid UTF-8/],
])('%j is refused', async (content, message) => {
  await expect(read(content)).rejects.toThrow(message)
})
