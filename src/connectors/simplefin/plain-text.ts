/** A text of the server as it is stored: one line, well-formed, at most 500 characters; undefined where it is empty. */
export function plainText(text: string | undefined): string | undefined {
  const line = (text ?? '')
    .slice(0, 5_000)
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const bounded = line.length > 500 ? line.slice(0, 500).replace(/\p{Surrogate}/gu, '') : line
  return bounded === '' ? undefined : bounded
}

/** A message of the server as it is shown: no markup, and no address, which could carry a token. */
export function messageText(text: string | undefined): string | undefined {
  const bare = (text ?? '')
    .slice(0, 5_000)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '…')
  return plainText(bare)?.slice(0, 200)
}
