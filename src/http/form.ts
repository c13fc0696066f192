/** Of a form; all that is asked for by any route are fewer. */
const mostParts = 20

/**
 * The fields and files of a form (multipart/form-data, RFC 7578); undefined where it cannot be read, or has more parts
 * than any that is meant: reading millions of them would hold up everybody else.
 */
export async function readForm(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<FormData | undefined> {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i.exec(contentType)
  const mark = boundary?.[1] ?? boundary?.[2]
  if (mark === undefined || countOf(body, `--${mark}`) > mostParts + 1) return undefined
  return new Response(body, { headers: { 'content-type': contentType } }).formData().catch(() => undefined)
}

/** Up to one more than anybody wants to know of. */
function countOf(body: Uint8Array<ArrayBuffer>, text: string): number {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  let count = 0
  for (
    let at = bytes.indexOf(text);
    at !== -1 && count <= mostParts + 1;
    at = bytes.indexOf(text, at + text.length)
  )
    count++
  return count
}
