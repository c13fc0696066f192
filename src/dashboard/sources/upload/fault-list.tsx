import { counted } from '../../format/counts.ts'

/** Which lines cannot be read, and why; the server names the first hundred. */
export function FaultList({
  faults,
  faultCount,
}: {
  faults: { line: number; reason: string }[]
  faultCount: number
}) {
  const rest = faultCount - faults.length
  return (
    <ul class="upload-faults">
      {faults.map(({ line, reason }, index) => (
        <li key={index}>
          {line > 0 && <strong>Line {line}: </strong>}
          {reason}
        </li>
      ))}
      {rest > 0 && <li>and {counted(rest, 'further record')}</li>}
    </ul>
  )
}
