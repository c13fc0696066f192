/**
 * The asset that an account is in: an ISO 4217 code, or the URL of a custom currency (miles, points). Of a URL the last
 * part names it, in lower case, as no code of a currency or ticker is: `https://example.com/flight-miles` is
 * `flight-miles`. The name behind the URL is not asked for. Undefined where it can be none.
 */
export function assetOf(currency: string): string | undefined {
  const text = currency.trim()
  if (!/^https?:/i.test(text)) return /^[\x21-\x7e]{1,32}$/.test(text) ? text.toUpperCase() : undefined
  if (!URL.canParse(text)) return undefined
  const { pathname, hostname } = new URL(text)
  const last = pathname.split('/').findLast((part) => part !== '') ?? hostname
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
  return name === '' ? undefined : name
}
