/** Holds the place of what was not answered yet. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: string }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton-line" style={height ? { height } : {}} />
      ))}
    </div>
  )
}
