import { encode } from 'uqr'

/** Dark on light in both schemes, with the quiet zone of four modules that readers need (ISO/IEC 18004). */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: 4 })
  const dark = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
  return (
    <svg
      class="settings-qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
    >
      <path class="settings-qr-light" d={`M0 0h${size}v${size}h-${size}z`} />
      <path class="settings-qr-dark" d={dark.join('')} />
    </svg>
  )
}
