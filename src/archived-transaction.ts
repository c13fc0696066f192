/** A transaction as a detail file holds it, complete enough to be put back as it was. */
export interface ArchivedTransaction {
  /** Decimal text of a bigint. */
  userId: string
  accountId: string
  /** UUID, in lower case. */
  id: string
  /** YYYY-MM-DD. */
  bookedOn: string
  /** Microseconds since 1970 UTC. */
  occurredAt: bigint | null
  /** Exact decimal text, of any length. */
  amount: string
  asset: string
  kind: string
  status: string
  description: string | null
  counterparty: string | null
  category: string | null
  groupId: string | null
  /** Microseconds since 1970 UTC. */
  recordedAt: bigint
  /** Decimal text of a bigint. */
  version: string
  /** UUID, in lower case. */
  digest: string
}
