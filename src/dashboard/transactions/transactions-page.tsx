import './transactions.css'
import { useCallback, useMemo, useState } from 'preact/hooks'
import { Page } from '../ui/page.tsx'
import { AddCashDialog } from './add-cash-dialog.tsx'
import { Entered } from './entered.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { FilterBar } from './filter-bar.tsx'
import { FilterChips } from './filter-chips.tsx'
import { filterFaults } from './filter-faults.ts'
import { useFilters } from './filters.ts'
import { FoundTransactions } from './found-transactions.tsx'
import { useSuggestions } from './suggestions.ts'
import { TakenBack } from './taken-back.tsx'
import { TransactionDialog } from './transaction-dialog.tsx'
import { rowsOf, type Transaction, useTransactionPages } from './transaction-queries.ts'

type Open = { dialog: 'cash' | 'export' } | { dialog: 'transaction'; transaction: Transaction }

/** Every transaction, to look for, to say something of, to add to and to take away as a file. */
export function TransactionsPage() {
  const { filters, change, clear } = useFilters()
  const pages = useTransactionPages(filters)
  const rows = useMemo(() => rowsOf(pages.data?.pages ?? []), [pages.data])
  const suggestions = useSuggestions(rows)
  const [open, setOpen] = useState<Open>()
  const [entered, setEntered] = useState<Transaction>()
  const [takenBack, setTakenBack] = useState<Transaction>()
  const close = useCallback(() => setOpen(undefined), [])
  const show = useCallback((transaction: Transaction) => setOpen({ dialog: 'transaction', transaction }), [])
  const addCash = () => {
    setEntered(undefined)
    setTakenBack(undefined)
    setOpen({ dialog: 'cash' })
  }
  const faults = filterFaults(pages.error, filters)
  return (
    <Page
      title="Transactions"
      actions={
        <>
          <button type="button" class="button" onClick={() => setOpen({ dialog: 'export' })}>
            Export
          </button>
          <button type="button" class="button primary" onClick={addCash}>
            Add cash
          </button>
        </>
      }
    >
      <FilterBar filters={filters} change={change} faults={faults} suggestions={suggestions} />
      <FilterChips filters={filters} change={change} clear={clear} />
      {entered && <Entered transaction={entered} rows={rows} onOpen={show} />}
      {takenBack && <TakenBack key={takenBack.id} transaction={takenBack} />}
      <FoundTransactions
        pages={pages}
        rows={rows}
        isFiltered={Object.keys(filters).length > 0}
        isRefused={faults.size > 0}
        newId={entered?.id}
        onOpen={show}
        onClear={clear}
      />
      {open?.dialog === 'transaction' && (
        <TransactionDialog
          transaction={open.transaction}
          suggestions={suggestions}
          onClose={close}
          onTakenBack={() => {
            close()
            setEntered(undefined)
            setTakenBack(open.transaction)
          }}
        />
      )}
      {open?.dialog === 'export' && <ExportDialog filters={filters} onClose={close} />}
      {open?.dialog === 'cash' && (
        <AddCashDialog
          suggestions={suggestions}
          onClose={close}
          onEntered={(transaction) => {
            close()
            setEntered(transaction)
          }}
        />
      )}
    </Page>
  )
}
