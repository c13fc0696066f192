/** What Kraken tells of its assets and markets (https://docs.kraken.com/api/docs/rest-api/get-asset-info). */

/** Kraken's names of assets that it names by its own old scheme; all others are named as everywhere. */
const oldNames = new Map([
  ['BTC', { id: 'XXBT', altname: 'XBT' }],
  ['ETH', { id: 'XETH', altname: 'ETH' }],
  ['LTC', { id: 'XLTC', altname: 'LTC' }],
  ['XRP', { id: 'XXRP', altname: 'XRP' }],
  ['DOGE', { id: 'XXDG', altname: 'XDG' }],
  ['USD', { id: 'ZUSD', altname: 'USD' }],
  ['EUR', { id: 'ZEUR', altname: 'EUR' }],
  ['GBP', { id: 'ZGBP', altname: 'GBP' }],
])

export function krakenAsset(code: string): { id: string; altname: string } {
  return oldNames.get(code) ?? { id: code, altname: code }
}

export function krakenAssets(codes: Iterable<string>): Record<string, object> {
  return Object.fromEntries(
    [...codes].map((code) => {
      const { id, altname } = krakenAsset(code)
      return [id, { aclass: 'currency', altname, decimals: 10, display_decimals: 5, status: 'enabled' }]
    }),
  )
}

/** `XXBTZUSD` for BTC and USD. */
export function krakenPairId(base: string, quote: string): string {
  return `${krakenAsset(base).id}${krakenAsset(quote).id}`
}

export function krakenPairs(pairs: [base: string, quote: string][]): Record<string, object> {
  return Object.fromEntries(
    pairs.map(([base, quote]) => [
      krakenPairId(base, quote),
      {
        altname: `${krakenAsset(base).altname}${krakenAsset(quote).altname}`,
        wsname: `${krakenAsset(base).altname}/${krakenAsset(quote).altname}`,
        aclass_base: 'currency',
        base: krakenAsset(base).id,
        aclass_quote: 'currency',
        quote: krakenAsset(quote).id,
        lot: 'unit',
        pair_decimals: 5,
        lot_decimals: 8,
        lot_multiplier: 1,
        leverage_buy: [],
        leverage_sell: [],
        fees: [
          [0, 0.4],
          [10000, 0.35],
        ],
        fees_maker: [
          [0, 0.25],
          [10000, 0.2],
        ],
        fee_volume_currency: 'ZUSD',
        margin_call: 80,
        margin_stop: 40,
        ordermin: '0.00005',
        status: 'online',
      },
    ]),
  )
}
