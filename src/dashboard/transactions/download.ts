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

/** Hands a file to the browser, as a link to it would. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser reads it behind the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
