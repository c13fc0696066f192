import { useEffect, useRef } from 'preact/hooks'
import { Notice } from '../ui/notice.tsx'
import type { Transaction } from './transaction-queries.ts'
import { titleOf } from './transaction-row.tsx'

/** Says what went, and takes the focus, for the row that had it is gone. */
export function TakenBack({ transaction }: { transaction: Transaction }) {
  const text = useRef<HTMLSpanElement>(null)
  useEffect(() => text.current?.focus(), [])
  return (
    <Notice kind="good">
      <span ref={text} tabIndex={-1}>
        Taken back: {titleOf(transaction)}.
      </span>
    </Notice>
  )
}
