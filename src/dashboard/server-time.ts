/** Milliseconds by which the server's clock is ahead of the device's, as its last answer told. */
let ahead = 0

/** By the header Date (RFC 9110, section 6.6.1), which counts seconds. A device that is off by less is not off. */
export function noteServerTime({ headers }: Response): void {
  const told = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(told)) return
  const difference = told - Date.now()
  ahead = Math.abs(difference) < 2_000 ? 0 : difference
}

/** Milliseconds since the epoch, by the server's clock: what its instants are compared with. */
export function serverNow(): number {
  return Date.now() + ahead
}
