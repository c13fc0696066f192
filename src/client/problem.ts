/** A refusal by the API, as it was told: RFC 9457; or whatever else was answered that is no success. */
export class ApiProblem extends Error {
  /** Stable: `urn:tidemark:problem:…`; undefined where the answer is no problem, such as `not-ready`. */
  readonly type: string | undefined
  readonly status: number
  /** Every member of the answer. */
  readonly members: Record<string, unknown>
  /** Seconds to wait, where the server says so. */
  readonly retryAfter: number | undefined

  constructor(status: number, members: Record<string, unknown>, retryAfter: number | undefined) {
    super(String(members.detail ?? members.title ?? `the server answered ${status}`))
    this.name = 'ApiProblem'
    this.type = typeof members.type === 'string' ? members.type : undefined
    this.status = status
    this.members = members
    this.retryAfter = retryAfter
  }

  static async of(response: Response): Promise<ApiProblem> {
    const text = await response.text()
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
    return new ApiProblem(response.status, membersOf(text), Number.isNaN(retryAfter) ? undefined : retryAfter)
  }
}

/** A proxy in between may answer with anything. */
function membersOf(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
