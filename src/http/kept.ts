/** Milliseconds: at a million sources, to measure them takes a second. */
const keptFor = 10_000

/**
 * Tells what `read` told again for some seconds, and to all who ask while it is read: many who look cost as much as one.
 * A failure is told to those who waited for it, and not kept.
 */
export function keep<Told>(clock: () => Date, read: () => Promise<Told>): () => Promise<Told> {
  let kept: { told: Told; at: number } | undefined
  let reading: Promise<Told> | undefined
  return async () => {
    const now = clock().getTime()
    // A clock that was set back keeps nothing.
    if (kept && now >= kept.at && now - kept.at < keptFor) return kept.told
    reading ??= read()
      .then((told) => {
        kept = { told, at: now }
        return told
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }
}
