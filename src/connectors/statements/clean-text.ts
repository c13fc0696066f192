const maxLength = 2_000

/**
 * A text of a file as it is stored: well-formed, control characters and runs of blanks made one blank, trimmed,
 * at most 2,000 characters. Undefined where nothing is left.
 */
export function cleanText(text: string): string | undefined {
  if (text === '') return undefined
  // Plain ASCII without anything to change is the common case of large files.
  if (text.length <= maxLength && untouched.test(text)) return text
  // Far more than can be kept is cut first, so that a field of a megabyte costs no more than a short one.
  const clean = text
    .slice(0, maxLength * 4)
    .replace(loneSurrogate, '\ufffd')
    .replace(blanks, ' ')
    .trim()
  const bounded =
    clean.length > maxLength ? clean.slice(0, maxLength).replace(loneSurrogate, '').trimEnd() : clean
  return bounded === '' ? undefined : bounded
}
const untouched = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/
const blanks = /[\s\p{Cc}]+/gu
const loneSurrogate = /\p{Surrogate}/gu
