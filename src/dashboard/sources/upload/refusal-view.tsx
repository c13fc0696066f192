import { useState } from 'preact/hooks'
import { ApiProblem } from '../../../client/client.ts'
import { counted } from '../../format/counts.ts'
import { isProblem, textOf } from '../../problem-text.ts'
import { Notice, Problem } from '../../ui/notice.tsx'
import { FaultList } from './fault-list.tsx'
import { MappingFields } from './mapping-fields.tsx'
import { UploadOptionFields } from './upload-option-fields.tsx'
import { type Upload, type UploadOptions, uploadAgain } from './uploads.ts'

interface Refusal {
  faults: { line: number; reason: string }[]
  faultCount: number
  needs?: 'account' | 'mapping' | 'skipBad'
}

/** Why a file was not taken, and what would let it be. */
export function RefusalView({ upload, error }: { upload: Upload; error: unknown }) {
  const isMapped = upload.options.mapping !== undefined
  if (!isProblem(error, 'statement')) {
    const isOurs = error instanceof ApiProblem || error instanceof TypeError
    return (
      <>
        <Problem error={error} {...(isOurs && { retry: () => uploadAgain(upload, {}) })} />
        {isProblem(error, 'invalid-request') && <MoreForm upload={upload} mapped={isMapped} />}
      </>
    )
  }
  const { faults, faultCount, needs } = error.members as unknown as Refusal
  if (needs === 'skipBad')
    return (
      <>
        <Notice kind="bad">
          {counted(faultCount, 'record')} cannot be read, so nothing of the file was taken. Mend it, or take
          the rest.
        </Notice>
        <FaultList faults={faults} faultCount={faultCount} />
        <div class="actions">
          <button type="button" class="button" onClick={() => uploadAgain(upload, { skipBad: true })}>
            Take the rest
          </button>
        </div>
        {isMapped && (
          <details>
            <summary>Choose other columns</summary>
            <MoreForm upload={upload} mapped />
          </details>
        )}
      </>
    )
  const [{ line, reason } = { line: 0, reason: textOf(error) }] = faults
  return (
    <>
      <Notice kind={needs ? 'warning' : 'bad'}>
        {line > 0 ? `Line ${line}: ${reason}` : begun(reason)}. {advice[needs ?? 'other']}
      </Notice>
      {needs && <MoreForm upload={upload} mapped={needs === 'mapping' || isMapped} needsAccount />}
    </>
  )
}

const advice = {
  account: 'Say which one it is.',
  mapping: 'Say which of its columns is what.',
  other: 'Nothing of it was taken.',
}

/** What is still to be told. No column of a mapping says which account a row is of. */
function MoreForm({
  upload,
  mapped,
  needsAccount = mapped,
}: {
  upload: Upload
  mapped: boolean
  needsAccount?: boolean
}) {
  const [options, setOptions] = useState<UploadOptions>(upload.options)
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        uploadAgain(upload, options)
      }}
    >
      {mapped && (
        <MappingFields
          file={upload.file}
          onChange={(mapping) => setOptions((former) => ({ ...former, mapping }))}
        />
      )}
      <UploadOptionFields options={options} needsAccount={needsAccount} onChange={setOptions} />
      <div class="actions">
        <button type="submit" class="button primary">
          Import
        </button>
      </div>
    </form>
  )
}

function begun(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
