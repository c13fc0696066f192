import { useMutation } from '@tanstack/preact-query'
import { useEffect, useState } from 'preact/hooks'
import { type Api, api } from '../api.ts'
import { formatQuantity } from '../format/money.ts'
import { saveFile } from '../save-file.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/notice.tsx'
import { Segmented } from '../ui/segmented.tsx'
import { fileNameOf, readWhole } from './download.ts'
import type { Filters } from './filters.ts'

const formats = [
  { value: 'csv', label: 'CSV' },
  { value: 'json', label: 'JSON' },
] as const

const hints = {
  csv: 'For a spreadsheet. Tidemark can import it again. It has no notes and tags.',
  json: 'With everything that is known of each, notes and tags too.',
}

/** A file of what the filters leave, however much that is. */
export function ExportDialog({ filters, onClose }: { filters: Filters; onClose: () => void }) {
  const [format, setFormat] = useState<'csv' | 'json'>('csv')
  const [bytes, setBytes] = useState(0)
  const [abort] = useState(() => new AbortController())
  useEffect(() => () => abort.abort(), [])
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      setBytes(0)
      const query = { ...filters, format } as NonNullable<Parameters<Api['exportTransactions']>[0]>['query']
      const response = await api.exportTransactions({ query: query!, signal: abort.signal })
      const file = await readWhole(response, setBytes).catch(() => {
        throw new Error('The file broke off on its way, and nothing was saved.')
      })
      saveFile(file, fileNameOf(response) ?? `transactions.${format}`)
    },
    onSuccess: onClose,
  })
  const isFiltered = Object.keys(filters).length > 0
  return (
    <Dialog title="Export" onClose={onClose}>
      <p>{isFiltered ? 'All transactions that the filters leave.' : 'All your transactions.'}</p>
      <div class="tx-choice">
        <Segmented label="Format" options={formats} value={format} onChange={setFormat} />
      </div>
      <p class="hint">{hints[format]}</p>
      {!isPending && <Problem error={error} />}
      <div class="actions">
        <output class="soft">
          {isPending && `${formatQuantity(String(Math.ceil(bytes / 1024)))} KiB so far…`}
        </output>
        <button
          type="button"
          class="button primary"
          aria-disabled={isPending}
          onClick={() => !isPending && mutate()}
        >
          Download
        </button>
      </div>
    </Dialog>
  )
}
