import { RefusalView } from './refusal-view.tsx'
import { ReportView } from './report-view.tsx'
import { dismiss, type Upload } from './uploads.ts'

/** One file: on its way, taken, or refused. */
export function UploadItem({ upload }: { upload: Upload }) {
  const { id, file, state, report, error } = upload
  const isOver = state === 'done' || state === 'refused'
  return (
    <li class="stack">
      <div class="card-head">
        <h3>{file.name}</h3>
        {isOver && (
          <button
            type="button"
            class="button small plain"
            aria-label={`Dismiss ${file.name}`}
            onClick={() => dismiss(id)}
          >
            ✕
          </button>
        )}
      </div>
      {state === 'waiting' && <p role="status">Waits for the files before it.</p>}
      {state === 'running' && (
        <p role="status" class="upload-running">
          <progress aria-label={`Reading ${file.name}`} />
          It is sent and read.
        </p>
      )}
      {state === 'done' && report && <ReportView report={report} />}
      {state === 'refused' && <RefusalView upload={upload} error={error} />}
    </li>
  )
}
