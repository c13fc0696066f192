const segment = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/

/** What a folder and S3 can both hold under the same name. */
const longestKey = 500
const longestSegment = 200

export function isKey(text: string): boolean {
  return (
    text.length <= longestKey &&
    text.split('/').every((part) => part.length <= longestSegment && segment.test(part))
  )
}

/** Throws a RangeError where it is none; so no key leaves the folder, and none needs escaping. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new RangeError(`"${key}" is no key of the archive`)
}

/** A prefix is the beginning of a key, or empty. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}

/** Throws a RangeError where nothing could lie in it. */
export function checkRange(range: { start: number; end: number } | undefined): void {
  if (range === undefined) return
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start)
    throw new RangeError(`bytes ${start} to ${end} are no range`)
}
