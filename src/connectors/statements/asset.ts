/** True for an asset code: 1 to 32 printable ASCII characters without blanks (EUR, BTC, BRK.B, an ISIN). */
export function isAsset(text: string): boolean {
  return asset.test(text)
}
const asset = /^[\x21-\x7e]{1,32}$/
