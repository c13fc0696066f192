import './upload.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import { UploadItem } from './upload-item.tsx'
import { UploadOptionFields } from './upload-option-fields.tsx'
import { addFiles, type UploadOptions, uploads } from './uploads.ts'

/** Where statement files are dropped or chosen, and what became of them. */
export function UploadSection() {
  const [options, setOptions] = useState<UploadOptions>({})
  const [over, setOver] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  useEffect(keepPageOpen, [])
  return (
    <section class="card stack" aria-labelledby="upload">
      <h2 id="upload">Upload statement files</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a place to drop files on; the button does the same */}
      <div
        class={over ? 'upload-zone over' : 'upload-zone'}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          addFiles(event.dataTransfer?.files ?? [], options)
        }}
      >
        <p>Drop files here, or</p>
        <button type="button" class="button" onClick={() => picker.current?.click()}>
          Choose files
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Statement files"
          onChange={({ currentTarget }) => {
            addFiles([...(currentTarget.files ?? [])], options)
            currentTarget.value = ''
          }}
        />
        <p class="hint">
          camt.053, MT940, OFX, QFX, QIF or CSV, of any bank, up to 32 MiB each. A file that was uploaded
          before adds nothing.
        </p>
      </div>
      <details>
        <summary>What the files may not say themselves</summary>
        <UploadOptionFields options={options} onChange={setOptions} />
      </details>
      {uploads.value.length > 0 && (
        <ul class="upload-list">
          {uploads.value.map((upload) => (
            <UploadItem key={upload.id} upload={upload} />
          ))}
        </ul>
      )}
    </section>
  )
}

/** A file that is dropped beside the zone would be opened by the browser, in the page's place. */
function keepPageOpen(): () => void {
  const refuse = (event: DragEvent) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'none'
  }
  for (const type of ['dragover', 'drop'] as const) addEventListener(type, refuse)
  return () => {
    for (const type of ['dragover', 'drop'] as const) removeEventListener(type, refuse)
  }
}
