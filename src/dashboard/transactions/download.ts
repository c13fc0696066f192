/** Reads an answer to its end, telling how many bytes came so far. Throws where it breaks off. */
export async function readWhole(response: Response, onProgress: (bytes: number) => void): Promise<Blob> {
  const reader = response.body!.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(parts, { type: response.headers.get('content-type') ?? '' })
    parts.push(value)
    bytes += value.byteLength
    onProgress(bytes)
  }
}

/** As the server names it. */
export function fileNameOf(response: Response): string | undefined {
  return /filename="([^"/\\]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
}
