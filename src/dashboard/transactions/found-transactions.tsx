import { Link } from 'wouter-preact'
import { Problem } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { MoreRows } from './more-rows.tsx'
import { TransactionList } from './transaction-list.tsx'
import type { Transaction, useTransactionPages } from './transaction-queries.ts'

/** The list in each of its states. */
export function FoundTransactions({
  pages,
  rows,
  isFiltered,
  isRefused,
  newId,
  onOpen,
  onClear,
}: {
  pages: ReturnType<typeof useTransactionPages>
  rows: Transaction[]
  isFiltered: boolean
  /** For a filter, beside which it is told. */
  isRefused: boolean
  newId: string | undefined
  onOpen: (transaction: Transaction) => void
  onClear: () => void
}) {
  const { data, error, isPlaceholderData, isFetching, hasNextPage, isFetchNextPageError } = pages
  if (isRefused)
    return <Nothing isFiltered text="Nothing is listed before that is put right." onClear={onClear} />
  if (!data && error) return <Problem error={error} retry={() => void pages.refetch()} />
  if (!data)
    return (
      <div class="card">
        <Skeleton lines={8} height="2rem" />
      </div>
    )
  return (
    <div class={isPlaceholderData ? 'tx-found old' : 'tx-found'} aria-busy={isPlaceholderData}>
      {!isFetchNextPageError && <Problem error={error} retry={() => void pages.refetch()} />}
      {rows.length === 0 && !hasNextPage ? (
        <Nothing isFiltered={isFiltered} text="No transaction matches." onClear={onClear} />
      ) : (
        <>
          {rows.length > 0 && <TransactionList rows={rows} newId={newId} onOpen={onOpen} />}
          {hasNextPage && data.pages.some(({ archived }) => archived) && (
            <p class="hint tx-all">What is older is read from the archive, which takes longer.</p>
          )}
          <MoreRows
            hasMore={hasNextPage}
            isBusy={isFetching}
            isLoading={pages.isFetchingNextPage}
            error={isFetchNextPageError ? error : undefined}
            load={() => void pages.fetchNextPage()}
          />
          {!hasNextPage && !isPlaceholderData && <p class="hint tx-all">That is all.</p>}
        </>
      )}
    </div>
  )
}

function Nothing({ isFiltered, text, onClear }: { isFiltered: boolean; text: string; onClear: () => void }) {
  return (
    <div class="card empty" role="status">
      {isFiltered ? (
        <>
          <p>{text}</p>
          <button type="button" class="button" onClick={onClear}>
            Clear filters
          </button>
        </>
      ) : (
        <>
          <p>
            There are no transactions yet. They come with a source, a statement file, or cash that you add.
          </p>
          <Link href="/sources/new" class="button primary">
            Connect a source
          </Link>
        </>
      )}
    </div>
  )
}
