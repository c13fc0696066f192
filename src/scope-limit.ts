/** One scope that limits a request: at most `max` of them in `per` milliseconds. Without a max it can only be paused. */
export interface ScopeLimit {
  scope: string
  max?: number
  per?: number
  fixed?: boolean
  /** Other sources count in it, too: backfill steps back for them. */
  shared?: boolean
}

/** A limit that each connection has for itself: `scope` is a regular expression that all their scopes match. */
export type ConnectionLimit = Required<Pick<ScopeLimit, 'scope' | 'max' | 'per' | 'fixed'>> & {
  connector: string
}
